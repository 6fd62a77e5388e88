"""The noise floor: equal estimators are ties at the stated rate, a slowdown is none."""

import numpy as np
import pytest
from scipy import stats

from studies.statistics import Evidence, judge, noise_floor, summarise_pairs

_PAIRS = 18
_STUDIES = 600
_NOISE = 0.05


def log_times(random: np.random.Generator) -> np.ndarray:
    """Timings of one estimator: a level of each seed's own and 5% noise that has outliers."""
    return random.standard_t(5, _PAIRS) * _NOISE / np.sqrt(5 / 3)


def verdict(one: np.ndarray, other: np.ndarray, floor: float) -> str:
    found = summarise_pairs(one - other, resamples=199)
    evidence = Evidence(
        n=found.n,
        centre=found.mean,
        interval=found.interval.bounds,
        p_value=found.p_value,
        floor=floor,
        higher_is_better=False,
    )
    return judge(evidence).verdict


def test_an_estimator_listed_twice_is_a_tie_in_95_of_100_studies():
    random = np.random.default_rng(21)
    ties = 0
    for _ in range(_STUDIES):
        first, again = log_times(random), log_times(random)
        floor = noise_floor(again - first, _PAIRS).log_ratio
        ties += verdict(again, first, floor) == "tie"
    error = 3 * np.sqrt(0.95 * 0.05 / _STUDIES)
    # The quantile of the resampled means is that of a normal with the root mean square for a
    # spread, whose exact level for normal noise is Student's t at u √(n−1) / √(1−u²) with u the
    # floor over the root mean square, t/√n: above 95%, the floor being this very sample's.
    u = stats.t.ppf(0.975, _PAIRS) / np.sqrt(_PAIRS)
    level = 1 - 2 * stats.t.sf(u * np.sqrt(_PAIRS - 1) / np.sqrt(1 - u**2), _PAIRS - 1)
    assert 0.95 < level < 0.98
    assert abs(ties / _STUDIES - level) <= error


def test_another_equal_estimator_is_a_tie_as_often():
    random = np.random.default_rng(22)
    ties = 0
    for _ in range(_STUDIES):
        first, again, twin = log_times(random), log_times(random), log_times(random)
        ties += verdict(twin, first, noise_floor(again - first, _PAIRS).log_ratio) == "tie"
    # The floor is another sample's, t √(s²/n) with s² the mean square of n values, and Student's t
    # with n degrees of freedom is what the mean over √(s²/n) is distributed as.
    assert ties / _STUDIES >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / _STUDIES)


def test_a_planted_slowdown_of_a_tenth_is_a_difference():
    random = np.random.default_rng(23)
    found = []
    for _ in range(100):
        first, again, slow = log_times(random), log_times(random), log_times(random) + np.log(1.1)
        found.append(verdict(slow, first, noise_floor(again - first, _PAIRS).log_ratio))
    # log 1.1 = 0.095 is 5.7 standard errors (0.05 √2 / √18 = 0.0167), the floor about 2 of them.
    assert found.count("worse") >= 97
    assert "better" not in found


def widened(n: int) -> float:
    """Student's over the normal quantile: what n log ratios leave unknown of their spread."""
    return stats.t.ppf(0.975, n) / stats.norm.ppf(0.975)


@pytest.mark.parametrize(
    ("values", "n", "floor"), [([0.1], 1, 0.1 * widened(1)), ([0.0, 0.0], 5, 0.0)]
)
def test_floor_by_hand(values, n, floor):
    assert noise_floor(np.array(values), n).log_ratio == pytest.approx(floor, abs=1e-15)


def test_floor_is_the_quantile_over_all_signs_and_resamples():
    """Two log ratios in two pairs: sums of two of ±0.1, ±0.3, sixteen equally likely."""
    values = np.array([0.1, -0.3])
    signed = np.array([0.1, -0.1, 0.3, -0.3])
    means = np.abs(np.add.outer(signed, signed).ravel()) / 2
    expected = np.quantile(means, 0.95) * widened(2)
    assert noise_floor(values, 2).log_ratio == pytest.approx(expected)


def test_more_pairs_have_a_lower_floor():
    values = np.random.default_rng(24).normal(0, 0.1, 20)
    floors = [noise_floor(values, n).log_ratio for n in (1, 4, 16, 64)]
    assert floors == sorted(floors, reverse=True)


def test_floor_needs_a_pair():
    with pytest.raises(ValueError, match="log ratios"):
        noise_floor(np.array([]), 3)
