"""The article: every number is its row's, nothing is told that is not stored, the same each "
"time."""

import inspect
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from studies.commands.tour import asks_for_tour, stored_tour
from studies.report import rendering
from studies.report.html.links import Numbers, prose_of
from studies.report.model import Document, Figure, Listings, Table, Text
from studies.report.numbers import addresses, agrees, found, unlinked
from studies.report.style import save, themed
from studies.report.words import significant
from studies.tour import article as parts
from studies.tour.article import article
from studies.tour.listings import count_lines, without_docstring
from studies.tour.others import READ, Others
from studies.tour.parts.bound import last_gaps
from studies.tour.parts.pyro import milliseconds_per_update, mixture_twins, vae_twins
from studies.tour.store import ARRAYS, MEASUREMENTS, TourResults
from studies.tour.writing import build_tour, write_tour
from suite.errors import InputError
from tests.studies.report.synthetic import mixture_store, vae_store

# What prose may say with a figure that no measurement gave, and why.
_ALLOWED = (
    r"\b\d{4}-\d\d-\d\d\b",  # when it was measured
    r"\$\$.*?\$\$",  # formulas
    r"\$[^$]*\$",
    r"`[^`]*`",  # names in code
    r"\]\([^)]*\)",  # addresses of links
    r"\b(1[89]|20)\d\d\b",  # years of publication
    r"[Pp]arts? \d( and \d)?",  # of this article
    r"\(\d\)|lines? \(\d\)",  # lines of the derivation
    r"\b95%",  # what the prior's circle is defined by
    r"\b64 draws|N\(0, I\)",  # how many pictures there are, and the prior
    r"\b0\b|\b1\b",  # the ends of a line, a place in the plane, a certainty
    r"chapter \d+",
    r"\bK!",
    r"[a-z]+64\b",  # a type's name
    r"once in 10,000|[\d.]+ standard errors",  # tolerances' reasons, stored as text
    r"rounding of [\d,]+ terms",
    r"on (one minibatch of )?[\d,]+ .*?: (left|the)",  # what a check was made on
    r"[Ii]mage \d",
    r"\b\d (starts|splits)",  # seeds, as the study files have them
    r"(python|torch|pyro-ppl|numpy) [\d.]+\S*",  # versions
    r" on [^.]*?, one thread",  # where
    r"\*[A-Z][^*]*\*",  # titles
    r"\d+ checks",
    r"medians over \d+",
)


@pytest.fixture
def with_studies(stored: Path) -> Path:
    """The tour's folder beside made-up studies of all kinds that it reads."""
    reports = stored.parent
    bundled = {"datasets": ("faithful",), "seeds": 2}
    mixture_store(reports / "gmm-classics" / "results.sqlite", **bundled)
    mixture_store(
        reports / "em-is-vi" / "results.sqlite",
        datasets=("iris",),
        estimators=("em", "svi-enumerated", "svi-amortised"),
        seeds=2,
    )
    for name, dataset in (("vae-mnist", "mnist"), ("vae-fashion-mnist", "fashion-mnist")):
        vae_store(reports / name / "results.sqlite", datasets=(dataset,), seeds=2)
    return stored


@pytest.mark.parametrize("folder", ["stored", "with_studies"])
def test_every_number_is_the_rounding_of_its_row(folder, request) -> None:
    document = build_tour(request.getfixturevalue(folder))
    tables = Numbers(document).tables
    marked = [pair for text in prose_of(document) for pair in addresses(text)]
    assert len(marked) > 100
    rows = [(text, at, found(at, tables)) for text, at in marked]
    assert [(text, at) for text, at, row in rows if row is None] == []
    assert [(t, at, r.value) for t, at, r in rows if r and not agrees(t, r.value)] == []


@pytest.mark.parametrize("folder", ["stored", "with_studies"])
def test_prose_has_no_number_without_a_row(folder, request) -> None:
    document = build_tour(request.getfixturevalue(folder))
    assert [found_ for text in prose_of(document) for found_ in _unmarked(text)] == []
    assert _unmarked("It takes 17 minutes, $x_{12}$ of part 3.") == [
        "17 in: It takes 17 minutes,  of ."
    ]


def test_a_number_that_disagrees_would_be_seen(stored: Path) -> None:
    document = build_tour(stored)
    tables = Numbers(document).tables
    numbers = next(table for table in tables if table.name == "numbers")
    numbers.frame["value"] = 1.5 * numbers.frame["value"] + 0.7
    marked = [pair for text in prose_of(document) for pair in addresses(text)]
    own = [(t, found(at, tables)) for t, at in marked if at.table == "numbers"]
    assert not any(agrees(text, row.value) for text, row in own if row)


def test_without_any_study_it_says_what_is_missing(stored: Path) -> None:
    text = " ".join(unlinked(part) for part in prose_of(build_tour(stored)))
    assert Others(stored.parent).missing == READ
    for name in READ:
        assert f"`studies run {name}`" in text
    assert all(f"`{name}`" in build_tour(stored).answer.text for name in READ)


def test_seven_parts_each_with_something_to_see(with_studies: Path) -> None:
    document = build_tour(with_studies)
    assert [s.title[:2] for s in document.sections[:7]] == [f"{i}." for i in range(1, 8)]
    for section in document.sections[:7]:
        assert any(isinstance(b, Figure | Table | Listings) for b in section.blocks), section.name
    assert len({f.name for f in _figures(document)}) == len(_figures(document)) >= 16
    assert all(f.alt and f.caption for f in _figures(document))


def test_formulas_survive_code_hosts(with_studies: Path) -> None:
    """A backslash before punctuation is taken for an escape there, and is gone from the formula."""
    for text in prose_of(build_tour(with_studies)):
        for formula in re.findall(r"\$[^$]+\$", text):
            assert not re.search(r"\\[^a-zA-Z\s]", formula), formula
            assert formula.count("{") == formula.count("}")


def test_every_figure_is_drawn_and_the_same_again(with_studies: Path, tmp_path: Path) -> None:
    figures = {f.name: f for f in _figures(build_tour(with_studies))}
    with themed():
        drawn = {name: figure.draw() for name, figure in figures.items()}
        for i, canvas in enumerate((drawn["steps"], figures["steps"].draw())):
            save(canvas, tmp_path / str(i))
    assert all(canvas.axes for canvas in drawn.values())
    for suffix in (".svg", ".png"):
        first, second = ((tmp_path / f"{i}{suffix}").read_bytes() for i in range(2))
        assert first == second


@pytest.mark.parametrize("folder", ["stored", "with_studies"])
def test_the_files_are_the_same_byte_for_byte(folder, request, monkeypatch) -> None:
    def placeholders(document: Document, draft: Path) -> None:
        (draft / "figures").mkdir()
        for figure in _figures(document):
            for suffix in (".svg", ".png"):
                (draft / "figures" / f"{figure.name}{suffix}").write_text("<svg></svg>")

    monkeypatch.setattr(rendering, "write_figures", placeholders)
    tour = request.getfixturevalue(folder)
    written = []
    for _ in range(2):
        write_tour(tour)
        files = [f for f in sorted(tour.rglob("*")) if f.is_file()]
        written.append({f.relative_to(tour): f.read_bytes() for f in files})
    assert written[0] == written[1]
    names = {str(name) for name in written[0]}
    assert {"README.md", "index.html", MEASUREMENTS, ARRAYS, "tables/numbers.csv"} <= names
    assert "value:" not in (tour / "README.md").read_text(encoding="utf-8")


def test_a_failing_line_is_told(stored: Path) -> None:
    own = TourResults.read(stored)
    spoilt = {**own.checks, "kl": replace(own.checks["kl"], difference=1.0)}
    document = article(replace(own, checks=spoilt), Others(stored.parent))
    assert "these do not hold" in document.answer.text
    assert "kl" in document.answer.text
    texts = [b.text for s in document.sections for b in s.blocks if isinstance(b, Text)]
    assert sum("**It does not hold**" in text for text in texts) == 1
    assert "all hold" in parts.article(own, Others(stored.parent)).answer.text


def test_measurements_survive_storing(stored: Path, measured: TourResults) -> None:
    again = TourResults.read(stored)
    assert again.checks == dict(measured.checks)
    assert again.values == dict(measured.values)
    assert again.arrays.keys() == measured.arrays.keys()
    for name, array in again.arrays.items():
        assert np.array_equal(array, measured.arrays[name], equal_nan=array.dtype.kind == "f")


@pytest.mark.parametrize(
    ("name", "content"), [(MEASUREMENTS, b"{"), (MEASUREMENTS, b"{}"), (ARRAYS, b"no zip")]
)
def test_what_cannot_be_read_is_named(stored: Path, name, content) -> None:
    (stored / name).write_bytes(content)
    with pytest.raises(InputError, match="studies run tour"):
        TourResults.read(stored)


def test_a_tour_that_was_never_measured(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected the tour.s measurements .* found none"):
        write_tour(tmp_path / "tour")
    assert stored_tour(tmp_path) == []


def test_the_tour_on_the_command_line() -> None:
    assert asks_for_tour(["tour"], json=False)
    assert not asks_for_tour(None, json=True)
    assert not asks_for_tour(["em-is-vi"], json=True)
    with pytest.raises(InputError, match="run it alone"):
        asks_for_tour(["tour", "em-is-vi"], json=False)
    with pytest.raises(InputError, match="no runs"):
        asks_for_tour(["tour"], json=True)


def test_the_twins_code_is_that_of_the_files() -> None:
    import suite.vae.torch_vae as by_hand
    from suite.gmm import steps

    for module, shown in ((by_hand, vae_twins()[0]), (steps, mixture_twins()[0])):
        lines = {line.strip() for line in inspect.getsource(module).splitlines()}
        assert {line.strip() for line in shown.code.splitlines()} <= lines
        assert '"""' not in shown.code
    assert vae_twins()[0].lines == count_lines(vae_twins()[0].code)
    assert (
        without_docstring("def f():\n    '''One.\n\n    Two.\n    '''\n    return 1").count("\n")
        == 1
    )


def test_the_gap_on_new_data_is_that_of_the_store(with_studies: Path) -> None:
    results = Others(with_studies.parent)["em-is-vi"]
    assert results is not None
    scores = results.scores.query("metric == 'gap' and split == 'test'")
    gaps = scores.loc[scores["estimator"] == "svi-amortised", "value"]
    texts = [unlinked(text) for text in prose_of(build_tour(with_studies))]
    median, worst = (significant(float(v), 2) for v in (gaps.median(), gaps.max()))
    said = f"its gap is {median} in the median and {worst} at the worst start"
    assert sum(said in text for text in texts) == 1


def test_gaps_and_milliseconds_are_those_of_the_stores(with_studies: Path) -> None:
    others = Others(with_studies.parent)
    results = others["em-is-vi"]
    assert results is not None
    for seed, gap in enumerate(last_gaps(results, "iris", "svi-amortised")):
        way = results.traced("gap", "train", "iris")
        mine = way[(way["estimator"] == "svi-amortised") & (way["seed"] == seed)]
        assert gap == float(mine.loc[mine["step"].idxmax(), "value"])
    vaes = others["vae-mnist"]
    assert vaes is not None
    settings = dict(vaes.document["datasets"]["mnist"].get("settings", {}), batch_size=100)
    vaes.document["datasets"]["mnist"]["settings"] = settings
    found_ = milliseconds_per_update(vaes, "mnist", "torch-vae")
    seconds = np.median(vaes.values("fit_seconds", "", "mnist", "torch-vae"))
    epochs = np.median(vaes.values("steps", "", "mnist", "torch-vae"))
    updates = -(-int(vaes.facts("mnist")["n_train"]) // 100)
    assert found_ == pytest.approx(1000 * seconds / epochs / updates)
    assert milliseconds_per_update(vaes, "mnist", "nobody") is None


def _unmarked(text: str) -> list[str]:
    """Numbers of a text that neither point to a row nor are of an allowed kind."""
    bare = re.sub(r"\[[^\]]*\]\(value:[^)]*\)", "", text)
    for allowed in _ALLOWED:
        bare = re.sub(allowed, "", bare, flags=re.DOTALL)
    return [f"{match.group()} in: {bare[:200]}" for match in re.finditer(r"\d[\d.,]*", bare)]


def _figures(document: Document) -> list[Figure]:
    return [b for s in document.sections for b in s.blocks if isinstance(b, Figure)]
