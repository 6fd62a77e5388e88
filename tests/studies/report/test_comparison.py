from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from studies.report.comparison import (
    datum_differences,
    median_with_misses,
    normal_interval,
    seed_differences,
    time_ratios,
    times_to_target,
)
from studies.report.loaded import StudyResults
from tests.studies.report.synthetic import failing, mixture_store, vae_store

RANDOM = np.random.default_rng(20260101)


def test_interval_over_images_is_the_normal_one():
    values = RANDOM.normal(0.1, 1, 400)
    half = 1.959963984540054 * values.std(ddof=1) / 20
    assert normal_interval(values) == pytest.approx((values.mean() - half, values.mean() + half))


def test_pairs_are_of_one_seed_and_of_runs_that_both_ended_well(tmp_path):
    store = mixture_store(
        tmp_path / "r.sqlite", datasets=("iris",), change=failing("iris", "em", 1)
    )
    results, scores = StudyResults.read(store), store.scores()

    def by_hand(metric: str, split: str, estimator: str, seed: int) -> float:
        rows = scores[
            (scores["metric"] == metric)
            & (scores["split"] == split)
            & (scores["estimator"] == estimator)
            & (scores["seed"] == seed)
        ]
        return float(rows["value"].iloc[0])

    found = seed_differences(results, "log_likelihood", "test", "iris", "svi")
    expected = [
        by_hand("log_likelihood", "test", "svi", seed)
        - by_hand("log_likelihood", "test", "em", seed)
        for seed in (0, 2)
    ]
    assert found == pytest.approx(expected, abs=0)
    ratios = [
        by_hand("fit_seconds", "", "svi", s) / by_hand("fit_seconds", "", "em", s) for s in (0, 2)
    ]
    assert time_ratios(results, "iris", "svi") == pytest.approx(ratios, abs=0)


def test_images_are_compared_one_by_one(tmp_path):
    store = vae_store(tmp_path / "r.sqlite", seeds=2)
    results = StudyResults.read(store)
    one = store.arrays("mnist-pyro-vae-1")["elbo_per_datum"].astype(float)
    other = store.arrays("mnist-torch-vae-1")["elbo_per_datum"].astype(float)
    found = datum_differences(results, "elbo_per_datum", "mnist", "pyro-vae", 1)
    assert found is not None
    np.testing.assert_array_equal(found, one - other)
    assert datum_differences(results, "elbo_per_datum", "mnist", "autoencoder", 1) is None


def test_likelihoods_of_different_kinds_are_not_compared(tmp_path):
    estimators = {"torch-vae": {}, "pyro-vae": {"settings": {"likelihood": "gaussian"}}}
    results = StudyResults.read(vae_store(tmp_path / "r.sqlite", seeds=1, estimators=estimators))
    assert datum_differences(results, "elbo_per_datum", "mnist", "pyro-vae", 0) is None
    assert len(seed_differences(results, "elbo", "test", "mnist", "pyro-vae")) == 0


def test_time_to_target_by_brute_force(tmp_path):
    store = mixture_store(
        tmp_path / "r.sqlite",
        datasets=("iris", "wine"),
        estimators=("em", "svi", "svi-amortised"),
        change=failing("wine", "svi", 0, status="timeout"),
    )
    results = StudyResults.read(store)
    trace = store.trace()
    trace = trace[trace["metric"] == "log_likelihood"]
    times = times_to_target(results)
    assert len(times) == 2 * 3 * 3
    for row in times.to_dict("records"):
        mine = trace[(trace["dataset"] == row["dataset"]) & (trace["seed"] == row["seed"])]
        target = mine["value"].max() - 0.01
        reached = [
            (step, seconds)
            for estimator, step, seconds, value in mine[
                ["estimator", "step", "seconds", "value"]
            ].to_numpy()
            if estimator == row["estimator"] and value >= target
        ]
        assert row["reached"] == bool(reached)
        if reached:
            assert (row["steps"], row["seconds"]) == min(reached)
    assert not times[times["estimator"] == "svi-amortised"]["reached"].any()
    assert times[(times["estimator"] == "svi")]["reached"].sum() == 5


@pytest.mark.parametrize(
    ("times", "expected"),
    [([1.0, 2.0, 3.0], 2.0), ([1.0, np.nan, 3.0], 3.0), ([1.0, np.nan], np.nan), ([], np.nan)],
)
def test_a_miss_is_later_than_any_time(times, expected):
    assert median_with_misses(pd.Series(times, dtype=float)) == pytest.approx(expected, nan_ok=True)


def test_what_a_diverged_run_left_behind_enters_nothing(tmp_path):
    def diverge(cell, result):
        bad = (cell.estimator, cell.seed) == ("svi", 0)
        return replace(result, status="diverged") if bad else result

    store = mixture_store(tmp_path / "r.sqlite", datasets=("iris",), change=diverge)
    assert (store.scores()["status"] == "diverged").any()
    results = StudyResults.read(store)
    assert list(results.values("log_likelihood", "train", "iris", "svi").index) == [1, 2]
    assert len(seed_differences(results, "log_likelihood", "train", "iris", "svi")) == 2
    times = times_to_target(results)
    missed = times[(times["estimator"] == "svi") & (times["seed"] == 0)]
    assert missed["reached"].tolist() == [False]
