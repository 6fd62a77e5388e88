"""Every pair of a study's estimators, compared in every quantity that has a region."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np

from studies.metrics import metric
from studies.regions import half_width, is_ratio
from studies.report.comparison import scored_estimators
from studies.report.floor_data import floor_under, repeats
from studies.report.loaded import StudyResults
from studies.report.paired_data import is_timing, paired_values, runs_with
from studies.report.parity_data import may_be_ranked
from studies.report.tables import Measured, splits_of
from studies.statistics import (
    Evidence,
    Judgement,
    NoiseFloor,
    PairedSummary,
    fewest_pairs,
    holm,
    judge,
    summarise_pairs,
)


@dataclass(frozen=True)
class Compared:
    """Two estimators in one quantity.

    Parameters
    ----------
    one, other
        `one` is judged against `other`.
    quantity
        What they are compared in.
    summary
        Of the paired differences; of log ratios for a quantity that is compared so.
    p_corrected
        Holm's, over all comparisons of the report that have enough pairs; None for the others.
    region
        Half its width, on the scale of the summary.
    floor
        The noise floor of such a mean; None where it does not apply or was not measured.
    judgement
        What follows from these.
    """

    one: str
    other: str
    quantity: Measured
    summary: PairedSummary
    p_corrected: float | None
    region: float
    floor: NoiseFloor | None
    judgement: Judgement

    @property
    def as_ratio(self) -> bool:
        """Whether it is compared by ratio."""
        return is_ratio(self.quantity.metric)


@lru_cache(maxsize=2)
def comparisons(results: StudyResults) -> tuple[Compared, ...]:
    """Every pair of estimators in every quantity, the baseline's pairs first.

    An estimator that repeats another is compared with nobody: what its times differ by from the
    other's is the noise floor (`studies.report.floor_data`). A pair that fails the parity gate is
    not compared at all.
    """
    ranked = [pair for pair in _pairs(results) if may_be_ranked(results, *pair)]
    found = [
        (one, other, quantity, summary)
        for one, other in ranked
        for quantity in _quantities(results)
        if (summary := _summary(results, quantity, one, other)).planned
    ]
    tested = [i for i, (*_, s) in enumerate(found) if s.n >= fewest_pairs()]
    p_values = [found[i][3].p_value for i in tested]
    corrected = dict(zip(tested, holm(np.array(p_values, dtype=float)), strict=True))
    return tuple(_judged(results, *parts, corrected.get(i)) for i, parts in enumerate(found))


def against_baseline(results: StudyResults, metric_name: str, split: str) -> list[Compared]:
    """Every other estimator's comparison with the baseline in one quantity, where there is one."""
    return [
        c
        for c in comparisons(results)
        if c.other == results.baseline
        and (c.quantity.metric.name, c.quantity.split) == (metric_name, split)
    ]


def tested_comparisons(compared: tuple[Compared, ...]) -> int:
    """How many comparisons Holm's correction is over."""
    return sum(c.p_corrected is not None for c in compared)


def _judged(
    results: StudyResults,
    one: str,
    other: str,
    quantity: Measured,
    summary: PairedSummary,
    p_corrected: float | None,
) -> Compared:
    region = half_width(quantity.metric, results.regions[quantity.metric.name])
    floor = floor_under(results, quantity, one, other, summary.n) if is_timing(quantity) else None
    evidence = Evidence(
        n=summary.n,
        centre=summary.mean,
        interval=summary.interval.bounds,
        p_value=p_corrected,
        region=region,
        floor=None if floor is None else floor.log_ratio,
        higher_is_better=quantity.metric.better == "higher",
    )
    return Compared(one, other, quantity, summary, p_corrected, region, floor, judge(evidence))


def _pairs(results: StudyResults) -> list[tuple[str, str]]:
    """(one, other): all pairs of first names, the baseline's first."""
    again = repeats(results)
    names = [n for n in [results.baseline, *results.others] if n not in again]
    return [(one, other) for other, one in combinations(names, 2)]


def _quantities(results: StudyResults) -> list[Measured]:
    """All with a region; no times where the study does not compare them."""
    found = [Measured(metric(m), s) for m in results.regions for s in splits_of(results, m)]
    return [q for q in found if results.compares_times or not is_timing(q)]


def _summary(results: StudyResults, quantity: Measured, one: str, other: str) -> PairedSummary:
    if not (_can_have(results, quantity, one) and _can_have(results, quantity, other)):
        return summarise_pairs(np.array([]))
    return summarise_pairs(np.array(list(paired_values(results, quantity, one, other).values())))


def _can_have(results: StudyResults, quantity: Measured, estimator: str) -> bool:
    """Whether an estimator has such a value anywhere, or left none at all and might have."""
    rows = results.scores[results.scores["estimator"] == estimator]
    if rows.empty:
        return not quantity.split or estimator in scored_estimators(results)
    return bool(runs_with(results, quantity, "estimator", estimator))
