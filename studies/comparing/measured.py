"""Whether times, memory and rates moved, by the same table of truth as the reports' verdicts."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from studies.comparing.value import ComparedValue
from studies.regions import USUAL_REGIONS, half_width
from studies.report.floor_data import floor_under
from studies.report.loaded import StudyResults
from studies.report.paired_data import is_timing
from studies.statistics import Evidence, fewest_pairs, holm, judge


def judge_measured(
    a: StudyResults, b: StudyResults, values: Sequence[ComparedValue], *, comparable: bool
) -> list[ComparedValue]:
    """The values with what is found of each.

    A value has moved if its log ratios are significant (Wilcoxon's signed ranks, with Holm's
    correction over all values that have enough pairs), the interval of their mean leaves out 0,
    and the mean is beyond the noise floor, the higher of the two sets' own. One whose interval lies
    in the region of equivalence has not. The region is the study's; for what it states none, that
    of fitting times.

    Parameters
    ----------
    a, b
        Before and after.
    values
        Measured ones.
    comparable
        Whether both were measured on one machine, or are to be judged as if they were.
    """
    tested = [i for i, value in enumerate(values) if value.summary.n >= fewest_pairs()]
    p_values = [values[i].summary.p_value for i in tested]
    corrected = dict(zip(tested, holm(np.array(p_values, dtype=float)), strict=True))
    return [
        _judged(a, b, value, corrected.get(i), comparable=comparable)
        for i, value in enumerate(values)
    ]


def _judged(
    a: StudyResults,
    b: StudyResults,
    value: ComparedValue,
    p_value: float | None,
    *,
    comparable: bool,
) -> ComparedValue:
    summary = value.summary
    if summary.n == 0:
        return replace(value, finding="undecided", reason="no run has it in both")
    if summary.equal == summary.n:
        return replace(value, finding="same", reason="equal")
    if not comparable:
        return replace(value, finding="not comparable", reason="not measured on one machine")
    name = value.quantity.metric.name
    usual = USUAL_REGIONS[a.kind]["fit_seconds"]
    judgement = judge(
        Evidence(
            n=summary.n,
            centre=summary.mean,
            interval=summary.interval.bounds,
            p_value=p_value,
            region=half_width(value.quantity.metric, b.regions.get(name, usual)),
            floor=_floor(a, b, value),
            higher_is_better=value.quantity.metric.better == "higher",
        )
    )
    return replace(value, finding=judgement.verdict, reason=_in_words(judgement.reason, summary.n))


def _floor(a: StudyResults, b: StudyResults, value: ComparedValue) -> float | None:
    """The higher of the noise floors that the two sets measured; None if neither did."""
    if not is_timing(value.quantity):
        return None
    estimator, n = value.estimator, value.summary.n
    floors = [floor_under(r, value.quantity, estimator, estimator, n) for r in (a, b)]
    return max((f.log_ratio for f in floors if f and math.isfinite(f.log_ratio)), default=None)


def _in_words(reason: str, n: int) -> str:
    if reason == "too few pairs":
        return f"{n} pairs, {fewest_pairs()} needed to tell"
    return reason
