"""Where the time of a run went: into fitting and evaluating, or into the runner's own doings."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from studies.scheduling import EndedCell

_OF_SCORES = {
    "start_seconds": "starting processes",
    "load_seconds": "loading data",
    "shared_start_seconds": "shared starts",
    "warm_up_seconds": "warming up",
    "fit_seconds": "fitting",
    "progress_seconds": "evaluating on the way",
    "evaluation_seconds": "evaluating",
}
_WORK = ("fitting", "evaluating on the way", "evaluating", "runs that did not end well")
_STORING = "storing results"
_LEAST_SHOWN = 0.01  # of the overhead


@dataclass(frozen=True)
class Account:
    """What a run took, in seconds.

    Parameters
    ----------
    wall
        From its first cell's request to its last one's being stored.
    jobs
        How many cells ran at once: a run has jobs × wall seconds to spend.
    cells
        How many cells it ran.
    parts
        What they were spent on, by name, so far as each was timed.
    checking
        What checking the study, its data and the parity of its estimators took before, the
        server's imports included if they were done for this study.
    imports
        What the server's imports took, once for all studies of a command.
    report
        What writing the report took afterwards.
    """

    wall: float
    jobs: int
    cells: int
    parts: Mapping[str, float]
    checking: float = 0.0
    imports: float = 0.0
    report: float = 0.0

    @property
    def work(self) -> float:
        """Fitting, evaluating, and runs that did not end well, which were at either when ended."""
        return sum(self.parts.get(name, 0.0) for name in _WORK)

    @property
    def overhead(self) -> float:
        """Everything else."""
        return self.jobs * self.wall - self.work

    def record(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {
            "wall_seconds": self.wall,
            "jobs": self.jobs,
            "cells": self.cells,
            "parts": dict(self.parts),
            "overhead_seconds": self.overhead,
            "checking_seconds": self.checking,
            "import_seconds": self.imports,
            "report_seconds": self.report,
        }

    def sentence(self) -> str:
        """The overhead in words, with what it consists of."""
        share = self.overhead / self.work if self.work > 0 else float("inf")
        named = {name: s for name, s in self.parts.items() if name not in _WORK}
        named["everything else"] = self.overhead - sum(named.values())
        largest = sorted(named.items(), key=lambda item: -item[1])
        parts = [
            f"{name} {seconds:.2f} s"
            for name, seconds in largest
            if seconds > _LEAST_SHOWN * self.overhead
        ]
        return (
            f"runner overhead {share:.1%} of fitting and evaluating ({self.overhead:.1f} s of "
            f"{self.work:.1f} s): {', '.join(parts)}; besides, checking {self.checking:.1f} s and "
            f"the report {self.report:.1f} s"
        )


class Bookkeeper:
    """Adds up a run's account while it goes.

    Parameters
    ----------
    jobs
        How many cells run at once.
    checking
        What checking took, in seconds.
    """

    def __init__(self, jobs: int, checking: float) -> None:
        self._jobs = jobs
        self._checking = checking
        self._parts: dict[str, float] = {}
        self._cells = 0
        self._imports = 0.0
        self._began = self._last = perf_counter()
        self._report = 0.0

    def note(self, ended: EndedCell) -> None:
        """Take in a cell that has ended."""
        self._cells += 1
        self._imports = ended.import_seconds or self._imports
        if not ended.result.scores:
            self._add("runs that did not end well", ended.seconds)
        for score in ended.result.scores:
            if score.metric in _OF_SCORES:
                self._add(_OF_SCORES[score.metric], score.value)

    @contextmanager
    def storing(self) -> Iterator[None]:
        """Time the storing of a cell."""
        began = perf_counter()
        yield
        self._last = perf_counter()
        self._add(_STORING, self._last - began)

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Time the writing of the report."""
        began = perf_counter()
        yield
        self._report = perf_counter() - began

    def account(self) -> Account:
        """The account up to the cell that was stored last."""
        return Account(
            wall=self._last - self._began,
            jobs=self._jobs,
            cells=self._cells,
            parts=dict(self._parts),
            checking=self._checking,
            imports=self._imports,
            report=self._report,
        )

    def _add(self, part: str, seconds: float) -> None:
        self._parts[part] = self._parts.get(part, 0.0) + seconds
