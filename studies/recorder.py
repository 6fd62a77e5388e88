"""The clock and the trace of one fit, both hung on the estimator's progress callback."""

from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter

import numpy as np
import torch

from studies.results import TracePoint
from suite.progress import Progress

Measure = Callable[[Progress], Mapping[tuple[str, str], float]]
"""Scores one state on the way: (metric, split) → value."""

Notice = Callable[[int, float], None]
"""Told (step, objective) after every step."""

_ALL_STEPS_UNTIL = 50
_SPACING = 1.05


class Stopwatch:
    """Counts seconds between `start` and `stop`; may be started again to go on."""

    def __init__(self, device: str = "cpu") -> None:
        self._device = device
        self._seconds = 0.0
        self._since: float | None = None
        self._held = 0.0
        self._held_since: float | None = None

    def start(self) -> None:
        """Let the clock run, once the device has finished what came before."""
        self._synchronise()
        self._since = perf_counter()
        if self._held_since is not None:
            self._held += self._since - self._held_since
            self._held_since = None

    def stop(self) -> float:
        """Hold the clock, after the device has finished its work; return the seconds so far."""
        self._synchronise()
        if self._since is not None:
            self._held_since = perf_counter()
            self._seconds += self._held_since - self._since
            self._since = None
        return self._seconds

    def held_seconds(self) -> float:
        """How long it has stood still since it was first stopped, until now."""
        if self._held_since is None:
            return self._held
        return self._held + perf_counter() - self._held_since

    def _synchronise(self) -> None:
        synchronise = _SYNCHRONISERS.get(self._device.partition(":")[0])
        if synchronise is not None:
            synchronise()


_SYNCHRONISERS: dict[str, Callable[[], None]] = {
    "cuda": lambda: torch.cuda.synchronize(),
    "mps": lambda: torch.mps.synchronize(),
}
"""How to wait for a device, by its type; the CPU's work is done when a call returns."""


class Recorder:
    """A progress callback that times, scores and reports a fit.

    The clock stands still while it is called. Every step is scored up to the fiftieth, then those
    that are at least 5% later than the last one scored; `finish` scores the last step too. Every
    step's clock reading is kept.

    Parameters
    ----------
    measure
        What to score a step by.
    notice
        Called after every step.
    device
        A torch device's name ("cuda:0"), synchronised whenever the clock is started or read.
    """

    def __init__(self, measure: Measure, notice: Notice, device: str = "cpu") -> None:
        self.trace: list[TracePoint] = []
        self._readings: list[float] = []
        self._measure = measure
        self._notice = notice
        self._watch = Stopwatch(device)
        self._last: tuple[Progress, float] | None = None
        self._scored = 0
        self._progress_seconds = 0.0

    def start(self) -> None:
        """Start the clock."""
        self._watch.start()

    def __call__(self, progress: Progress, /) -> None:
        """Take note of one step."""
        seconds = self._watch.stop()
        self._last = (progress, seconds)
        self._readings.append(seconds)
        if progress.step <= _ALL_STEPS_UNTIL or progress.step >= self._scored * _SPACING:
            self._score(progress, seconds)
        self._notice(progress.step, progress.objective)
        self._watch.start()

    def finish(self) -> float:
        """Stop the clock, score the last step if that is still to be done; return the seconds."""
        seconds = self._watch.stop()
        if self._last is not None and self._last[0].step > self._scored:
            self._score(*self._last)
        self._progress_seconds = self._watch.held_seconds()
        return seconds

    @property
    def progress_seconds(self) -> float:
        """What recording and scoring on the way took; the clock stood still meanwhile."""
        return self._progress_seconds

    @property
    def steps(self) -> int:
        """How many steps there were."""
        return 0 if self._last is None else self._last[0].step

    @property
    def first_step_seconds(self) -> float | None:
        """The clock at the end of the first step: set-up and one step."""
        return self._readings[0] if self._readings else None

    @property
    def step_seconds(self) -> float | None:
        """The median time of the steps after the first, which alone holds the set-up."""
        return float(median(np.diff(self._readings))) if len(self._readings) > 1 else None

    def _score(self, progress: Progress, seconds: float) -> None:
        self._scored = progress.step
        self.trace.extend(
            TracePoint(progress.step, seconds, metric, split, value)
            for (metric, split), value in self._measure(progress).items()
        )
