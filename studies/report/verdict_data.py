"""Every pair of a study's estimators, compared in every quantity that has a region."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from studies.metrics import metric
from studies.regions import half_width, is_ratio
from studies.report.comparison import scored_estimators
from studies.report.loaded import StudyResults
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
    noise_floor,
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


def comparisons(results: StudyResults) -> tuple[Compared, ...]:
    """Every pair of estimators in every quantity, the baseline's pairs first.

    An estimator that repeats another is compared with that one alone, and in time alone: that is
    the noise floor's own check. A pair that fails the parity gate is not compared at all.
    """
    ranked = [pair for pair in _pairs(results) if may_be_ranked(results, *pair)]
    found = [
        (one, other, quantity, summary)
        for one, other in ranked
        for quantity in _quantities(results)
        if is_timing(quantity) or not _is_repeat(results, one, other)
        if (summary := _summary(results, quantity, one, other)).planned
    ]
    tested = [i for i, (*_, s) in enumerate(found) if s.n >= fewest_pairs()]
    p_values = [found[i][3].p_value for i in tested]
    corrected = dict(zip(tested, holm(np.array(p_values, dtype=float)), strict=True))
    return tuple(_judged(results, *parts, corrected.get(i)) for i, parts in enumerate(found))


def tested_comparisons(compared: tuple[Compared, ...]) -> int:
    """How many comparisons Holm's correction is over."""
    return sum(c.p_corrected is not None for c in compared)


def repeats(results: StudyResults) -> dict[str, str]:
    """Estimators that are another one under a second name, and the first name of each."""
    first: dict[tuple[str, str], str] = {}
    found = {}
    for name in [results.baseline, *results.others]:
        entry = results.document.get("estimators", {}).get(name) or {}
        settings = entry.get("settings") or {}
        content = (results.registered(name), str(sorted(settings.items())))
        if content in first:
            found[name] = first[content]
        first.setdefault(content, name)
    return found


def paired_values(
    results: StudyResults, quantity: Measured, one: str, other: str
) -> dict[tuple[str, int], float]:
    """Difference (or log ratio), `one` less `other`, by data set and seed.

    Every pair of planned runs is there, with NaN if one of the two left no value. Left out are
    data sets where the two are likelihoods of different kinds, and those where the quantity is not
    defined (classes known to nobody).
    """
    found = {}
    for dataset in results.datasets:
        if not results.comparable(dataset, one, other) or not _defined(results, quantity, dataset):
            continue
        name, split = quantity.metric.name, quantity.split
        ours, theirs = (results.values(name, split, dataset, e) for e in (one, other))
        seeds = (set(results.runs(dataset, e)["seed"]) for e in (one, other))
        for seed in sorted(set.intersection(*seeds)):
            pair = float(ours.get(seed, np.nan)), float(theirs.get(seed, np.nan))
            found[dataset, int(seed)] = _difference(*pair, as_ratio=is_ratio(quantity.metric))
    return found


def floor_under(results: StudyResults, quantity: Measured, n_pairs: int) -> NoiseFloor | None:
    """The highest floor of the study's repeated estimators; None if there are none."""
    floors = []
    for name, first in repeats(results).items():
        values = np.array(list(paired_values(results, quantity, name, first).values()))
        values = values[~np.isnan(values)]
        if len(values) and n_pairs:
            floors.append(noise_floor(values, n_pairs))
    return max(floors, key=lambda f: f.log_ratio, default=None)


def is_timing(quantity: Measured) -> bool:
    """Whether a noise floor applies."""
    return quantity.metric.unit == "seconds"


def _judged(
    results: StudyResults,
    one: str,
    other: str,
    quantity: Measured,
    summary: PairedSummary,
    p_corrected: float | None,
) -> Compared:
    region = half_width(quantity.metric, results.regions[quantity.metric.name])
    floor = floor_under(results, quantity, summary.n) if is_timing(quantity) else None
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
    """(one, other): all pairs of first names, then each repeat with its own first name."""
    again = repeats(results)
    names = [n for n in [results.baseline, *results.others] if n not in again]
    return [(one, other) for other, one in combinations(names, 2)] + list(again.items())


def _is_repeat(results: StudyResults, one: str, other: str) -> bool:
    return repeats(results).get(one) == other


def _quantities(results: StudyResults) -> list[Measured]:
    return [Measured(metric(m), s) for m in results.regions for s in splits_of(results, m)]


def _summary(results: StudyResults, quantity: Measured, one: str, other: str) -> PairedSummary:
    if not (_can_have(results, quantity, one) and _can_have(results, quantity, other)):
        return summarise_pairs(np.array([]))
    return summarise_pairs(np.array(list(paired_values(results, quantity, one, other).values())))


def _can_have(results: StudyResults, quantity: Measured, estimator: str) -> bool:
    """Whether an estimator has such a value anywhere, or left none at all and might have."""
    rows = results.scores[results.scores["estimator"] == estimator]
    if rows.empty:
        return not quantity.split or estimator in scored_estimators(results)
    return bool(_of(results, quantity, "estimator", estimator))


def _defined(results: StudyResults, quantity: Measured, dataset: str) -> bool:
    """Whether any run on a data set has such a value, or none has any value at all."""
    if results.scores[results.scores["dataset"] == dataset].empty:
        return True
    return bool(_of(results, quantity, "dataset", dataset))


def _of(results: StudyResults, quantity: Measured, column: str, name: str) -> int:
    """How many runs, of whatever status, have such a value."""
    rows = results.scores
    return int(
        (
            (rows["metric"] == quantity.metric.name)
            & (rows["split"] == quantity.split)
            & (rows[column] == name)
        ).sum()
    )


def _difference(one: float, other: float, *, as_ratio: bool) -> float:
    if not as_ratio:
        return one - other
    return float(np.log(one / other)) if one > 0 and other > 0 else float("nan")
