"""How far each value moved from one set of results to the other, and whether that is noise.

Values come in two sorts. Scores and counts of steps are reproducible: with the same seed, data and
code they come out the same but for rounding, so that any run whose value differs by more has moved.
Times, memory and rates are measured: each has noise, and has moved only if a test says so.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from studies.comparing.matching import Matching
from studies.comparing.measured import judge_measured
from studies.comparing.value import ALL_DATASETS, ComparedValue, Finding, is_measured
from studies.metrics import Kind, Metric, metric
from studies.regions import is_ratio
from studies.report.loaded import StudyResults
from studies.report.tables import Measured
from studies.statistics import summarise_pairs

ROUNDING: dict[Kind, float] = {"mixture": 1e-9, "vae": 2e-5}
"""Relative difference of reproducible values that is rounding alone.

A mean over N values in precision u is off by about √N u (Higham, 2002, section 4.2, rounding errors
as a random walk). Mixtures: u = 1.1e-16 and N = 10⁶ give 1e-13, times 10⁴ for covariances of such a
condition number. VAEs: u = 6e-8 and N = 60,000 give 1.5e-5.
"""


def compare_values(
    a: StudyResults, b: StudyResults, matching: Matching, *, times_comparable: bool
) -> tuple[ComparedValue, ...]:
    """Every quantity of the two studies' tables, by data set and estimator.

    Measured ones are also compared over all data sets together, which finds what is too small, or
    has too few seeds, to be found on one.

    Parameters
    ----------
    a, b
        Before and after.
    matching
        Of their runs; only common ones are compared.
    times_comparable
        Whether times and other measured values are judged at all.
    """
    places = list(dict.fromkeys((d, e) for d, e, _ in matching.common))
    found = [
        value
        for quantity in _quantities(a, b)
        for dataset, estimator in places
        if (value := _compared(a, b, matching, quantity, dataset, estimator)) is not None
    ]
    found += _over_all_datasets(found)
    measured = [value for value in found if value.as_ratio]
    judged = iter(judge_measured(a, b, measured, comparable=times_comparable))
    return tuple(next(judged) if value.as_ratio else value for value in found)


def _quantities(a: StudyResults, b: StudyResults) -> list[Measured]:
    names = dict.fromkeys([*a.metrics, *b.metrics, *a.regions, *b.regions])
    return [
        Measured(metric(name), split)
        for name in names
        for split in ("", "train", "test")
        if a.has(name, split) or b.has(name, split)
    ]


def _compared(
    a: StudyResults,
    b: StudyResults,
    matching: Matching,
    quantity: Measured,
    dataset: str,
    estimator: str,
) -> ComparedValue | None:
    """The pairs of one place; None if neither set has a value there."""
    seeds = [s for d, e, s in matching.common if (d, e) == (dataset, estimator)]
    name, split = quantity.metric.name, quantity.split
    before, after = (r.values(name, split, dataset, estimator).reindex(seeds) for r in (a, b))
    if before.isna().all() and after.isna().all():
        return None
    both = before.notna() & after.notna()
    # Over the same runs, or a run that failed on one side would move the median of that side.
    medians = [series[both] if both.any() else series for series in (before, after)]
    shifts = _differences(before, after, as_ratio=is_measured(quantity.metric))
    finding, reason = _reproduced(a, b, quantity.metric, before, after)
    return ComparedValue(
        dataset=dataset,
        estimator=estimator,
        quantity=quantity,
        before=float(medians[0].median()),
        after=float(medians[1].median()),
        differences=tuple(shifts),
        summary=summarise_pairs(shifts),
        finding=finding,
        reason=reason,
    )


def _differences(before: pd.Series, after: pd.Series, *, as_ratio: bool) -> np.ndarray:
    one, other = before.to_numpy(float), after.to_numpy(float)
    if not as_ratio:
        return other - one
    possible = (one > 0) & (other > 0)
    ratios = np.full(len(one), np.nan)
    ratios[possible] = np.log(other[possible] / one[possible])
    return ratios


def _reproduced(
    a: StudyResults, b: StudyResults, quantity: Metric, before: pd.Series, after: pd.Series
) -> tuple[Finding, str]:
    """Whether reproducible values are the same in every run; in which way they moved if not."""
    both = before.notna() & after.notna()
    one, other = before[both].to_numpy(float), after[both].to_numpy(float)
    if not len(one):
        return "undecided", "no run has it in both"
    moved = np.abs(other - one)
    beyond = moved > ROUNDING[a.kind] * np.maximum(1.0, np.abs(one))
    if not beyond.any():
        return "same", "equal" if np.all(moved == 0) else "within rounding"
    reason = f"{int(beyond.sum())} of {len(one)} runs beyond rounding"
    size = b.regions.get(quantity.name)
    if size is not None and not is_ratio(quantity) and np.all(moved <= size):
        reason += ", all within what the study calls equivalent"
    mean = float(np.mean(other - one))
    if not quantity.better or mean == 0:
        return "changed", reason
    return ("better" if (mean > 0) == (quantity.better == "higher") else "worse"), reason


def _over_all_datasets(values: Sequence[ComparedValue]) -> list[ComparedValue]:
    """The measured values of each estimator that is on several data sets, their pairs together."""
    groups: dict[tuple[str, Measured], list[ComparedValue]] = {}
    for value in values:
        if value.as_ratio:
            groups.setdefault((value.estimator, value.quantity), []).append(value)
    found = []
    for group in groups.values():
        shifts = tuple(shift for value in group for shift in value.differences)
        whole = replace(
            group[0],
            dataset=ALL_DATASETS,
            before=math.nan,
            after=math.nan,
            differences=shifts,
            summary=summarise_pairs(np.array(shifts)),
        )
        found += [whole] if len(group) > 1 else []
    return found
