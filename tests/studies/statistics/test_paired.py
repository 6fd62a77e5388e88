"""Intervals, the rank test and Holm's correction against enumeration and against SciPy."""

from itertools import chain, combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from studies.statistics import (
    bca_interval,
    fewest_pairs,
    holm,
    signed_rank_test,
    smallest_p,
    summarise_pairs,
)

RANDOM = np.random.default_rng(20260101)


def exact_bca(values: np.ndarray, shift: float) -> tuple[float, float]:
    """Efron's (1987) formula on all nⁿ resamples, its two levels moved outwards by `shift`."""
    n = len(values)
    means = np.sort(np.array(list(product(values, repeat=n))).mean(axis=1))
    below = (means < values.mean() - 1e-12).mean() + (means <= values.mean() + 1e-12).mean()
    bias = stats.norm.ppf(below / 2)
    without = (values.sum() - values) / (n - 1)
    pull = without.mean() - without
    acceleration = (pull**3).sum() / (6 * (pull**2).sum() ** 1.5)
    ends = []
    for level, sign in ((0.025, -1), (0.975, 1)):
        z = bias + stats.norm.ppf(level)
        moved = stats.norm.cdf(bias + z / (1 - acceleration * z)) + sign * shift
        ends.append(float(np.quantile(means, np.clip(moved, 0, 1))))
    return ends[0], ends[1]


# The levels' Monte Carlo error with 4,999 resamples: 0.0022 from the quantile itself and, through
# the bias z₀ with standard error 0.5 / √4999 / φ(0) = 0.018 and slope 2 φ(1.96) = 0.12, 0.0021.
LEVEL_ERROR = 4 * (0.0022 + 0.0021)


@pytest.mark.parametrize("values", [[0.3, 1.2, -0.4, 0.9, 4.0], [1.0, 2.0, 2.5, 2.75, 7.0]])
def test_interval_is_efrons_formula_on_all_resamples(values):
    values = np.array(values)
    low, high = bca_interval(values).bounds
    outer, inner = exact_bca(values, LEVEL_ERROR), exact_bca(values, -LEVEL_ERROR)
    assert outer[0] <= low <= inner[0]
    assert inner[1] <= high <= outer[1]
    assert low < values.mean() < high


@pytest.mark.parametrize("scale", [1e-170, 1e-15, 1e12])
def test_interval_moves_with_the_unit(scale):
    values = RANDOM.normal(0.3, 1, 12)
    expected = np.array(bca_interval(values).bounds) * scale
    assert bca_interval(values * scale).bounds == pytest.approx(tuple(expected), rel=1e-9, abs=0)


def test_interval_is_the_same_each_time():
    values = RANDOM.normal(0, 1, 9)
    assert bca_interval(values) == bca_interval(values)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0]])
def test_too_few_values_have_words_and_no_interval(values):
    found = bca_interval(np.array(values))
    assert found.bounds is None
    assert "at least 3" in found.note


def test_equal_values_have_a_point_and_words():
    found = bca_interval(np.full(7, -0.1))
    assert found.bounds == (-0.1, -0.1)
    assert found.note == "all 7 values are equal"


def test_values_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="finite"):
        bca_interval(np.array([1.0, np.nan, 2.0]))


def p_by_enumeration(differences: np.ndarray) -> float:
    """All 2ⁿ signs of the differences that are not 0, with Pratt's ranks."""
    ranks = stats.rankdata(np.abs(differences))[differences != 0]
    if len(ranks) == 0:
        return 1.0
    seen = abs((ranks * np.sign(differences[differences != 0])).sum())
    signs = np.array(list(product([-1, 1], repeat=len(ranks))))
    return float((np.abs(signs @ ranks) >= seen - 1e-9).mean())


@settings(max_examples=60)
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=9))
def test_p_is_exact_with_ties_and_zeros(differences):
    values = np.array(differences, dtype=float)
    assert signed_rank_test(values).p_value == pytest.approx(p_by_enumeration(values), abs=1e-12)


@pytest.mark.parametrize("n", [6, 15, 48])
def test_p_without_ties_is_scipys_exact_one(n):
    values = RANDOM.normal(0.3, 1, n)
    expected = stats.wilcoxon(values, method="exact").pvalue
    assert signed_rank_test(values).p_value == pytest.approx(expected, rel=1e-10)


def test_many_pairs_have_the_normal_approximation():
    # The first term left out: excess kurtosis −3.6 / n over 24, times 2 max|He₃ φ| = 1.1.
    error = 3.6 / 401 / 24 * 1.1 + 0.4 * 0.5 / np.sqrt(401 * 402 * 803 / 24) * 2
    values = RANDOM.normal(0.05, 1, 401)
    expected = stats.wilcoxon(values, method="exact").pvalue
    assert signed_rank_test(values).p_value == pytest.approx(expected, abs=error)


@pytest.mark.parametrize(
    ("differences", "effect"),
    [
        ([1, 2, 3], 1),
        ([-1, -2, -3], -1),
        ([-1, 2, 3], (5 - 1) / 6),
        ([0, -1, 2], (3 - 2) / 5),
        ([0, 0], 0),
    ],
)
def test_effect_is_the_share_of_favourable_ranks_less_the_others(differences, effect):
    assert signed_rank_test(np.array(differences, float)).effect == pytest.approx(effect)


def test_smallest_p_and_fewest_pairs():
    for n in (1, 5, 6, 10):
        assert signed_rank_test(np.arange(1.0, n + 1)).p_value == pytest.approx(smallest_p(n))
    for alpha in (0.05, 0.05 / 7, 2.0**-9):
        n = fewest_pairs(alpha)
        assert smallest_p(n) <= alpha < smallest_p(n - 1)


@settings(max_examples=60)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_is_the_closed_test_with_bonferroni(p_values):
    """Corrected p = the largest |S| min p over the sets S of hypotheses that hold this one."""
    p = np.array(p_values)
    indices = range(len(p))
    subsets = list(chain.from_iterable(combinations(indices, k) for k in range(1, len(p) + 1)))
    expected = [
        max(min(1.0, len(s) * min(p[j] for j in s)) for s in subsets if i in s) for i in indices
    ]
    np.testing.assert_allclose(holm(p), expected, rtol=1e-12)


def test_holm_of_nothing_is_nothing():
    assert len(holm(np.array([]))) == 0


def test_missing_pairs_are_counted():
    found = summarise_pairs(np.array([0.2, np.nan, -0.1, 0.0, np.nan, 0.3]))
    assert (found.n, found.planned) == (4, 6)
    assert (found.above, found.equal, found.below) == (2, 1, 1)
    assert found.mean == pytest.approx(0.1)
    assert found.median == pytest.approx(0.1)


def test_no_pair_at_all_is_no_error():
    found = summarise_pairs(np.array([np.nan, np.nan]))
    assert (found.n, found.planned, found.p_value, found.interval.bounds) == (0, 2, None, None)


@settings(max_examples=80)
@given(st.lists(st.sampled_from([0.0, 1.0, -1.0, 1e-16, -1e-300, 1e300]), min_size=1, max_size=8))
def test_a_summary_is_never_nan(differences):
    found = summarise_pairs(np.array(differences), resamples=199)
    assert 0 < found.p_value <= 1
    assert -1 <= found.effect <= 1
    if found.interval.bounds is None:
        assert found.interval.note
    else:
        assert np.isfinite(found.interval.bounds).all()
