"""A study of overlap: rates, arrivals and predictions are those of the stored runs."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from studies.report import write_report
from studies.report.building import build_answer, build_document
from studies.report.loaded import StudyResults
from studies.report.model import Table, Text
from studies.report.numbers import unlinked
from studies.report.overlap_data import overlaps, slowdowns
from studies.results import CellResult, PlannedCell, Score, TracePoint
from tests.studies.report.synthetic import mixture_store

RATES = {1.0: 0.95, 2.0: 0.8, 6.0: 0.1}
TARGET = 0.01
START = 0.5  # nats below the best


def entries() -> dict[str, dict[str, object]]:
    return {
        f"drawn separation={s}": {"factors": {"separation": s}, "settings": {"n_components": 3}}
        for s in RATES
    }


def made_up(cell: PlannedCell, result: CellResult) -> CellResult:
    """EM's shortfall falls by ρ² an iteration, exactly; SVI's half as fast in twice the time."""
    rate = RATES[float(cell.dataset.rpartition("=")[2])]
    scores = [Score("fit_seconds", "", 1.0), Score("steps", "", 400.0)]
    if cell.estimator == "em":
        scores += [Score("em_rate", "", rate), Score("observed_rate", "", rate - 1e-3)]
    slow = 2 if cell.estimator == "svi" else 1
    trace = [
        TracePoint(
            t, 0.001 * slow * t, "log_likelihood", "train", -3 - START * rate ** (2 * t / slow)
        )
        for t in range(400)
    ]
    end = TracePoint(400, 0.4 * slow, "log_likelihood", "train", -3.0)
    return replace(result, scores=scores, trace=[*trace, end], arrays={})


@pytest.fixture
def results(tmp_path: Path) -> StudyResults:
    store = mixture_store(
        tmp_path / "results.sqlite",
        datasets=list(entries()),
        estimators=("em", "svi"),
        change=made_up,
        metrics=["log_likelihood", "em_rate", "steps"],
        sections=["overlap", "failures"],
    )
    read = StudyResults.read(store, "made-up")
    read.document["datasets"] = entries()
    return read


def test_a_pure_geometric_fall_arrives_when_theory_says(results: StudyResults) -> None:
    found = overlaps(results)
    assert [o.separation for o in found] == sorted(RATES)
    for overlap in found:
        rate = RATES[overlap.separation]
        exact = math.log(START / TARGET) / (-2 * math.log(rate))
        np.testing.assert_allclose(overlap.predicted, exact)
        assert overlap.steps("em") == math.ceil(exact)
        assert overlap.steps("svi") == math.ceil(2 * exact)
        ratio = 2 * math.ceil(2 * exact) / math.ceil(exact)
        np.testing.assert_allclose(slowdowns(overlap, "svi", "em"), ratio)
        assert overlap.reached("svi") == (3, 3)


def test_the_answer_and_the_table_hold_these_figures(results: StudyResults) -> None:
    answer = build_answer(results).text
    assert "From a separation of 6 standard deviations down to 1" in answer
    assert "go from 1 to 39, as its rate goes from 0.100 to 0.950" in answer
    assert "differs from theory by 0.001 in the median of 9 fits" in answer
    (section, *_) = build_document(results).sections
    frame = next(b for b in section.blocks if isinstance(b, Table)).frame
    assert frame["em_steps"].tolist() == [39, 9, 1]
    why = "it needs 2 steps at a separation of 6 and 1.97 at 1"
    assert any(isinstance(b, Text) and why in unlinked(b.text) for b in section.blocks)
    assert any(
        isinstance(b, Text) and "one step takes 2 times an iteration's time" in unlinked(b.text)
        for b in section.blocks
    )


def test_a_miss_is_a_miss(results: StudyResults) -> None:
    drawn = results.cells
    keys = drawn.loc[(drawn["estimator"] == "svi") & (drawn["seed"] > 0), "key"]
    for key in keys:
        results.store.write_cell({}, CellResult(key, "timeout", "killed"))
    read = StudyResults.read(results.store, "made-up")
    read.document["datasets"] = entries()
    for overlap in overlaps(read):
        assert overlap.reached("svi") == (1, 3)
        assert math.isnan(overlap.steps("svi"))
        assert len(slowdowns(overlap, "svi", "em")) == 1
    assert "it reached it in 3 of 9 runs" in build_answer(read).text


def test_the_report_is_drawn(results: StudyResults, tmp_path: Path) -> None:
    results.store.write_plan(
        results.document,
        [
            PlannedCell(*row)
            for row in results.cells[
                ["key", "dataset", "estimator", "seed", "description"]
            ].itertuples(index=False)
        ],
        results.provenance,
    )
    folder = tmp_path / "report"
    write_report(results.store, "made-up", folder)
    assert (folder / "figures" / "overlap-rates.png").exists()
    assert (folder / "figures" / "overlap-arrivals.svg").exists()
