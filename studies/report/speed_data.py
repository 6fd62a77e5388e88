"""Time per iteration at every size, and which of two implementations' times may be compared."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from studies.report.loaded import StudyResults
from studies.report.parity_data import may_be_ranked
from suite.registry import ESTIMATORS

SIMULATED_GROUPS = ("sizes", "over-n", "over-d", "over-k", "to-target")
"""Sweeps over simulated data, told apart by their sizes; other groups are tables of their own."""

DOUBLE_PARITY, SINGLE_PARITY = 1e-9, 1e-4
"""Largest relative difference of two log-likelihoods after the same iterations from the same start.

In double precision the same arithmetic in another order. In single precision a sum over N rows is
known to about √N roundings of 6×10⁻⁸: 6×10⁻⁵ for a million rows.
"""


@dataclass(frozen=True)
class Point:
    """One data set and setting whose iterations are timed.

    Parameters
    ----------
    dataset
        Its name in the study.
    group
        The sweep it belongs to; its own name outside sweeps.
    n_rows, n_features, n_components
        N, D, K.
    covariance_type
        The covariances fitted.
    """

    dataset: str
    group: str
    n_rows: int
    n_features: int
    n_components: int
    covariance_type: str

    @property
    def size(self) -> tuple[int, int, int]:
        """(N, D, K)."""
        return self.n_rows, self.n_features, self.n_components


def timed_points(results: StudyResults, groups: Sequence[str] | None = None) -> list[Point]:
    """The data sets of these groups, or all, of which any run ended well, in the study's order."""
    points = []
    for dataset in results.datasets:
        group = group_of(results, dataset)
        facts = results.facts(dataset)
        if not facts or (groups is not None and group not in groups):
            continue
        settings = results.settings(dataset, results.baseline)
        points.append(
            Point(
                dataset,
                group,
                int(facts["n_train"]),
                int(facts["n_features"]),
                int(settings.get("n_components", 1)),
                str(settings.get("covariance_type", "full")),
            )
        )
    return points


def group_of(results: StudyResults, dataset: str) -> str:
    """The sweep that a data set is a point of; its own name outside sweeps."""
    entry = results.document.get("datasets", {}).get(dataset) or {}
    return str(entry.get("group") or dataset)


def step_seconds(results: StudyResults, dataset: str, estimator: str) -> float:
    """Median over repetitions of the time per iteration; NaN without any."""
    values = results.values("step_seconds", "", dataset, estimator)
    return float(values.median()) if len(values) else math.nan


def is_em(results: StudyResults, estimator: str) -> bool:
    """Whether its steps are iterations of EM, so that after the same number all must agree."""
    spec = ESTIMATORS.get(results.registered(estimator))
    return spec is not None and spec.step == "iteration"


def is_single(results: StudyResults, dataset: str, estimator: str) -> bool:
    """Whether it computes in single precision."""
    spec = ESTIMATORS.get(results.registered(estimator))
    peer = spec is not None and spec.extra is not None
    return peer or results.settings(dataset, estimator).get("dtype") == "float32"


def parity(results: StudyResults, dataset: str, one: str, other: str) -> float:
    """Largest relative difference of two log-likelihoods over repetitions; NaN without pairs."""
    pairs = results.pairs("log_likelihood", "train", dataset, one, other)
    if pairs.empty:
        return math.nan
    return float(((pairs["one"] - pairs["other"]).abs() / pairs["other"].abs()).max())


def allowed_difference(results: StudyResults, dataset: str, one: str, other: str) -> float:
    """What `parity` may be for the two to be ranked."""
    single = any(is_single(results, dataset, name) for name in (one, other))
    return SINGLE_PARITY if single else DOUBLE_PARITY


def is_ranked(results: StudyResults, dataset: str, one: str, other: str) -> bool:
    """Whether the two are at the same place after the same steps, and so may be ranked."""
    if not may_be_ranked(results, one, other):
        return False
    difference = parity(results, dataset, one, other)
    return difference <= allowed_difference(results, dataset, one, other)


def speedups(results: StudyResults, dataset: str, fast: str, slow: str) -> dict[int, float]:
    """By repetition, how many of `fast`'s iterations fit into one of `slow`'s.

    Nothing if the two may not be ranked.
    """
    if not is_ranked(results, dataset, fast, slow):
        return {}
    pairs = results.pairs("step_seconds", "", dataset, slow, fast)
    return {int(seed): float(one / other) for seed, one, other in pairs.itertuples()}


@dataclass(frozen=True)
class Speedup:
    """A ratio of times over some sizes: the geometric mean, and how sure it is.

    Parameters
    ----------
    mean
        The geometric mean over sizes, the median over repetitions.
    low, high
        Its smallest and largest over repetitions.
    least
        The smallest ratio at any one size, the median over repetitions.
    repetitions
        How many repetitions have every size.
    """

    mean: float
    low: float
    high: float
    least: float
    repetitions: int


def combined(results: StudyResults, points: Sequence[Point], fast: str, slow: str) -> Speedup:
    """The speedup over all of `points`; NaN and no repetitions if any of them lacks a ratio."""
    ratios = [speedups(results, point.dataset, fast, slow) for point in points]
    seeds = set.intersection(*(set(r) for r in ratios)) if ratios else set()
    if not seeds:
        return Speedup(math.nan, math.nan, math.nan, math.nan, 0)
    table = np.array([[r[seed] for r in ratios] for seed in sorted(seeds)])
    means = np.exp(np.log(table).mean(axis=1))
    least = float(np.median(table, axis=0).min())
    return Speedup(
        float(np.median(means)), float(means.min()), float(means.max()), least, len(seeds)
    )
