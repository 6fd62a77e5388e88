"""A run's state as a display knows it: what runs, what ended, what is best, how long is left."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from time import monotonic

from studies.cells import Cell
from studies.display.estimate import Estimate
from studies.display.outline import Outline, ScoreName
from studies.display.words import outcome, quality, scores_of
from studies.results import NO_FAILURE, CellResult

Place = tuple[str, str, int]


@dataclass(frozen=True)
class RunningCell:
    """A cell that runs, since the clock read `began`; without a step before its first notice."""

    cell: Cell
    began: float
    step: int | None = None
    objective: float = float("nan")


@dataclass(frozen=True)
class EndedCell:
    """A cell that this command ran, how it ended, in words, and its wall time."""

    cell: Cell
    status: str
    words: str
    seconds: float


@dataclass(frozen=True)
class Best:
    """The best run so far on one data set, in nats per datum of held-out data."""

    name: str
    label: str
    value: float
    cell: Cell


class RunState:
    """Everything that a display shows, updated by what it is told.

    Parameters
    ----------
    clock
        Reads the time, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._estimate = Estimate()
        self._waiting: dict[Place, Cell] = {}
        self._at_once = 1
        self.outline = Outline("", 0, ())
        self.running: dict[Place, RunningCell] = {}
        self.ended: list[EndedCell] = []
        self.counts: Counter[str] = Counter()
        self.best: dict[tuple[str, str], Best] = {}

    def begin(self, outline: Outline) -> None:
        """A study begins."""
        self.outline = outline
        self._began = self._clock()
        self._estimate = Estimate(outline.stored)
        self._waiting = {place(cell): cell for cell in outline.todo}
        for run in outline.stored:
            if place(run.cell) not in self._waiting:
                self.counts[run.status] += 1
                if run.status == "ok":
                    self._compare(run.cell, run.scores)

    def cell_begins(self, cell: Cell) -> None:
        """`cell` starts."""
        self._waiting.pop(place(cell), None)
        self.running[place(cell)] = RunningCell(cell, self._clock())
        self._at_once = max(self._at_once, len(self.running))

    def step(self, cell: Cell, step: int, objective: float) -> None:
        """`cell` has done `step` steps."""
        known = self.running.get(place(cell))
        if known is not None:
            self.running[place(cell)] = replace(known, step=step, objective=objective)

    def cell_ends(self, cell: Cell, result: CellResult) -> EndedCell:
        """`cell` has ended."""
        self._waiting.pop(place(cell), None)
        known = self.running.pop(place(cell), None)
        seconds = 0.0 if known is None else self._clock() - known.began
        ended = EndedCell(cell, result.status, outcome(result), seconds)
        self.ended.append(ended)
        self.counts[result.status] += 1
        if known is not None:
            self._estimate.add(cell, seconds)
        if result.status == "ok":
            self._compare(cell, scores_of(result))
        return ended

    @property
    def failures(self) -> list[EndedCell]:
        """The cells of this command that did not end well."""
        return [cell for cell in self.ended if cell.status not in NO_FAILURE]

    @property
    def done(self) -> int:
        """How many of the study's cells have ended, now or in earlier commands."""
        return self.counts.total()

    @property
    def waiting(self) -> int:
        """How many cells have not started."""
        return len(self._waiting)

    @property
    def seconds_gone(self) -> float:
        """Since the study began."""
        return self._clock() - self._began

    def running_for(self, cell: RunningCell) -> float:
        """The seconds since `cell` started."""
        return self._clock() - cell.began

    def seconds_left(self) -> float | None:
        """What the rest should take if as many cells run at once as did so far.

        No less than the longest of the running ones needs; None while nothing is known of a cell
        that is to come.
        """
        rests = []
        for running in self.running.values():
            expected = self._estimate.expected(running.cell)
            if expected is None:
                return None
            rests.append(max(0.0, expected - self.running_for(running)))
        groups = Counter((c.dataset, c.estimator) for c in self._waiting.values())
        members = {(c.dataset, c.estimator): c for c in self._waiting.values()}
        total = sum(rests)
        for group, count in groups.items():
            expected = self._estimate.expected(members[group])
            if expected is None:
                return None
            total += count * expected
        return max([total / self._at_once, *rests])

    def _compare(self, cell: Cell, scores: Mapping[ScoreName, float]) -> None:
        found = quality(scores)
        if found is None:
            return
        label, value = found
        # Likelihoods of different kinds (bits, grey pixels, a density) have no common best.
        likelihood = str(cell.settings.get("likelihood", ""))
        name = f"{cell.dataset} ({likelihood})" if likelihood else cell.dataset
        known = self.best.get((name, label))
        if known is None or value > known.value:
            self.best[name, label] = Best(name, label, value, cell)


def place(cell: Cell) -> Place:
    """Where a cell stands in its study's grid."""
    return cell.dataset, cell.estimator, cell.seed
