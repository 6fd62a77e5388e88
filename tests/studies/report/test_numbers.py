"""Every marked number in prose is the rounding of the figure that it names."""

import re
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from studies.report.building import build_document
from studies.report.html.links import Numbers, prose_of
from studies.report.loaded import StudyResults
from studies.report.model import Answer, Column, Document, Entry, Section, Table, Text
from studies.report.numbers import NUMBER, addresses, agrees, found, linked, unlinked
from studies.results import ResultStore
from tests.studies.report.synthetic import failing, mixture_store, vae_store

REPORTS = Path(__file__).parents[3] / "reports"
COMMITTED = ("em-is-vi", "vae-mnist")
MADE_UP = ("mixtures", "mixtures-with-gaps", "one-estimator", "vaes")

# What an answer may say without a row: the confidence of an interval, the common target, the number
# of seeds as the study file has it, and what a quantity is called.
_SETTINGS = (
    r"95% interval",
    r"within [\d.]+ nats? per datum",
    r"over \d+ seeds?",
    r"p [<=] ",
    r"exactly 0\b",
    r"0 to rounding",
    r"includes? 0\b",
    r"all \d+ \w+ are equal",  # in place of an interval; beside it the pairs, with their row
)


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
        "vaes": vae_store,
    }

    @cache
    def made(name: str) -> Document:
        if name in COMMITTED:
            store = ResultStore(REPORTS / name / "results.sqlite")
        else:
            store = stores[name](folder / name / "results.sqlite")
        return build_document(StudyResults.read(store, name))

    return made


@pytest.mark.parametrize("name", [*MADE_UP, *COMMITTED])
def test_every_marked_number_is_what_its_row_says(documents, name):
    document = documents(name)
    tables = Numbers(document).tables
    marked = [pair for text in prose_of(document) for pair in addresses(text)]
    assert marked
    wrong = []
    for text, at in marked:
        value = found(at, tables)
        if value is not None and not agrees(text, value.value):
            wrong.append((text, at, value.value))
    assert wrong == []


@pytest.mark.parametrize("name", [*MADE_UP, *COMMITTED])
def test_an_answer_s_numbers_have_rows(documents, name):
    """Numbers whose address is not in the document would be shown without a link."""
    document = documents(name)
    tables = Numbers(document).tables
    without = [
        (text, at)
        for text in (document.answer.headline, *document.answer.details)
        for text, at in addresses(text)
        if found(at, tables) is None
    ]
    assert without == []


@pytest.mark.parametrize("name", MADE_UP[:3])
def test_an_answer_has_no_number_without_a_row(documents, name):
    answer = documents(name).answer.text
    left = re.sub(r"\[[^\]]*\]\(value:[^)]*\)", "", answer)
    for setting in _SETTINGS:
        left = re.sub(setting, "", left)
    assert NUMBER.findall(left) == []


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
