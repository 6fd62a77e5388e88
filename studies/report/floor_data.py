"""The noise floor of a study's times: its estimators timed against themselves."""

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from studies.report.loaded import StudyResults
from studies.report.paired_data import paired_values
from studies.report.tables import Measured
from studies.statistics import NoiseFloor, noise_floor


@dataclass(frozen=True)
class SelfTimed:
    """An estimator's second times against its first.

    Parameters
    ----------
    estimator
        Its first name.
    floor
        The noise floor under a mean over as many pairs as there are.
    planned
        How many pairs there should be.
    """

    estimator: str
    floor: NoiseFloor
    planned: int

    @property
    def ratio(self) -> float:
        """The geometric mean of its second times over its first."""
        return math.exp(self.floor.mean)

    @property
    def drifted(self) -> bool:
        """Whether it differs from itself by more than the floor: its times are not one sample."""
        return abs(self.floor.mean) > self.floor.log_ratio


def repeats(results: StudyResults) -> dict[str, str]:
    """Estimators that are another one under a second name, and the first name of each.

    Those that the study runs again for their times, and those that it lists twice with the same
    settings.
    """
    first: dict[tuple[str, str], str] = {}
    found = {}
    for name in [results.baseline, *results.others]:
        entry = results.document.get("estimators", {}).get(name) or {}
        settings = entry.get("settings") or {}
        content = (results.registered(name), str(sorted(settings.items())))
        if content in first:
            found[name] = first[content]
        first.setdefault(content, name)
    return found | results.repeats


def self_timings(results: StudyResults, quantity: Measured) -> tuple[SelfTimed, ...]:
    """Every repeated estimator of which a pair of times is there, in the study's order."""
    found = []
    for again, first in repeats(results).items():
        values = np.array(list(paired_values(results, quantity, again, first).values()), float)
        known = values[~np.isnan(values)]
        if len(known):
            found.append(SelfTimed(first, noise_floor(known, len(known)), len(values)))
    return tuple(found)


def floor_under(
    results: StudyResults,
    quantity: Measured,
    one: str,
    other: str,
    n_pairs: int,
    datasets: Collection[str] | None = None,
) -> NoiseFloor | None:
    """The floor under a mean log ratio of two estimators' times over `n_pairs` pairs.

    It is the highest of the floors of those of the two that were repeated and, where neither was,
    of all that were, on these data sets or on all; None if there are none, or no pairs.
    """
    if n_pairs == 0:
        return None
    again = repeats(results)
    own = {a: first for a, first in again.items() if first in (one, other)}
    floors = []
    for name, first in (own or again).items():
        pairs = paired_values(results, quantity, name, first).items()
        values = np.array([v for (d, _), v in pairs if datasets is None or d in datasets], float)
        values = values[~np.isnan(values)]
        if len(values):
            floors.append(noise_floor(values, n_pairs))
    return max(floors, key=lambda f: f.log_ratio, default=None)
