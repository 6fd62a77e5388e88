"""Many starts and every number of components: whole fits, from starts the estimators make."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from studies.report.loaded import StudyResults
from studies.report.model import Column, Entry, Section, Table, Text
from studies.report.speed_data import timed_points
from studies.report.speed_held import Said
from studies.report.tables import RUNS_OK, ok_entry
from studies.report.words import counted, fixed, seconds, significant

_GROUP = "restarts"
SAME_OPTIMUM = 1e-3
"""Nats per datum by which the best of two sets of restarts may differ and count as the same."""


@dataclass(frozen=True)
class RestartSpeed:
    """How many times as fast a whole sweep over the number of components is.

    Parameters
    ----------
    factors
        For each repetition, the other's seconds over the baseline's, both summed over K.
    sizes
        How many numbers of components the sweep has.
    worst
        The largest amount by which the highest bound that any of the baseline's starts reached is
        below the other's, at any K in any repetition, in nats per datum.
    """

    factors: tuple[float, ...]
    sizes: int
    worst: float

    @property
    def mean(self) -> float:
        """Geometric mean of the factors."""
        return float(np.exp(np.mean(np.log(self.factors))))

    @property
    def reaches_the_same(self) -> bool:
        """Whether the baseline is nowhere below, by more than `SAME_OPTIMUM`."""
        return self.worst <= SAME_OPTIMUM


def restart_datasets(results: StudyResults) -> list[str]:
    """The data sets of the sweep, in the order of K."""
    return [point.dataset for point in timed_points(results, (_GROUP,))]


def restart_speed(results: StudyResults, other: str) -> RestartSpeed | None:
    """The baseline against another estimator; None unless both fitted every K of a repetition."""
    datasets = restart_datasets(results)
    if not datasets:
        return None
    times = _by_dataset(results, "fit_seconds", "", datasets, results.baseline)
    rival = _by_dataset(results, "fit_seconds", "", datasets, other)
    whole = (rival / times).dropna().index
    if not len(whole):
        return None
    factors = rival.loc[whole].sum(axis=1) / times.loc[whole].sum(axis=1)
    bounds = _by_dataset(results, "highest_bound", "train", datasets, results.baseline)
    theirs = _by_dataset(results, "highest_bound", "train", datasets, other)
    behind = (theirs - bounds).loc[whole].to_numpy().max()
    return RestartSpeed(tuple(factors.tolist()), len(datasets), float(behind))


def restarts_section(results: StudyResults) -> Section:
    """Seconds and best bounds of whole fits with restarts, for every number of components."""
    title = "Many starts"
    points = timed_points(results, (_GROUP,))
    if not points:
        return Section("restarts", title, (Text("This run has no data set for it."),))
    datasets = [point.dataset for point in points]
    names = [n for n in results.estimators if any(results.planned(d, n) for d in datasets)]
    n_starts = results.settings(datasets[0], results.baseline).get("n_init", 1)
    lead = (
        f"Whole fits by the clock, k-means for the starts and all: "
        f"{counted(int(n_starts), 'start')} for every number of components, on "
        f"{points[0].n_rows} rows of {results.facts(datasets[0]).get('name', datasets[0])}, until "
        "each converges. Both make the same starts from the same seed. "
        f"{results.label(results.baseline)} climbs from all starts of a fit at once, their "
        "components side by side in the same products."
    )
    return Section("restarts", title, (Text(lead), _table(results, names)))


def _by_dataset(
    results: StudyResults, metric: str, split: str, datasets: list[str], name: str
) -> pd.DataFrame:
    """Seeds by data sets; only the seeds that have all."""
    columns = {d: results.values(metric, split, d, name) for d in datasets}
    frame = pd.DataFrame(columns).reindex(columns=datasets)
    return frame.dropna()


def _table(results: StudyResults, names: list[str]) -> Table:
    rows, records = [], []
    for point in timed_points(results, (_GROUP,)):
        entries = [Entry(str(point.n_components)), ok_entry(results, [point.dataset], names)]
        for name in names:
            times = results.values("fit_seconds", "", point.dataset, name)
            bounds = results.values("highest_bound", "train", point.dataset, name)
            ended = len(times) > 0
            entries.append(Entry(seconds(float(times.median())) if ended else "–"))
            entries.append(Entry(fixed(float(bounds.median()), 6) if ended else "–"))
            records += [
                (point.n_components, name, seed, times.get(seed), bounds.get(seed))
                for seed in times.index
            ]
        rows.append(tuple(entries))
    columns = [Column("K"), RUNS_OK]
    for name in names:
        columns += [
            Column(f"{results.label(name)}: time"),
            Column("highest bound", "nats per datum"),
        ]
    return Table(
        "restarts",
        "Medians over repetitions.",
        tuple(columns),
        tuple(rows),
        pd.DataFrame(
            records, columns=["n_components", "estimator", "seed", "fit_seconds", "highest_bound"]
        ),
    )


def restart_figure(speed: RestartSpeed, said: Said) -> str:
    """The figure of the verdict, in words, its numbers with their places."""
    low, high = (significant(take(speed.factors)) for take in (min, max))
    spread = f"{said(low, 'low')} to {said(high, 'high')}"
    mean = said(significant(speed.mean), "figure")
    behind = said(significant(speed.worst), "behind")
    place = (
        "and nowhere below its highest bound"
        if speed.reaches_the_same
        else f"but up to {behind} nats per datum below its highest bound"
    )
    return f"{mean} times as fast ({spread} over repetitions), {place}"
