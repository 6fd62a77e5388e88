"""From an interval, a region, a p-value and a noise floor to a verdict: one table of truth."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from studies.statistics.signed_rank import ALPHA, fewest_pairs

Verdict = Literal["better", "worse", "equivalent", "undecided", "tie"]

Reason = Literal[
    "no pairs",
    "too few pairs",
    "below the floor",
    "no interval",
    "inside the region",
    "significant",
    "reaches into the region",
    "interval includes 0",
    "not significant",
]


@dataclass(frozen=True)
class Evidence:
    """All that a verdict depends on.

    Parameters
    ----------
    n
        Pairs.
    centre
        The mean difference, of log values where ratios are compared.
    interval
        Its confidence interval; None if there is none.
    p_value
        Two-sided and corrected for the number of comparisons; None if there was no test.
    region
        Half the width of the region of practical equivalence about 0; None if none was stated.
    floor
        The noise floor of timings; None where it does not apply or was not measured.
    higher_is_better
        Which way is good.
    """

    n: int
    centre: float
    interval: tuple[float, float] | None
    p_value: float | None
    region: float | None = None
    floor: float | None = None
    higher_is_better: bool = True


@dataclass(frozen=True)
class Judgement:
    """A verdict, and which line of the table it comes from."""

    verdict: Verdict
    reason: Reason


def judge(evidence: Evidence) -> Judgement:
    """The first line of the table of truth that holds.

    | if | verdict |
    | --- | --- |
    | there is no pair, or there are fewer than six, whose smallest p is over 0.05 | undecided |
    | the mean is at most the noise floor | tie |
    | there is no interval | undecided |
    | the interval lies in the region | equivalent, significant or not |
    | p ≤ 0.05 and the interval leaves out 0 | better or worse |
    | p ≤ 0.05 but the interval includes 0 | undecided: ranks and mean disagree |
    | else | undecided |

    Two tests must agree for "better" and "worse": the ranks, whose error rate over the study Holm's
    correction bounds, and the interval of the mean that is printed. "Equivalent" is the interval's
    inclusion in the region (two one-sided tests, Schuirmann, 1987, at half of 5% each).

    Examples
    --------
    >>> judge(Evidence(n=20, centre=0.2, interval=(0.1, 0.3), p_value=0.001, region=0.01))
    Judgement(verdict='better', reason='significant')
    """
    for holds, verdict, reason in _TABLE:
        if holds(evidence):
            return Judgement(verdict(evidence), reason)
    raise AssertionError("the table's last line always holds")


def _undecided(evidence: Evidence) -> Verdict:
    return "undecided"


def _tie(evidence: Evidence) -> Verdict:
    return "tie"


def _equivalent(evidence: Evidence) -> Verdict:
    return "equivalent"


def _direction(evidence: Evidence) -> Verdict:
    return "better" if (evidence.centre > 0) == evidence.higher_is_better else "worse"


def _bounds(evidence: Evidence) -> tuple[float, float]:
    return evidence.interval or (float("-inf"), float("inf"))


def _below_floor(evidence: Evidence) -> bool:
    return evidence.floor is not None and abs(evidence.centre) <= evidence.floor


def _inside_region(evidence: Evidence) -> bool:
    low, high = _bounds(evidence)
    return evidence.region is not None and -evidence.region <= low and high <= evidence.region


def _significant(evidence: Evidence) -> bool:
    return evidence.p_value is not None and evidence.p_value <= ALPHA


def _leaves_out_zero(evidence: Evidence) -> bool:
    low, high = _bounds(evidence)
    return low > 0 or high < 0


def _beyond_region(evidence: Evidence) -> bool:
    low, high = _bounds(evidence)
    return low > (evidence.region or 0) or high < -(evidence.region or 0)


_Line = tuple[Callable[[Evidence], bool], Callable[[Evidence], Verdict], Reason]

_TABLE: tuple[_Line, ...] = (
    (lambda e: e.n == 0, _undecided, "no pairs"),
    (lambda e: e.n < fewest_pairs(), _undecided, "too few pairs"),
    (_below_floor, _tie, "below the floor"),
    (lambda e: e.interval is None, _undecided, "no interval"),
    (_inside_region, _equivalent, "inside the region"),
    (lambda e: _significant(e) and _beyond_region(e), _direction, "significant"),
    (lambda e: _significant(e) and _leaves_out_zero(e), _direction, "reaches into the region"),
    (_significant, _undecided, "interval includes 0"),
    (lambda e: True, _undecided, "not significant"),
)
