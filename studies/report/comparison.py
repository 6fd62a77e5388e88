"""Comparisons of runs on the same data set and seed: differences, ratios, time to a target."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from studies.report.loaded import StudyResults
from studies.statistics import CONFIDENCE
from suite.registry import ESTIMATORS


def normal_interval(values: np.ndarray) -> tuple[float, float]:
    """The 95% interval of the mean of many independent values (normal approximation)."""
    from scipy import stats

    half = stats.norm.ppf(0.5 + CONFIDENCE / 2) * stats.sem(values)
    return float(values.mean() - half), float(values.mean() + half)


def seed_differences(
    results: StudyResults, metric: str, split: str, dataset: str, estimator: str
) -> np.ndarray:
    """The estimator's values less the baseline's, on the seeds that both have.

    Nothing if the two are likelihoods of different kinds.
    """
    if not results.comparable(dataset, estimator, results.baseline):
        return np.array([])
    pairs = results.pairs(metric, split, dataset, estimator, results.baseline)
    return (pairs["one"] - pairs["other"]).to_numpy()


def time_ratios(results: StudyResults, dataset: str, estimator: str) -> np.ndarray:
    """The estimator's fitting time over the baseline's, seed by seed."""
    pairs = results.pairs("fit_seconds", "", dataset, estimator, results.baseline)
    pairs = pairs[pairs["other"] > 0]
    return (pairs["one"] / pairs["other"]).to_numpy()


def datum_differences(
    results: StudyResults, quantity: str, dataset: str, estimator: str, seed: int
) -> np.ndarray | None:
    """The estimator's values less the baseline's, test datum by test datum, of one seed.

    None where `datum_scores` is.
    """
    pair = datum_scores(results, quantity, dataset, estimator, seed)
    return None if pair is None else pair[0] - pair[1]


def datum_scores(
    results: StudyResults, quantity: str, dataset: str, estimator: str, seed: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """The estimator's and the baseline's values, test datum by test datum, of one seed.

    None if either run has no such values, or they are of different data or of likelihoods of
    different kinds.
    """
    if not results.comparable(dataset, estimator, results.baseline):
        return None
    one, other = (
        results.arrays(dataset, name, seed).get(quantity) for name in (estimator, results.baseline)
    )
    if one is None or other is None or one.shape != other.shape or len(one) < 2:
        return None
    return one.astype(np.float64), other.astype(np.float64)


def target_metric(results: StudyResults) -> tuple[str, str]:
    """The metric and split of the common target: what a run's progress is measured by."""
    return ("log_likelihood", "train") if results.kind == "mixture" else ("elbo", "test")


def shortfalls(
    results: StudyResults, dataset: str, measured: tuple[str, str] | None = None
) -> pd.DataFrame:
    """The way to the target's metric with a column "below_best".

    That is how far a value lies below the best that any estimator reached on the way, on the same
    data set and seed, in nats per datum. Where the study's estimators have likelihoods of different
    kinds, the best is that of each kind: a density of grey pixels and a probability of bits share
    no target. `measured` is another metric and split than `target_metric`.
    """
    way = results.traced(*(measured or target_metric(results)), dataset).copy()
    kinds = way["estimator"].map(lambda name: results.scale(dataset, name))
    best = way.groupby([way["seed"], kinds])["value"].transform("max")
    way["below_best"] = best - way["value"]
    return way


def times_to_target(
    results: StudyResults,
    datasets: Sequence[str] | None = None,
    measured: tuple[str, str] | None = None,
) -> pd.DataFrame:
    """When each planned run first came within the target's distance of the best.

    Columns: dataset, estimator, seed, reached, steps, seconds. A run that never did, or that did
    not end well, has NaN: it is a miss and stays in the count. Estimators that have no such
    metric (a plain autoencoder) are left out. All data sets if `datasets` is left out; `measured`
    is another metric and split than `target_metric`.
    """
    rows = []
    for dataset in results.datasets if datasets is None else datasets:
        way = shortfalls(results, dataset, measured)
        there = way[way["below_best"] <= results.target]
        ordered = there.sort_values("step").drop_duplicates(["estimator", "seed"])
        first = {
            (str(e), int(s)): (float(step), float(seconds))
            for e, s, step, seconds, *_ in ordered.itertuples(index=False)
        }
        for estimator in scored_estimators(results):
            for seed in results.runs(dataset, estimator)["seed"]:
                steps, seconds = first.get((estimator, int(seed)), (math.nan, math.nan))
                reached = math.isfinite(steps)
                rows.append((dataset, estimator, int(seed), reached, steps, seconds))
    columns = ["dataset", "estimator", "seed", "reached", "steps", "seconds"]
    return pd.DataFrame(rows, columns=columns)


def scored_estimators(results: StudyResults) -> list[str]:
    """The estimators that can have a likelihood or bound at all: all but plain autoencoders."""
    specs = {name: ESTIMATORS.get(results.registered(name)) for name in results.estimators}
    return [n for n, spec in specs.items() if spec is None or spec.family != "autoencoder"]


def median_with_misses(values: pd.Series) -> float:
    """The median of times, a miss (NaN) counting as later than any time; NaN if it is a miss.

    Examples
    --------
    >>> median_with_misses(pd.Series([1.0, 3.0, np.nan]))
    3.0
    """
    if len(values) == 0:
        return math.nan
    middle = float(np.median(values.fillna(math.inf)))
    return middle if math.isfinite(middle) else math.nan
