"""What a study of overlapping components measured at each separation."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from studies.report.comparison import median_with_misses, shortfalls, times_to_target
from studies.report.loaded import StudyResults


@dataclass(frozen=True, eq=False)
class Overlap:
    """One separation of the components.

    Parameters
    ----------
    dataset
        The data set's name in the study.
    separation
        The least distance of two means, in average standard deviations.
    rates
        Columns seed, theory, observed (NaN where the fit was too short), of the baseline.
    arrivals
        Columns estimator, seed, reached, steps, seconds: when each run reached the target.
    predicted
        Iterations that theory gives EM from each seed's start to the target.
    """

    dataset: str
    separation: float
    rates: pd.DataFrame
    arrivals: pd.DataFrame
    predicted: pd.Series

    def steps(self, estimator: str) -> float:
        """Median steps to the target; NaN if it is a miss."""
        return self._median(estimator, "steps")

    def seconds(self, estimator: str) -> float:
        """Median seconds to the target; NaN if it is a miss."""
        return self._median(estimator, "seconds")

    def reached(self, estimator: str) -> tuple[int, int]:
        """How many runs reached the target, and of how many."""
        runs = self.of(estimator)
        return int(runs["reached"].sum()), len(runs)

    def of(self, estimator: str) -> pd.DataFrame:
        """The arrivals of one estimator."""
        return self.arrivals[self.arrivals["estimator"] == estimator]

    def _median(self, estimator: str, column: str) -> float:
        return median_with_misses(self.of(estimator)[column])


def overlaps(results: StudyResults) -> list[Overlap]:
    """Every separation of the study, the closest components first."""
    arrivals = times_to_target(results)
    found = []
    for dataset in results.datasets:
        entry = results.document.get("datasets", {}).get(dataset) or {}
        separation = (entry.get("factors") or {}).get("separation")
        if separation is None:
            continue
        here = arrivals[arrivals["dataset"] == dataset]
        rates = _rates(results, dataset)
        predicted = _predicted(results, dataset, rates)
        found.append(Overlap(dataset, float(separation), rates, here, predicted))
    return sorted(found, key=lambda overlap: overlap.separation)


def slowdowns(overlap: Overlap, slow: str, fast: str) -> np.ndarray:
    """Seconds to the target of one estimator over another's, on the seeds where both reached it."""
    one, other = (overlap.of(name).set_index("seed")["seconds"] for name in (slow, fast))
    ratios = (one / other).replace([math.inf, -math.inf], math.nan).dropna()
    return ratios.to_numpy(float)


def _rates(results: StudyResults, dataset: str) -> pd.DataFrame:
    columns = {
        "theory": results.values("em_rate", "", dataset, results.baseline),
        "observed": results.values("observed_rate", "", dataset, results.baseline),
    }
    frame = pd.DataFrame(columns).astype(float)
    return frame.dropna(subset="theory").rename_axis("seed").reset_index()


def _predicted(results: StudyResults, dataset: str, rates: pd.DataFrame) -> pd.Series:
    from suite.evaluation import predicted_iterations  # imports torch: not with every report

    way = shortfalls(results, dataset)
    starts = way[way["step"] == 0].groupby("seed")["below_best"].max()
    values = {
        int(seed): predicted_iterations(float(starts[seed]), results.target, theory)
        for seed, theory in zip(rates["seed"], rates["theory"], strict=True)
        if seed in starts.index
    }
    return pd.Series(values, dtype=float)
