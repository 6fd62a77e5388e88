"""How long the rest of a run will take, from what its cells and earlier ones took."""

from collections import Counter
from collections.abc import Iterable

from studies.cells import Cell
from studies.display.outline import StoredRun

_STORED_SECONDS = (
    "start_seconds",
    "load_seconds",
    "shared_start_seconds",
    "warm_up_seconds",
    "fit_seconds",
    "progress_seconds",
    "evaluation_seconds",
)
"""The phases of a run; stores of earlier versions have some of them only."""


class Durations:
    """Mean durations of cells by data set and estimator, in seconds."""

    def __init__(self) -> None:
        self._totals: dict[tuple[str, ...], float] = {}
        self._counts: Counter[tuple[str, ...]] = Counter()

    def add(self, cell: Cell, seconds: float) -> None:
        """Take note that `cell` took so long, however it ended."""
        for place in _places(cell):
            self._totals[place] = self._totals.get(place, 0.0) + seconds
            self._counts[place] += 1

    def mean(self, place: tuple[str, ...]) -> float | None:
        """The mean over cells at `place`; None if there were none."""
        return self._totals[place] / self._counts[place] if self._counts[place] else None


class Estimate:
    """How long a cell will take.

    The mean of cells of the same data set and estimator that this command ran, else of those that
    earlier commands stored; else, in the same way, of the same estimator; else of all. Never more
    than the cell's time limit.

    Parameters
    ----------
    stored
        Runs of earlier commands, by the phases that they recorded.
    """

    def __init__(self, stored: Iterable[StoredRun] = ()) -> None:
        self._seen = Durations()
        self._stored = Durations()
        for run in stored:
            known = [run.scores[name, ""] for name in _STORED_SECONDS if (name, "") in run.scores]
            if known:
                self._stored.add(run.cell, sum(known))

    def add(self, cell: Cell, seconds: float) -> None:
        """Take note that `cell` took so long."""
        self._seen.add(cell, seconds)

    def expected(self, cell: Cell) -> float | None:
        """The seconds that `cell` should take; None while nothing is known of any."""
        for place in _places(cell):
            for durations in (self._seen, self._stored):
                if (mean := durations.mean(place)) is not None:
                    return min(mean, cell.time_limit)
        return None


def _places(cell: Cell) -> tuple[tuple[str, ...], ...]:
    """From the narrowest group of like cells to the widest."""
    return (cell.dataset, cell.estimator), (cell.estimator,), ()
