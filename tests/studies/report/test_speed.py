"""A study of speed: its figures are those stored, and its verdicts follow from them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studies.report import write_report
from studies.report.building import build_answer
from studies.report.loaded import StudyResults
from studies.report.model import Bullets, Figure, Section, Table
from studies.report.numbers import unlinked
from studies.report.speed_bound import product_bound_section
from studies.report.speed_data import SINGLE_PARITY, combined, timed_points
from studies.report.speed_growth import exponent, growth_section
from studies.report.speed_held import Verdict
from studies.report.speed_restarts import restarts_section
from studies.report.speed_sections import speed_section
from studies.report.speed_target import dataset_arrivals, speed_target_section
from studies.report.speed_targets import STATED_SIZES, verdicts
from studies.results import CellResult, PlannedCell, Score, TracePoint
from tests.studies.report.synthetic import mixture_store

SECTIONS = [
    "speed",
    "growth",
    "product-bound",
    "speed-target",
    "restarts",
    "failures",
    "method",
]
KINDS = ("full", "tied", "diag", "spherical")
FACTOR = {"full": 9.0, "tied": 3.5, "diag": 4.0, "spherical": 2.5}
ESTIMATORS = {
    "em": {},
    "em-float32": {"estimator": "em", "settings": {"dtype": "float32"}},
    "sklearn": {},
    "svi": {},
    "pomegranate": {},
}
Values = dict[tuple[str, str], float]
Edit = Callable[[PlannedCell, Values], None]


def no_edit(cell: PlannedCell, values: Values) -> None:
    return None


def entry(group: str, size: tuple[int, int, int], kind: str = "full") -> dict[str, Any]:
    settings = {"n_components": size[2], "covariance_type": kind}
    return {"settings": settings, "group": group, "size": size, "kind": kind}


def all_entries() -> dict[str, dict[str, Any]]:
    entries = {
        f"sizes {kind} n={n} d={d} k={k}": entry("sizes", (n, d, k), kind)
        for kind in KINDS
        for n, d, k in STATED_SIZES
    }
    entries |= {"iris": entry("iris", (150, 4, 3)), "faithful": entry("faithful", (272, 2, 2))}
    entries |= {f"over-n n={n}": entry("over-n", (n, 8, 8)) for n in (1000, 10_000, 100_000)}
    entries |= {f"over-d d={d}": entry("over-d", (1000, d, 8)) for d in (2, 4, 8)}
    entries |= {f"restarts k={k}": entry("restarts", (272, 2, k)) for k in (1, 2, 3)}
    return entries | {"to-target": entry("to-target", (1000, 4, 4))}


def seconds(cell: PlannedCell, shape: dict[str, Any]) -> float:
    """EM's time grows with N D² K; scikit-learn's is a known multiple of it."""
    n, d, k = shape["size"]
    own = 1e-9 * n * d * d * k * 1.1**cell.seed
    factor = {
        "em": 1.0,
        "em-float32": 0.5,
        "sklearn": FACTOR[shape["kind"]] * (1 + 0.02 * cell.seed),
        "svi": 2.0,
        "pomegranate": 4.0,
    }
    return own * factor[cell.estimator]


def loaded(
    path: Path, *, entries: dict[str, dict[str, Any]] | None = None, edit: Edit = no_edit
) -> StudyResults:
    entries = all_entries() if entries is None else entries

    def change(cell: PlannedCell, result: CellResult) -> CellResult | None:
        shape = entries[cell.dataset]
        step = seconds(cell, shape)
        values: Values = {
            ("step_seconds", ""): step,
            ("first_step_seconds", ""): 1.5 * step,
            ("fit_seconds", ""): 6.5 * step,
            ("fit_memory", ""): 100.0,
            ("log_likelihood", "train"): -3.0,
            ("objective", "train"): -3.0,
            ("highest_bound", "train"): -3.0,
        }
        if cell.estimator == "em":
            products = {"product_seconds": step / 4, "product_rate": 40.0}
            products["square_product_rate"] = 50.0
            values |= {(name, ""): value for name, value in products.items()}
        edit(cell, values)
        n, d, _ = shape["size"]
        scores = [Score(metric, split, value) for (metric, split), value in values.items()]
        slow = 5 if cell.estimator == "svi" else 1
        trace = [
            TracePoint(t, t * step, "objective", "train", -3 - 0.5 ** (t / slow))
            for t in range(1, 21 * slow)
        ]
        facts = dict(result.dataset_facts) | {"n_train": n, "n_features": d}
        return replace(result, scores=scores, trace=trace, dataset_facts=facts, arrays={})

    store = mixture_store(
        path / "results.sqlite",
        datasets=list(entries),
        estimators=ESTIMATORS,
        change=change,
        metrics=["step_seconds", "fit_memory"],
        sections=SECTIONS,
    )
    results = StudyResults.read(store, "made-up")
    results.document["datasets"] = entries
    return results


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> StudyResults:
    """Every size, as made up; not to be changed."""
    return loaded(tmp_path_factory.mktemp("speed"))


def of_kind(results: StudyResults, kind: str) -> list[Any]:
    return [p for p in timed_points(results, ["sizes"]) if p.covariance_type == kind]


def table(section: Section, name: str) -> Table:
    return next(b for b in section.blocks if isinstance(b, Table) and b.name == name)


def test_speedups_are_geometric_means_with_their_range_over_repetitions(
    results: StudyResults,
) -> None:
    speed = combined(results, of_kind(results, "full"), "em", "sklearn")
    assert speed.mean == pytest.approx(9.0 * 1.02)  # the median of 1, 1.02 and 1.04
    assert (speed.low, speed.high) == (pytest.approx(9.0), pytest.approx(9.0 * 1.04))
    assert speed.repetitions == 3


def test_each_target_is_met_or_not_by_its_figure(results: StudyResults, tmp_path: Path) -> None:
    full, others, tables, peer, _, memory = verdicts(results)
    assert (full.met, "9.18 times" in unlinked(full.figure)) == (True, True)
    mean = (3.5 * 4.0 * 2.5) ** (1 / 3) * 1.02
    assert (others.met, f"{mean:.3g} times" in unlinked(others.figure)) == (True, True)
    assert (tables.met, "iris full 9.18" in unlinked(tables.figure)) == (True, True)
    assert (peer.met, "8 times" in unlinked(peer.figure)) == (True, True)
    assert (memory.met, unlinked(memory.figure)) == (True, "100 MB at the most")

    def worse(cell: PlannedCell, values: Values) -> None:
        if cell.estimator == "sklearn":
            values["step_seconds", ""] *= 0.1
        if cell.dataset == "sizes diag n=1000000 d=8 k=16" and cell.estimator == "em":
            values["fit_memory", ""] = 250.0 if cell.seed == 1 else 10.0

    met = [v.met for v in verdicts(loaded(tmp_path, edit=worse))]
    assert met == [False, False, False, True, False, False]


def test_without_the_stated_sizes_nothing_is_judged(tmp_path: Path) -> None:
    small = {"sizes": entry("sizes", (1000, 2, 2)), "iris": entry("iris", (150, 4, 3))}
    results = loaded(tmp_path, entries=small)
    assert {v.met for v in verdicts(results)} == {None}
    assert "could not be judged" in build_answer(results).text


def test_what_is_not_at_the_same_place_is_not_ranked(tmp_path: Path) -> None:
    def astray(cell: PlannedCell, values: Values) -> None:
        if cell.estimator == "sklearn" and cell.dataset.startswith("sizes full n=1000000"):
            values["log_likelihood", "train"] *= 1 + 2e-9
        if cell.estimator == "em-float32":
            values["log_likelihood", "train"] *= 1 + 0.9 * SINGLE_PARITY

    results = loaded(tmp_path, edit=astray)
    full, others, *_ = verdicts(results)
    assert full.met is None
    assert "do not agree" in full.figure
    assert others.met is True
    speed = speed_section(results)
    rows = table(speed, "step-seconds").rows
    assert sum(e.note == "not ranked" for row in rows for e in row) == 1
    assert (
        sum(e.note == "not ranked" for row in table(speed, "speed-parity").rows for e in row) == 1
    )


def test_restarts_are_judged_by_whole_sweeps_and_by_their_optima(
    results: StudyResults, tmp_path: Path
) -> None:
    restarts = {
        name: entry for name, entry in all_entries().items() if entry["group"] == "restarts"
    }

    def judged(results: StudyResults) -> Verdict:
        return next(v for v in verdicts(results) if "sweep of K" in v.target)

    def verdict(name: str, edit: Edit) -> Verdict:
        return judged(loaded(tmp_path / name, entries=restarts, edit=edit))

    slow = judged(results)
    assert slow.met is False
    assert unlinked(slow.figure).startswith(
        "9.18 times as fast (9 to 9.36 over repetitions), and nowhere below"
    )

    def twice(cell: PlannedCell, values: Values) -> None:
        if cell.estimator == "sklearn":
            values["fit_seconds", ""] *= 2

    assert verdict("fast", twice).met is True

    def elsewhere(cell: PlannedCell, values: Values) -> None:
        twice(cell, values)
        if cell.estimator == "em" and cell.dataset == "restarts k=2":
            values["highest_bound", "train"] -= 2e-3

    lower = verdict("lower", elsewhere)
    assert lower.met is False
    assert "but up to 0.002 nats per datum below" in unlinked(lower.figure)

    def failing(cell: PlannedCell, values: Values) -> None:
        if cell.estimator == "sklearn" and cell.dataset == "restarts k=3":
            values["fit_seconds", ""] = np.nan

    assert verdict("failed", failing).met is None
    frame = table(restarts_section(results), "restarts").frame
    own = frame[frame["estimator"] == "em"]
    assert sorted(set(own["n_components"])) == [1, 2, 3]


def test_exponents_are_those_of_the_powers(results: StudyResults) -> None:
    assert exponent(np.array([2.0, 8.0, 32.0]), np.array([1.0, 8.0, 64.0]))[0] == pytest.approx(1.5)
    assert np.isnan(exponent(np.array([1.0, 2.0]), np.array([1.0, 2.0]))).all()
    frame = table(growth_section(results), "growth").frame.set_index("estimator")
    np.testing.assert_allclose(frame["N"], 1.0, atol=1e-9)
    np.testing.assert_allclose(frame["D"], 2.0, atol=1e-9)


def test_the_bound_is_set_against_the_iteration(results: StudyResults) -> None:
    frame = table(product_bound_section(results), "product-bound").frame
    np.testing.assert_allclose(frame["share"], 0.25)
    row = frame[(frame["n_features"] == 16) & (frame["covariance_type"] == "full")].iloc[0]
    assert row["statistics_length"] == 16 * 17 / 2 + 16 + 1
    assert row["operations"] == 4 * 100_000 * 153 * 16


def test_the_target_is_reached_where_the_objective_first_is(results: StudyResults) -> None:
    # The target is 0.01 below the best, which is −3 but for 2⁻²⁰.
    own, svi = (dataset_arrivals(results, "to-target")[name] for name in ("em", "svi"))
    assert (own.steps, svi.steps) == (7, 34)  # 2⁻⁷ < 0.01 < 2⁻⁶; 2^(−34/5) < 0.01 < 2^(−33/5)
    assert svi.seconds / own.seconds == pytest.approx(2 * 34 / 7)
    blocks = speed_target_section(results).blocks
    text = unlinked(next(b for b in blocks if isinstance(b, Bullets)).items[0])
    assert text.startswith("**N = ")
    names = [b.name for b in blocks if isinstance(b, Figure)]
    assert names == ["arrivals", "profiles"]
    assert "takes 9.71 times as long" in text
    assert "a step costs 2 times an iteration" in text


def test_failures_stay_in_the_tables_and_the_report_is_written(tmp_path: Path) -> None:
    results = loaded(tmp_path, entries={"sizes": entry("sizes", (1000, 2, 2))})
    cell = results.cells[results.cells["estimator"] == "pomegranate"].iloc[0]
    failed = CellResult(cell["key"], "unavailable", "not installed")
    for key in results.cells.loc[results.cells["estimator"] == "pomegranate", "key"]:
        results.store.write_cell({}, replace(failed, key=key))
    again = StudyResults.read(results.store, "made-up")
    again.document["datasets"] = results.document["datasets"]
    rows = table(speed_section(again), "step-seconds").rows
    assert rows[0][-1].note == "unavailable"
    readme = write_report(results.store, "made-up", tmp_path / "report").read_text()
    assert "unavailable" in readme
