"""What other studies stored: the tour's larger results, each of which may be missing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from studies.report.loaded import StudyResults
from studies.results import ResultStore
from suite.errors import InputError

READ = ("em-is-vi", "gmm-classics", "vae-mnist", "vae-fashion-mnist", "vae-overhead")
"""The studies that the tour reads."""


@dataclass(frozen=True, eq=False)
class Others:
    """The stores beside the tour's, read when they are asked for.

    Parameters
    ----------
    folder
        Where every study has a folder of its own.
    """

    folder: Path
    _read: dict[str, StudyResults | None] = field(default_factory=dict)

    def __getitem__(self, name: str) -> StudyResults | None:
        """A study's results; None where there are none that can be read."""
        if name not in self._read:
            self._read[name] = _results(self.folder / name / "results.sqlite", name)
        return self._read[name]

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """The studies of which there is nothing."""
        return tuple(name for name in READ if self[name] is None)


def median(
    results: StudyResults | None, metric: str, split: str, dataset: str, estimator: str
) -> float | None:
    """The median over seeds of what a study measured; None where it measured nothing."""
    if results is None or dataset not in results.datasets:
        return None
    values = results.values(metric, split, dataset, estimator)
    return float(np.median(values)) if len(values) else None


def first_arrays(
    results: StudyResults | None, names: Sequence[str]
) -> dict[str, dict[str, np.ndarray]]:
    """By estimator, the first seed's arrays on the first data set, where it has all of `names`."""
    if results is None or not results.datasets:
        return {}
    found = results.pictures(results.datasets[0], names[0])
    return {e: arrays for e, arrays in found.items() if all(n in arrays for n in names)}


def _results(path: Path, name: str) -> StudyResults | None:
    if not path.is_file():
        return None
    try:
        results = StudyResults.read(ResultStore(path), name)
    except InputError:
        return None
    return results if (results.cells["status"] == "ok").any() else None
