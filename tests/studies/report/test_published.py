"""Published optima: the bundled figures, the verdicts, and a report on real fits."""

from dataclasses import replace
from math import log
from pathlib import Path

import pytest

from studies.cells import plan_cells
from studies.profiles import resolve
from studies.published import COVARIANCE_TYPES, published_optima
from studies.report.building import build_answer, build_document
from studies.report.loaded import StudyResults
from studies.report.model import Table, Text
from studies.report.numbers import unlinked
from studies.report.published_rows import MARGIN, PublishedRow, published_rows, rows_left_out
from studies.report.writing import write_report
from studies.results import CellResult, ResultStore
from studies.study_files import load_study
from studies.worker import run_cell
from suite.data import load
from suite.gmm.covariance import covariance_type_named

POINTS = [
    "faithful n_components=3 covariance_type=tied",
    "iris n_components=2 covariance_type=full",
    "iris n_components=3 covariance_type=spherical",
]


@pytest.fixture(scope="module")
def ran() -> tuple[dict, list, list[CellResult]]:
    """Three points of the built-in study, fitted as it fits them."""
    _, study = load_study("gmm-published")
    study = resolve(study, profile="quick", datasets=POINTS, estimators=["em"])
    cells = plan_cells(study, "gmm-published", "cpu")
    document = study.model_dump() | {"name": "gmm-published", "profile": "quick"}
    return document, cells, [run_cell(cell, lambda step, objective: None) for cell in cells]


def stored(path: Path, ran, change=lambda result: result) -> StudyResults:
    document, cells, results = ran
    store = ResultStore(path)
    store.write_plan(document, [cell.planned() for cell in cells], {})
    for cell, result in zip(cells, results, strict=True):
        changed = change(result)
        if changed is not None:
            store.write_cell(cell.description(), changed)
    return StudyResults.read(store)


def shifted(metric: str, value: float):
    """Change a score of the run on iris in two components, and of no other."""

    def change(result: CellResult) -> CellResult:
        scores = {s.metric: s.value for s in result.scores}
        if scores["n_parameters"] != 29:
            return result
        return replace(
            result,
            scores=[replace(s, value=value) if s.metric == metric else s for s in result.scores],
        )

    return change


def test_every_published_row_is_of_data_that_the_suite_has() -> None:
    optima = published_optima()
    assert len(optima) == 130 + 15
    for optimum in optima:
        X = load(optimum.dataset, test_size=0.0).train
        assert X.shape == (optimum.n_rows, optimum.n_features)
    assert {optimum.model for optimum in optima} == set(COVARIANCE_TYPES)


def test_degrees_of_freedom_and_bic_follow_from_the_rest_of_each_row() -> None:
    # An error in copying a figure, a model's name or a sign would show here.
    for o in published_optima():
        kind = covariance_type_named(o.covariance_type)
        own = o.n_components - 1 + o.n_components * o.n_features
        df = own + kind.n_parameters(o.n_components, o.n_features)
        if o.n_parameters is not None:
            assert o.n_parameters == df, o
        if o.bic is not None:
            # The vignette's figures have three decimals: 5e-4, twice over, and 5e-4 again.
            digits = 1.6e-3 if o.source == "mclust vignette" else 1e-4
            assert o.bic == pytest.approx(
                -2 * o.total_log_likelihood + df * log(o.n_rows), abs=digits
            ), o
        if o.icl is not None and o.bic is not None:
            assert o.icl >= o.bic - 1e-6


def test_verdicts() -> None:
    first = published_optima()[0]
    level = first.total_log_likelihood
    nan = float("nan")

    def verdict(measured: float, n_runs: int = 1) -> str:
        row = PublishedRow(first, measured, 0.0, 0.0, 5.0, nan, n_runs)
        assert row.passed == (row.verdict in ("reached", "higher"))
        return row.verdict

    assert verdict(level) == "reached"
    assert verdict(level - 0.9 * MARGIN) == "reached"
    assert verdict(level + 1.1 * MARGIN) == "higher"
    assert verdict(level - 1.1 * MARGIN) == "lower"
    assert verdict(nan) == "spurious"
    assert verdict(nan, n_runs=0) == "not run"


def test_the_built_in_study_reaches_what_was_published(tmp_path: Path, ran) -> None:
    results = stored(tmp_path / "r.sqlite", ran)
    rows = published_rows(results)
    assert [row.published.dataset for row in rows].count("iris") == 2 + 2
    assert all(row.passed for row in rows)
    assert rows_left_out(results) == 145 - len(rows) == 145 - 7
    (full,) = (r for r in rows if r.published.model == "VVV" and r.published.n_parameters)
    assert full.verdict == "reached"
    assert full.n_parameters == 29
    assert full.bic == pytest.approx(574.017832269816, abs=2 * MARGIN)
    assert build_answer(results).headline.startswith(
        "7 of 7 published figures are reached or passed"
    )


def test_a_spurious_optimum_never_counts_however_high(tmp_path: Path, ran) -> None:
    def spurious(result: CellResult) -> CellResult:
        return shifted("total_log_likelihood", 0.0)(shifted("regular", 0.0)(result))

    results = stored(tmp_path / "r.sqlite", ran, spurious)
    verdicts = [r.verdict for r in published_rows(results) if r.published.model == "VVV"]
    assert verdicts == ["spurious", "spurious"]
    answer = build_answer(results)
    assert answer.headline.startswith("5 of 7 published figures are reached")
    assert "2 met by spurious optima alone" in answer.headline
    assert "**Spurious only:** iris VVV with K = 2" in answer.text
    section = next(s for s in build_document(results).sections if s.name == "published")
    text = " ".join(unlinked(block.text) for block in section.blocks if isinstance(block, Text))
    assert "At 2 published figures some run ended in spurious optima from all of its starts" in text


def test_a_lower_optimum_is_called_so_with_its_distance(tmp_path: Path, ran) -> None:
    results = stored(tmp_path / "r.sqlite", ran, shifted("total_log_likelihood", -216.354704370512))
    text = build_answer(results).text
    assert "**Not reached:** iris VVV with K = 2 by 2 nats" in text


def test_without_any_run_the_report_says_so(tmp_path: Path, ran) -> None:
    results = stored(tmp_path / "r.sqlite", ran, lambda result: None)
    assert build_answer(results).headline.startswith("0 of 7")
    assert "7 without a run that ended well" in build_answer(results).headline
    write_report(results.store, "gmm-published", tmp_path / "report")


def test_the_report_has_a_row_for_each_figure(tmp_path: Path, ran) -> None:
    results = stored(tmp_path / "r.sqlite", ran)
    section = next(s for s in build_document(results).sections if s.name == "published")
    (table,) = (block for block in section.blocks if isinstance(block, Table))
    assert len(table.rows) == 7
    assert {entries[-1].text for entries in table.rows} <= {"pass", "pass, higher by 0.0101"}
    folder = tmp_path / "report"
    write_report(results.store, "gmm-published", folder)
    assert (folder / "figures" / "published.png").stat().st_size > 1000
    assert (folder / "tables" / "published.csv").read_text().count("\n") == 8
