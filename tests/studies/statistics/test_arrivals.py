"""Times to target and performance profiles against their definitions, point by point."""

import numpy as np
import pytest

from studies.statistics import arrival_distribution, performance_profile, performance_ratios

RANDOM = np.random.default_rng(20260103)


def some_times(shape: tuple[int, ...]) -> np.ndarray:
    """Times with ties and misses."""
    times = RANDOM.integers(1, 9, shape).astype(float)
    return np.where(RANDOM.random(shape) < 0.25, np.nan, times)


def test_distribution_counts_runs_and_keeps_misses_below_the_line():
    times = some_times((40,))
    found = arrival_distribution(times)
    for at in np.arange(0, 10, 0.5):
        arrived = sum(1 for t in times if t <= at)
        assert found.value(at) == pytest.approx(arrived / 40)
    assert found.share[-1] == pytest.approx(1 - np.isnan(times).mean())


def test_runs_that_all_miss_stay_at_0():
    found = arrival_distribution(np.full(3, np.nan))
    assert found.value(1e9) == 0
    assert found.total == 3


def test_profile_is_dolan_and_mores():
    times = some_times((30, 3))
    profiles = performance_profile(times)
    for tau in (1, 1.5, 2, 3, 8):
        for estimator, profile in enumerate(profiles):
            solved = 0
            for row in times:
                solvers = [t for t in row if t == t]
                solved += bool(solvers) and row[estimator] <= tau * min(solvers)
            assert profile.value(tau) == pytest.approx(solved / 30)


def test_every_problem_that_is_solved_has_a_fastest():
    ratios = performance_ratios(some_times((50, 4)))
    solved = ~np.isnan(ratios).all(axis=1)
    assert (np.nanmin(ratios[solved], axis=1) == 1).all()


def test_a_start_at_the_target_takes_no_time():
    profiles = performance_profile(np.array([[0.0, 0.0, 2.0]]))
    assert [p.value(1) for p in profiles] == [1, 1, 0]
    assert profiles[2].value(1e12) == 0


def test_a_time_below_0_is_refused():
    with pytest.raises(ValueError, match="below 0"):
        performance_ratios(np.array([[1.0, -1.0]]))
