"""Every run's way to the common target: when it arrived, or how long it tried."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from studies.report.comparison import scored_estimators, times_to_target
from studies.report.loaded import StudyResults
from studies.report.scales import Clock

_TOTALS: dict[Clock, str] = {"step": "steps", "seconds": "fit_seconds"}
_ARRIVALS: dict[Clock, str] = {"step": "steps", "seconds": "seconds"}


@dataclass(frozen=True, eq=False)
class Arrivals:
    """When every planned run reached the target, or ended without it.

    Parameters
    ----------
    frame
        One row a planned run: dataset, estimator, seed, reached; steps and seconds when it did,
        NaN if it never did; whole_steps and whole_seconds of the fit, at which a miss is
        censored, NaN if the run did not end well.
    estimators
        Those that can have the target's metric, in the study's order.
    mixed
        Data sets on which these have likelihoods of different kinds, and each kind its own target.
    """

    frame: pd.DataFrame
    estimators: tuple[str, ...]
    mixed: tuple[str, ...] = ()

    def times(self, estimator: str, clock: Clock) -> np.ndarray:
        """An estimator's times to target, one a planned run, NaN for a miss."""
        rows = self.frame[self.frame["estimator"] == estimator]
        return rows[_ARRIVALS[clock]].to_numpy(float)

    def censored(self, estimator: str, clock: Clock) -> np.ndarray:
        """When the runs ended that ended well without reaching the target."""
        rows = self.frame[(self.frame["estimator"] == estimator) & ~self.frame["reached"]]
        whole = rows[f"whole_{_ARRIVALS[clock]}"].to_numpy(float)
        return whole[np.isfinite(whole)]

    def problems(self, clock: Clock) -> pd.DataFrame:
        """Times by problem (data set and seed) and estimator, where there is something to do.

        Left out are problems that are not planned for every estimator, those on which the
        estimators have likelihoods of different kinds and hence no common target, and those whose
        shared start is at the target already (`solved_at_start`).
        """
        times = self._planned_for_all(clock)
        return times[~(times == 0).all(axis=1)]

    @property
    def solved_at_start(self) -> int:
        """How many problems every estimator solved in no step at all."""
        return int((self._planned_for_all("step") == 0).all(axis=1).sum())

    def _planned_for_all(self, clock: Clock) -> pd.DataFrame:
        rows, index = self.frame.assign(planned=1), ["dataset", "seed"]
        rows = rows[~rows["dataset"].isin(self.mixed)]
        if rows.empty:
            return pd.DataFrame(columns=list(self.estimators), dtype=float)
        planned = rows.pivot(index=index, columns="estimator", values="planned")
        times = rows.pivot(index=index, columns="estimator", values=_ARRIVALS[clock])
        return times.loc[planned.notna().all(axis=1), list(self.estimators)]


def arrivals(
    results: StudyResults,
    datasets: Sequence[str] | None = None,
    measured: tuple[str, str] | None = None,
) -> Arrivals:
    """All planned runs' arrivals at the common target; arguments as of `times_to_target`."""
    frame = times_to_target(results, datasets, measured)
    for clock, metric in _TOTALS.items():
        frame[f"whole_{_ARRIVALS[clock]}"] = [
            float(results.values(metric, "", dataset, estimator).get(seed, np.nan))
            for dataset, estimator, seed in zip(
                frame["dataset"], frame["estimator"], frame["seed"], strict=True
            )
        ]
    frame["reached"] = frame["reached"].astype(bool)
    present = set(frame["estimator"])
    names = tuple(n for n in scored_estimators(results) if n in present)
    mixed = [d for d in results.datasets if len({results.scale(d, n) for n in names}) > 1]
    return Arrivals(frame, names, tuple(mixed))
