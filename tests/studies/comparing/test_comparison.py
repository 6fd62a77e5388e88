"""Planted changes are found, what is equal is said to be, and nothing is dropped."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studies.comparing import Comparison, compare_results
from studies.comparing.value import ALL_DATASETS
from studies.result_sets import find_results
from studies.results import CellResult, PlannedCell, ResultStore, Score
from suite.errors import InputError
from tests.studies.report.synthetic import Change, failing, mixture_store, unchanged

MACHINE = {"system": "Linux", "processor": "a fast one", "cores": 8}
FEW: dict[str, Any] = {"seeds": 10, "datasets": ("iris",), "estimators": ("em", "sklearn")}
NOISE = 0.01
"""Standard deviation of the log of a planted time."""


def noisy(change: Change = unchanged, *, factor: float = 1.0, only: str = "", seed: int) -> Change:
    """Times as of another session: the same but for noise, and `factor` for one estimator."""
    random = np.random.default_rng(seed)

    def timed(cell: PlannedCell, result: CellResult) -> CellResult | None:
        slower = factor if cell.estimator == only else 1.0
        noise = float(np.exp(random.normal(0, NOISE)))
        scores = [
            replace(s, value=s.value * slower * noise) if s.metric == "fit_seconds" else s
            for s in result.scores
        ]
        return change(cell, replace(result, scores=scores))

    return timed


def shifted(metric: str, by: float, *, estimator: str = "em", dataset: str = "iris") -> Change:
    def change(cell: PlannedCell, result: CellResult) -> CellResult:
        if (cell.dataset, cell.estimator) != (dataset, estimator):
            return result
        scores: list[Score] = [
            replace(s, value=s.value + by) if s.metric == metric and s.split == "test" else s
            for s in result.scores
        ]
        return replace(result, scores=scores)

    return change


def stored(folder: Path, *, machine: Mapping[str, Any] = MACHINE, **options: Any) -> str:
    """A store made on a known machine, and its path."""
    path = folder / "results.sqlite"
    store = mixture_store(path, **options)
    columns = ["key", "dataset", "estimator", "seed", "description"]
    plan = [PlannedCell(*row) for row in store.cells()[columns].itertuples(index=False)]
    facts = {"versions": {"python": "3.11.2", "numpy": "2.0"}, "machine": dict(machine)}
    ResultStore(path).write_plan(store.document(), plan, facts)
    return str(path)


def compared(a: str, b: str, **options: bool) -> Comparison:
    return compare_results(find_results(a), find_results(b), **options)


def moved(comparison: Comparison) -> set[tuple[str, str, str, str, str]]:
    (study,) = comparison.studies
    return {
        (v.dataset, v.estimator, v.quantity.metric.name, v.quantity.split, v.finding)
        for v in study.values
        if v.moved
    }


def test_a_set_against_itself_has_not_moved(tmp_path: Path) -> None:
    path = stored(tmp_path, change=failing("iris", "em", 1))
    comparison = compared(path, path)
    (study,) = comparison.studies
    assert not comparison.moved
    assert set(study.findings) == {"same"}
    assert (study.differences, study.matching.changes) == ((), ())
    # Three data sets × three estimators: two scores on two splits, steps, time; a Rand index on
    # iris, two splits; and each estimator's time over all data sets.
    assert len(study.values) == 9 * (2 * 2 + 2) + 3 * 2 + 3


def test_noise_alone_is_no_movement(tmp_path: Path) -> None:
    a = stored(tmp_path / "a", change=noisy(seed=1), **FEW)
    b = stored(tmp_path / "b", change=noisy(seed=2), **FEW)
    comparison = compared(a, b)
    (study,) = comparison.studies
    assert moved(comparison) == set()
    times = [v for v in study.values if v.as_ratio]
    # Ten log ratios of standard deviation √2 · 1% lie well inside the region of 5%.
    assert {v.finding for v in times} == {"equivalent"}


def test_a_planted_slowdown_is_found_where_it_is(tmp_path: Path) -> None:
    options = {"seeds": 3, "datasets": ("faithful", "galaxies", "iris", "wine")}
    a = stored(tmp_path / "a", change=noisy(seed=1), **options)
    b = stored(tmp_path / "b", change=noisy(seed=2, factor=1.1, only="em"), **options)
    comparison = compared(a, b)
    assert comparison.moved
    assert moved(comparison) == {(ALL_DATASETS, "em", "fit_seconds", "", "worse")}
    (study,) = comparison.studies
    (value,) = [v for v in study.values if v.moved]
    error = NOISE * np.sqrt(2 / 12)
    assert value.summary.n == 12
    assert value.summary.mean == pytest.approx(np.log(1.1), abs=4 * error)
    of_one = [v for v in study.values if v.as_ratio and v.dataset == "iris"]
    assert {(v.finding, v.reason) for v in of_one} == {("undecided", "3 pairs, 6 needed to tell")}


def test_enough_seeds_find_it_on_each_data_set(tmp_path: Path) -> None:
    # With two estimators on two data sets and together there are six tests: ten pairs of one sign
    # have p = 2/2¹⁰, times six below 0.05.
    options = {"seeds": 10, "datasets": ("faithful", "iris"), "estimators": ("em", "sklearn")}
    a = stored(tmp_path / "a", change=noisy(seed=1), **options)
    b = stored(tmp_path / "b", change=noisy(seed=2, factor=0.8, only="sklearn"), **options)
    places = {(v[0], v[1], v[4]) for v in moved(compared(a, b))}
    assert places == {(d, "sklearn", "better") for d in ("faithful", "iris", ALL_DATASETS)}


@pytest.mark.parametrize(("by", "finding"), [(-1e-6, "worse"), (1e-6, "better"), (1e-12, None)])
def test_a_planted_change_of_a_score_is_found_however_small_unless_rounding(
    tmp_path: Path, by: float, finding: str | None
) -> None:
    a = stored(tmp_path / "a")
    b = stored(tmp_path / "b", change=shifted("log_likelihood", by))
    expected = {("iris", "em", "log_likelihood", "test", finding)} if finding else set()
    comparison = compared(a, b)
    assert moved(comparison) == expected
    assert comparison.moved == bool(finding)
    (value,) = [
        v
        for v in comparison.studies[0].values
        if (v.dataset, v.estimator, v.quantity.name) == ("iris", "em", "log_likelihood_test")
    ]
    assert value.summary.mean == pytest.approx(by, rel=1e-3)
    if finding:
        assert value.reason.endswith("all within what the study calls equivalent")


def test_a_change_in_opposite_directions_does_not_cancel(tmp_path: Path) -> None:
    def change(cell: PlannedCell, result: CellResult) -> CellResult:
        by = {0: 0.5, 1: -0.5}.get(cell.seed, 1e-12)  # the third by rounding
        return shifted("log_likelihood", by)(cell, result)

    comparison = compared(stored(tmp_path / "a"), stored(tmp_path / "b", change=change))
    (value,) = [value for value in comparison.studies[0].values if value.moved]
    assert value.finding in ("changed", "better", "worse")
    assert value.reason == "2 of 3 runs beyond rounding"


def test_failed_and_missing_runs_are_listed(tmp_path: Path) -> None:
    a = stored(tmp_path / "a", datasets=("iris", "wine"), seeds=2)
    b = stored(
        tmp_path / "b",
        datasets=("iris", "faithful"),
        seeds=3,
        change=failing("iris", "em", 1, status="timeout"),
    )
    comparison = compared(a, b)
    (study,) = comparison.studies
    assert comparison.moved
    ((change,)) = study.matching.changes
    assert (change.place, change.before, change.after) == (("iris", "em", 1), "ok", "timeout")
    assert {place[0] for place in study.matching.only_in_a} == {"wine"}
    assert len(study.matching.only_in_a) == 2 * 3
    assert len(study.matching.only_in_b) == 3 * 3 + 3
    assert ("iris", "svi", 2) in study.matching.only_in_b
    likelihood = [
        v for v in study.values if v.estimator == "em" and "likelihood" in v.quantity.name
    ]
    assert {(v.summary.n, v.summary.planned) for v in likelihood} == {(1, 2)}
    assert all(v.before == v.after for v in likelihood)  # over the same runs, not over survivors


def test_runs_that_no_longer_happen_count_as_moved(tmp_path: Path) -> None:
    a = stored(tmp_path / "a")
    b = stored(tmp_path / "b", change=failing("iris", "em", 0, status="not run"))
    comparison = compared(a, b)
    assert comparison.moved
    assert comparison.studies[0].matching.changes[0].after == "not run"


def test_times_of_other_machines_are_not_judged_unless_asked(tmp_path: Path) -> None:
    a = stored(tmp_path / "a", **FEW)
    slower = noisy(seed=2, factor=3.0, only="em")
    other = MACHINE | {"processor": "slow"}
    b = stored(tmp_path / "b", change=slower, machine=other, **FEW)
    comparison = compared(a, b)
    assert moved(comparison) == set()
    (study,) = comparison.studies
    assert {v.finding for v in study.values if v.as_ratio} == {"not comparable"}
    assert [(d.topic, d.name) for d in study.differences] == [("machine", "machine")]
    asked = moved(compared(a, b, across_machines=True))
    assert {(v[1], v[4]) for v in asked} == {("em", "worse")}


def test_a_noisy_machines_own_floor_is_kept(tmp_path: Path) -> None:
    """A study that timed em twice and found 40% between the two does not call 10% a movement."""

    def uneven(cell: PlannedCell, result: CellResult) -> CellResult:
        factor = 1.4 if cell.estimator == "em-again" else 1.0
        scores = [
            replace(s, value=0.1 * factor) if s.metric == "fit_seconds" else s
            for s in result.scores
        ]
        return replace(result, scores=scores)

    estimators = {"em": {}, "em-again": {"estimator": "em"}}
    options = {"seeds": 10, "datasets": ("iris",), "estimators": estimators}
    a = stored(tmp_path / "a", change=noisy(uneven, seed=1), **options)
    b = stored(
        tmp_path / "b",
        change=lambda c, r: noisy(seed=2, factor=1.1, only="em")(c, uneven(c, r)),
        **options,
    )
    (study,) = compared(a, b).studies
    times = {v.estimator: v.finding for v in study.values if v.as_ratio}
    assert times["em"] == "tie"


def test_what_differs_in_the_making_is_said(tmp_path: Path) -> None:
    a = stored(tmp_path / "a")
    b = stored(tmp_path / "b")
    store = ResultStore(Path(b))
    columns = ["key", "dataset", "estimator", "seed", "description"]
    # The last is a default that an older program did not know of, and so no difference.
    changes = {"settings": {"tol": 0.1}, "data_hash": "1", "memory_limit": None}
    plan = [
        PlannedCell(key, d, e, s, text | changes)
        for key, d, e, s, text in store.cells()[columns].itertuples(index=False)
    ]
    facts = store.provenance() | {"versions": {"python": "3.12.0", "numpy": "2.0"}}
    store.write_plan(store.document(), plan, facts | {"git": {"commit": "0123456789abc"}})
    (study,) = compared(a, b).studies
    assert {(d.topic, d.name, d.before, d.after) for d in study.differences} >= {
        ("settings", "settings.tol", "—", "0.1"),
        ("data", "fingerprint", "changed", "changed"),
        ("code", "commit", "unknown", "0123456789"),
        ("versions", "python", "3.11.2", "3.12.0"),
    }
    assert "memory_limit" not in {d.name for d in study.differences}


def test_sets_without_a_common_run_are_refused(tmp_path: Path) -> None:
    a = stored(tmp_path / "a", datasets=("iris",))
    b = stored(tmp_path / "b", datasets=("wine",))
    with pytest.raises(InputError, match="found none in both"):
        compared(a, b)


def test_folders_of_studies_are_matched_by_name(tmp_path: Path) -> None:
    for side, names in (("a", ("one", "two")), ("b", ("two", "three"))):
        for name in names:
            folder = tmp_path / side / name
            folder.mkdir(parents=True)
            mixture_store(folder / "results.sqlite", datasets=("iris",), seeds=1, name=name)
    comparison = compared(str(tmp_path / "a"), str(tmp_path / "b"))
    assert [study.study for study in comparison.studies] == ["two"]
    assert (comparison.only_in_a, comparison.only_in_b) == (("one",), ("three",))
