"""Values of two estimators side by side: one pair a data set and seed."""

import numpy as np

from studies.regions import is_ratio
from studies.report.loaded import StudyResults
from studies.report.tables import Measured


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


def is_timing(quantity: Measured) -> bool:
    """Whether a noise floor applies."""
    return quantity.metric.unit == "seconds"


def runs_with(results: StudyResults, quantity: Measured, column: str, name: str) -> int:
    """How many runs, of whatever status, have such a value."""
    rows = results.scores
    return int(
        (
            (rows["metric"] == quantity.metric.name)
            & (rows["split"] == quantity.split)
            & (rows[column] == name)
        ).sum()
    )


def _defined(results: StudyResults, quantity: Measured, dataset: str) -> bool:
    """Whether any run on a data set has such a value, or none has any value at all."""
    if results.scores[results.scores["dataset"] == dataset].empty:
        return True
    return bool(runs_with(results, quantity, "dataset", dataset))


def _difference(one: float, other: float, *, as_ratio: bool) -> float:
    if not as_ratio:
        return one - other
    return float(np.log(one / other)) if one > 0 and other > 0 else float("nan")
