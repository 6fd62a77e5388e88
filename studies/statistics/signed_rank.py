"""Wilcoxon's signed-rank test of paired differences, exact with ties and zeros, and its effect."""

import math
from dataclasses import dataclass

import numpy as np

ALPHA = 0.05
"""A difference is significant if its corrected p is at most this."""

_EXACT_UNTIL = 400


@dataclass(frozen=True)
class SignedRank:
    """The test's outcome.

    Parameters
    ----------
    p_value
        Two-sided; 1 if every difference is 0.
    effect
        Matched-pairs rank-biserial correlation (W⁺ − W⁻) / (W⁺ + W⁻), in [−1, 1]: 1 if every
        difference is above 0, −1 if every one is below (Kerby, 2014; King, Rosopa and Minium,
        2018); 0 if every difference is 0.
    n_zero
        Differences that are exactly 0.
    """

    p_value: float
    effect: float
    n_zero: int


def signed_rank_test(differences: np.ndarray) -> SignedRank:
    """Whether paired differences lie about 0 (Wilcoxon, 1945), zeros in Pratt's way.

    Absolute differences are ranked, ties by their mean rank, zeros among them; then the zeros'
    ranks are left out (Pratt, 1959), so that equal pairs are evidence of equality rather than
    dropped. The distribution of the sum W⁺ of positive ranks under random signs is exact up to
    400 differences; beyond it is SciPy's normal approximation.

    Parameters
    ----------
    differences
        (n,), finite.

    Raises
    ------
    ValueError
        If there is none, or one is not finite.

    Examples
    --------
    >>> signed_rank_test(np.arange(1.0, 7.0))
    SignedRank(p_value=0.03125, effect=1.0, n_zero=0)
    """
    from scipy import stats

    differences = np.asarray(differences, dtype=float)
    if len(differences) == 0 or not np.isfinite(differences).all():
        raise ValueError(f"expected finite differences, at least one, got {differences}.")
    ranks = stats.rankdata(np.abs(differences))[differences != 0]
    positive = (differences > 0)[differences != 0]
    n_zero = len(differences) - len(ranks)
    if len(ranks) == 0:
        return SignedRank(1.0, 0.0, n_zero)
    above, total = float(ranks[positive].sum()), float(ranks.sum())
    if len(differences) <= _EXACT_UNTIL:
        p_value = _exact_p(ranks, above)
    else:
        test = stats.wilcoxon(differences, zero_method="pratt", method="approx")
        p_value = float(test.pvalue)
    return SignedRank(p_value, 2 * above / total - 1, n_zero)


def smallest_p(n: int) -> float:
    """The smallest two-sided p that n pairs can give, 2 / 2ⁿ: all signs the same.

    Examples
    --------
    >>> smallest_p(5), smallest_p(6)
    (0.0625, 0.03125)
    """
    return min(1.0, 2.0 ** (1 - n))


def fewest_pairs(alpha: float = ALPHA) -> int:
    """The smallest number of pairs whose p can be at most `alpha`: the least n of 2 / 2ⁿ ≤ α.

    Examples
    --------
    >>> fewest_pairs(0.05), fewest_pairs(0.05 / 12)
    (6, 9)
    """
    return math.ceil(1 - math.log2(alpha))


def _exact_p(ranks: np.ndarray, above: float) -> float:
    """P(|W⁺ − mean| ≥ what was seen) with every sign a fair coin, by adding rank after rank."""
    doubled = np.rint(2 * ranks).astype(int)  # mean ranks are whole or half numbers
    chances = np.zeros(doubled.sum() + 1)
    chances[0] = 1.0
    for rank in doubled:
        moved = np.zeros_like(chances)
        moved[rank:] = chances[: len(chances) - rank]
        chances = (chances + moved) / 2
    sums = np.arange(len(chances))
    seen = abs(2 * round(2 * above) - doubled.sum())
    return min(1.0, float(chances[np.abs(2 * sums - doubled.sum()) >= seen].sum()))
