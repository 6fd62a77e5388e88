"""Every marked number in prose is the rounding of the figure that it names."""

import re
import shutil
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from studies.report.building import build_document
from studies.report.html.links import Numbers, prose_of
from studies.report.loaded import StudyResults
from studies.report.model import Answer, Column, Document, Entry, Section, Table, Text
from studies.report.numbers import NUMBER, Address, addresses, agrees, found, linked, unlinked
from studies.results import ResultStore
from tests.studies.report.synthetic import failing, mixture_store, vae_store
from tests.studies.report.test_selection import stored as selection_results
from tests.studies.report.test_speed import loaded as speed_results

REPORTS = Path(__file__).parents[3] / "reports"
COMMITTED = tuple(sorted(path.parent.name for path in REPORTS.glob("*/results.sqlite")))
SLOW = ("gmm-speed",)  # its kind is among the made-up ones too
COMMITTED_AS_MARKED = [
    pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in COMMITTED
]
MADE_UP = ("mixtures", "mixtures-with-gaps", "one-estimator", "vaes", "speed", "selection")
LINK = r"\[((?:\\.|[^\]\\])*)\]\(value:[^)]*\)"

# What an answer may say without a row, and why.
SETTINGS = {
    r"95% interval": "the confidence of intervals",
    r"within [\d.]+(?:×10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)? nats? per datum": "the study's target",
    r"to within [\d.]+ nats in total": "what counts as the same optimum",
    r"\d+% of the weight": "the share that components are counted by",
    r"[Aa]t least \d+ times": "what a target asks for",
    r"less than \d+ MB": "what a target asks for",
    r"with \d+ starts each": "how a target is stated",
    r"over \d+ seeds?": "the number of seeds, as the study file has it",
    r"exactly 0\b|0 to rounding|includes? 0\b": "0 as the bound that it is",
    r"all \d+ \w+ are equal": "in place of an interval; beside it the pairs, with their row",
    r"with K = \d+": "part of a published model's name",
    r"\(\d+(?:-\d+)+\)": "the widths of a network, which are its name",
    r"\d+ further published figures?": "how many were published",
    r"mnist-2d|float32": "names",
}


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    folder = tmp_path_factory.mktemp("numbers")
    gaps = ["gap", "log_likelihood", "elbo", "steps", "fit_seconds"]
    stores = {
        "mixtures": lambda p: mixture_store(
            p, datasets=("galaxies", "iris"), change=failing("iris", "svi", 1)
        ),
        "mixtures-with-gaps": lambda p: mixture_store(
            p,
            datasets=("iris",),
            estimators=("em", "svi-enumerated", "svi-amortised"),
            metrics=gaps,
            seeds=7,
        ),
        "one-estimator": lambda p: mixture_store(p, datasets=("iris",), estimators=("em",)),
        "vaes": lambda p: vae_store(p, datasets=("mnist", "fashion-mnist")),
    }
    read = {"speed": lambda p: speed_results(p.parent), "selection": selection_results}

    @cache
    def made(name: str) -> Document:
        path = folder / name / "results.sqlite"
        path.parent.mkdir()
        if name in read:
            return build_document(read[name](path))
        if name in COMMITTED:  # a copy: to read a store may write beside it
            shutil.copy(REPORTS / name / "results.sqlite", path)
        store = ResultStore(path) if name in COMMITTED else stores[name](path)
        return build_document(StudyResults.read(store, name))

    return made


@pytest.mark.parametrize("name", [*MADE_UP, *COMMITTED_AS_MARKED])
def test_every_marked_number_is_what_its_row_says(documents, name):
    document = documents(name)
    tables = Numbers(document).tables
    marked = [pair for text in prose_of(document) for pair in addresses(text)]
    assert marked
    assert [(text, at) for text, at in marked if wrong(text, at, tables)] == []


@pytest.mark.parametrize("name", COMMITTED_AS_MARKED)
def test_a_wrong_number_in_an_answer_is_found(documents, name):
    """Each of them in turn has another first digit: the others and the sentence are right."""
    document = documents(name)
    tables = Numbers(document).tables
    marked = addresses(document.answer.text)
    assert len(marked) > 2
    for text, at in marked:
        assert wrong(text, at, tables) is False
        planted = re.sub(r"\d", lambda digit: str(int(digit[0]) % 9 + 1), text, count=1)
        assert wrong(planted, at, tables), (text, planted, at)


@pytest.mark.parametrize("name", [*MADE_UP, *COMMITTED_AS_MARKED])
def test_numbers_have_rows(documents, name):
    """Numbers whose address is not in the document would be shown without a link."""
    document = documents(name)
    tables = Numbers(document).tables
    marked = [pair for text in prose_of(document) for pair in addresses(text)]
    assert [(text, at) for text, at in marked if found(at, tables) is None] == []


@pytest.mark.parametrize("name", [*MADE_UP, *COMMITTED_AS_MARKED])
def test_an_answer_has_no_number_without_a_row(documents, name):
    assert without_row(documents(name).answer.text) == []


def test_a_number_without_a_row_is_found():
    said = f"EM makes {linked('12.5', 'targets', 'figure')} iterations, over 3 repetitions."
    assert without_row(said) == ["3"]
    assert without_row(said.replace("3 repetitions", "3 seeds")) == []


@pytest.mark.parametrize("name", [*MADE_UP, *COMMITTED_AS_MARKED])
def test_a_document_s_tables_have_names_of_their_own(documents, name):
    """Two of one name would be one file, and one place for the numbers of both."""
    names = [table.name for table in Numbers(documents(name)).tables]
    assert sorted(set(names)) == sorted(names)


def wrong(text: str, at: Address, tables: Iterable[Table]) -> bool:
    """Whether a number is another one than its row says."""
    value = found(at, tables)
    return value is not None and not agrees(text, value.value)


def without_row(text: str) -> list[str]:
    """The numbers of a text that have no address and are not of `SETTINGS`."""
    left = re.sub(LINK, "", text)
    for setting in SETTINGS:
        left = re.sub(setting, "", left)
    return NUMBER.findall(left)


def _document(said: str) -> Document:
    frame = pd.DataFrame({"dataset": ["a", "b"], "elbo": [-95.1934, -3.0], "n": [3, 4]})
    rows = tuple((Entry(d), Entry(e)) for d, e in (("a", "−95.19"), ("b", "−3.00")))
    table = Table("scores", "Caption.", (Column("data", align="left"), Column("ELBO")), rows, frame)
    section = Section("scores", "Scores", (Text(said), table))
    return Document("T", "Q?", Answer("A."), (section,))


def test_a_number_leads_to_the_cell_that_shows_it():
    said = linked("−95.19", "scores", "elbo", where={"dataset": "a"})
    numbers = Numbers(_document(said))
    link = numbers.link(*_parts(said))
    assert 'href="#table-scores-row-1-elbo"' in link
    assert 'data-value="-95.1934"' in link
    assert numbers.wanted("scores") == {(0, "elbo")}


def test_a_number_over_rows_leads_to_the_table_and_one_that_is_not_shown_to_its_row():
    several = linked("7", "scores", "n", take="sum")
    one = linked("4", "scores", "n", where={"dataset": "b"})
    numbers = Numbers(_document(f"{several} {one}"))
    assert 'href="#table-scores"' in numbers.link(*_parts(several))
    assert 'data-value="7.0"' in numbers.link(*_parts(several))
    assert 'href="#table-scores-row-2"' in numbers.link(*_parts(one))


def test_a_row_that_the_table_does_not_show_has_no_place():
    said = linked("4", "scores", "n", where={"dataset": "b"})
    document = _document(said)
    section = document.sections[0]
    table = replace(section.blocks[1], rows=section.blocks[1].rows[:1])
    condensed = replace(document, sections=(replace(section, blocks=(section.blocks[0], table)),))
    assert 'href="#table-scores"' in Numbers(condensed).link(*_parts(said))


def test_the_largest_is_by_size_and_known_are_those_with_a_figure():
    frame = pd.DataFrame({"difference": [-2.0, 1.0, None]})
    tables = [Table("t", "Caption.", (), (), frame)]
    taken = {
        take: found(Address("t", "difference", take=take), tables)
        for take in ("largest", "known", "count")
    }
    assert {take: value and value.value for take, value in taken.items()} == {
        "largest": 2.0,
        "known": 2.0,
        "count": 3.0,
    }


def test_what_is_missing_has_no_address():
    assert linked("—", "scores", "elbo") == "—"


@pytest.mark.parametrize(
    "said",
    [
        linked("1", "nowhere", "elbo"),
        linked("1", "scores", "nothing"),
        linked("1", "scores", "elbo", where={"dataset": "c"}),
        linked("1", "scores", "elbo"),  # of two rows, with nothing said of how
        linked("1", "scores", "elbo", take="cube"),
    ],
)
def test_an_address_that_leads_nowhere_leaves_the_number_alone(said):
    assert Numbers(_document(said)).link(*_parts(said)) == "1"


def test_addresses_survive_what_names_may_contain():
    where = {"dataset": "a b=c&d (e) [f] %|#", "estimator": "ä/é+"}
    said = f"So {linked('−1.5', 'scores', 'elbo', where=where)}."
    assert [(text, dict(at.where)) for text, at in addresses(said)] == [("−1.5", where)]
    assert unlinked(said) == "So −1.5."


def test_brackets_before_a_number_are_not_its_own():
    plain = r"E\_q\[log p(x, z)\], or [0, 1], and load"
    said = f"{plain} {linked('−1.5', 'scores', 'elbo')}."
    assert [text for text, _ in addresses(said)] == ["−1.5"]
    assert unlinked(said) == f"{plain} −1.5."


@pytest.mark.parametrize(
    ("text", "value", "right"),
    [
        ("−95.19", -95.1949, True),
        ("−95.19", -95.1951, False),
        ("95.19", -95.19, False),
        ("+0.25", 0.2502, True),
        ("1,234.5 nats", 1234.4999, True),
        ("12 s", 12.04, True),
        ("12 s", 12.6, False),
        ("7.9×10⁻⁹", 7.94e-9, True),
        ("7.9×10⁻⁹", 7.96e-9, False),
        ("1,980", 1984.0, True),
        ("0", 0.0, True),
        ("0", 0.3, False),
        ("1", 1.2, False),
        ("—", 1.0, False),
    ],
)
def test_a_number_agrees_with_what_it_is_the_rounding_of(text, value, right):
    assert agrees(text, value) is right


def _parts(said: str) -> tuple[str, str]:
    match = re.fullmatch(r"\[(.*)\]\(value:(.*)\)", said)
    assert match
    return match[1], match[2]
