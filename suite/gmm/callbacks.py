"""Who is told how a fit goes: the suite's callback, the terminal, scikit-learn's callbacks.

An ascent makes one report a step and knows none of them.
"""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, Protocol

from sklearn.callback import CallbackContext

from suite.gmm.parameters import MixtureState
from suite.progress import Callback, notify

StateOf = Callable[[], MixtureState]
"""Gives the state after a step; costs nothing unless called."""


class Listener(Protocol):
    """One who hears of the steps of a fit. `start` counts the starts from 0, `step` from 1."""

    def begin_start(self, start: int) -> None:
        """An ascent begins from another start."""
        ...

    def begin_step(self, start: int) -> None:
        """A step begins."""
        ...

    def end_step(self, start: int, step: int, objective: float, state: StateOf) -> bool:
        """A step has ended; True asks to end the ascent from this start."""
        ...

    def end_start(self, start: int, objective: float, converged: bool) -> None:
        """The ascent has ended, with this bound."""
        ...


class FitReport:
    """Reports on a whole fit: all its starts, one after the other or side by side.

    Parameters
    ----------
    listeners
        All who are told of every step of every start.
    callback
        The suite's callback. Where starts climb one after the other it hears of every step, counted
        on through the starts; where they climb side by side, of every round of them, with the bound
        and the state of the start that is then the highest.
    """

    def __init__(self, listeners: Sequence[Listener] = (), callback: Callback | None = None):
        self.listeners = tuple(listeners)
        self._progress = ProgressListener(callback)
        self._n_starts = 0

    @property
    def stopped(self) -> bool:
        """Whether a listener asked to end the whole fit."""
        everybody = (*self.listeners, self._progress)
        return any(getattr(listener, "stopped", False) for listener in everybody)

    def begin(self) -> "StartReport":
        """Say that an ascent begins, by itself; the result takes its steps."""
        self._n_starts += 1
        return StartReport((*self.listeners, self._progress), self._n_starts - 1)

    def begin_together(self, n_starts: int) -> "list[StartReport]":
        """Say that so many ascents begin, side by side: each round ends with `end_round`."""
        first, self._n_starts = self._n_starts, self._n_starts + n_starts
        return [StartReport(self.listeners, first + i) for i in range(n_starts)]

    def end_round(self, objective: float, state: StateOf) -> bool:
        """Say that all ascents have made a step; a true result means that all are to end.

        Parameters
        ----------
        objective
            The highest bound of any, in nats per datum.
        state
            Call it for the state of that ascent.
        """
        return self._progress.end_step(0, 0, objective, state)


class StartReport:
    """Reports on the ascent from one start: call it once a step; a true result means stop."""

    def __init__(self, listeners: Sequence[Listener], start: int) -> None:
        self.listeners = listeners
        self.start = start
        self.step = 0
        for listener in listeners:
            listener.begin_start(start)

    @property
    def is_heard(self) -> bool:
        """Whether anybody is told of the steps; if not, they need not be made one by one."""
        return any(getattr(listener, "callback", listener) for listener in self.listeners)

    def begin_step(self) -> None:
        """Say that a step begins, to those who care when.

        If it is left out, the step counts as begun when it ends.
        """
        for listener in self.listeners:
            listener.begin_step(self.start)

    def __call__(self, objective: float, state: StateOf) -> bool:
        """Say that a step has ended.

        Parameters
        ----------
        objective
            The bound at this step, in nats per datum.
        state
            Call it for the state after this step.

        Returns
        -------
        Whether the ascent from this start is to end.
        """
        self.step += 1
        asked = [
            listener.end_step(self.start, self.step, objective, state)
            for listener in self.listeners
        ]
        return any(asked)

    def end(self, objective: float, converged: bool) -> None:
        """Say that the ascent has ended."""
        for listener in self.listeners:
            listener.end_start(self.start, objective, converged)


class ProgressListener:
    """Tells the suite's callback, if there is one; its steps count on through the starts.

    Parameters
    ----------
    callback
        If it returns True the whole fit is to end.
    """

    def __init__(self, callback: Callback | None) -> None:
        self.callback = callback
        self.steps = 0
        self.stopped = False

    def begin_start(self, start: int) -> None:
        """Nothing to tell."""

    def begin_step(self, start: int) -> None:
        """Nothing to tell."""

    def end_step(self, start: int, step: int, objective: float, state: StateOf) -> bool:
        """Call the callback."""
        self.steps += 1
        self.stopped = notify(self.callback, self.steps, objective, state) or self.stopped
        return self.stopped

    def end_start(self, start: int, objective: float, converged: bool) -> None:
        """Nothing to tell."""


class Printer:
    """Prints what scikit-learn's mixtures print when `verbose` is set, to the letter.

    Parameters
    ----------
    verbose
        1: starts and iterations; 2 or more: also seconds and changes of the bound.
    interval
        Every how many iterations to print.
    """

    def __init__(self, verbose: int, interval: int) -> None:
        self.detailed = verbose >= 2
        self.interval = interval
        self._began: dict[int, float] = {}
        self._printed: dict[int, float] = {}
        self._bounds: dict[int, float] = {}

    def begin_start(self, start: int) -> None:
        """Print the number of the start."""
        print(f"Initialization {start}")
        self._began[start] = self._printed[start] = perf_counter()

    def begin_step(self, start: int) -> None:
        """Nothing to print."""

    def end_step(self, start: int, step: int, objective: float, state: StateOf) -> bool:
        """Print every so many iterations."""
        change = objective - self._bounds.get(start, float("-inf"))
        self._bounds[start] = objective
        if step % self.interval == 0:
            line, now = f"  Iteration {step}", perf_counter()
            if self.detailed:
                seconds = now - self._printed[start]
                line += f"\t time lapse {seconds:.5f}s\t ll change {change:.5f}"
            print(line)
            self._printed[start] = now
        return False

    def end_start(self, start: int, objective: float, converged: bool) -> None:
        """Print whether the ascent converged, if it took a step."""
        if start not in self._bounds:
            return
        line = f"Initialization {'converged' if converged else 'did not converge'}."
        if self.detailed:
            seconds = perf_counter() - self._began[start]
            line += f" time lapse {seconds:.5f}s\t lower bound {objective:.5f}."
        print(line)


class SklearnListener:
    """Calls scikit-learn's callbacks: the fit is a task, each start one within it, each step one
    within that.

    A callback that asks to stop at a step ends the ascent from its start; one that asks at the end
    of a start ends the fit.

    Parameters
    ----------
    estimator
        Whom the callbacks are set on.
    root
        The context of the fit.
    max_iter
        How many steps a start may take.
    data
        X, y and the metadata of the fit, by scikit-learn's names.
    learned
        The attributes of an estimator that was fitted up to some state.
    """

    def __init__(
        self,
        estimator: Any,
        root: CallbackContext,
        *,
        max_iter: int,
        data: dict[str, Any],
        learned: Callable[[MixtureState], dict[str, Any]],
    ) -> None:
        self.estimator = estimator
        self.root = root
        self.max_iter = max_iter
        self.data = data
        self.learned = learned
        self.stopped = False
        self._starts: dict[int, CallbackContext] = {}
        self._steps: dict[int, CallbackContext] = {}
        self._states: dict[int, StateOf] = {}

    def begin_start(self, start: int) -> None:
        """Open the task of a start."""
        context = self.root.subcontext(task_name="start", max_subtasks=self.max_iter)
        self._starts[start] = self._begun(context)

    def begin_step(self, start: int) -> None:
        """Open the task of a step."""
        context = self._starts[start].subcontext(task_name="iteration")
        self._steps[start] = self._begun(context)

    def end_step(self, start: int, step: int, objective: float, state: StateOf) -> bool:
        """Close the task of the step."""
        if start not in self._steps:
            self.begin_step(start)
        self._states[start] = state
        return self._ended(self._steps.pop(start), state)

    def end_start(self, start: int, objective: float, converged: bool) -> None:
        """Close the task of the start, and of a step that was never taken."""
        if start in self._steps:
            self._ended(self._steps.pop(start), None)
        asked = self._ended(self._starts.pop(start), self._states.pop(start, None))
        self.stopped = asked or self.stopped

    def _begun(self, context: CallbackContext) -> CallbackContext:
        context.call_on_fit_task_begin(estimator=self.estimator, **self.data)
        return context

    def _ended(self, context: CallbackContext, state: StateOf | None) -> bool:
        learned = None if state is None else lambda: self.learned(state())
        return bool(
            context.call_on_fit_task_end(
                estimator=self.estimator, **self.data, reconstruction_attributes=learned
            )
        )
