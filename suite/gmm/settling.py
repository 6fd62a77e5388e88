"""When an ascent by gradient steps has converged, and when its steps are too long."""

from abc import ABC, abstractmethod

import numpy as np

from suite.errors import InputError

MOMENTS = (0.9, 0.99)  # Adam's; the objective has little noise to average out: 0.999 is slow
PATIENCE = 10  # steps in a row that must change little: a slow step alone is no convergence
WINDOW = 25  # steps after which the step size is looked at, and halved if it was too long
_WAIT = 5  # passes through the minibatches without a gain before the step is halved
_HALVINGS = 7  # of the step, after which minibatches have nothing more to give: under 1/100


class Settling(ABC):
    """Watches the bounds, one an iteration: when to halve the step, and when to stop."""

    def __init__(self, tol: float, *, held: int = 0) -> None:
        self.tol, self.held = tol, held
        self.bounds: list[float] = []
        self.converged = False

    @abstractmethod
    def note(self, bound: float) -> bool:
        """Take note of an iteration's bound; whether the step should now be halved."""


class WholeSettling(Settling):
    """For steps on all rows, whose bounds have no noise.

    Converged when the bound has changed by less than `tol` in each of 10 steps in a row. The step
    is halved after 25 steps of which more than a third turned the bound's direction: momentum
    swings once in some twenty steps, a step too long for the curvature every other one.

    Parameters
    ----------
    tol
        Nats per datum.
    held
        The first steps, which count for nothing.

    Examples
    --------
    >>> settling = WholeSettling(1e-3)
    >>> halved = [settling.note(-2.0) for _ in range(12)]
    >>> settling.converged
    True
    """

    def note(self, bound: float) -> bool:
        """Take note of a step's bound; whether the step should now be halved."""
        self.bounds.append(bound)
        recent = np.abs(np.diff(self.bounds[-PATIENCE - 1 :]))
        self.converged = len(self.bounds) > self.held + PATIENCE and bool((recent < self.tol).all())
        return len(self.bounds) % WINDOW == 0 and self._zigzags()

    def _zigzags(self) -> bool:
        turns = np.diff(np.sign(np.diff(self.bounds[-WINDOW:]))) != 0
        return bool(turns.sum() > WINDOW / 3)


class MinibatchSettling(Settling):
    """For passes through minibatches, whose mean bound has noise that shrinks with the step.

    When 5 passes in a row have not gained `tol` on the best before them, the step is halved;
    converged when that has happened 7 times, for then the step is below a hundredth of the first.

    Parameters
    ----------
    tol
        Nats per datum.
    held
        The first passes, which count for nothing.
    """

    def __init__(self, tol: float, *, held: int = 0) -> None:
        super().__init__(tol, held=held)
        self._best, self._waited, self._halved = -np.inf, 0, 0

    def note(self, bound: float) -> bool:
        """Take note of a pass's mean bound; whether the step should now be halved."""
        self.bounds.append(bound)
        if len(self.bounds) <= self.held:
            return False
        gained = bound > self._best + self.tol
        self._best = max(bound, self._best)
        self._waited = 0 if gained else self._waited + 1
        if self._waited < _WAIT:
            return False
        self._waited, self._halved = 0, self._halved + 1
        self.converged = self._halved >= _HALVINGS
        return True


def finite_bound(bound: float) -> float:
    """`bound`, if it is a number.

    Raises
    ------
    InputError
        If it is not: the ascent has gone astray.
    """
    if not np.isfinite(bound):
        raise InputError(
            f"the bound became {bound}: a component has collapsed or a step was too long; raise "
            "reg_covar, lower learning_rate, or ask for fewer components."
        )
    return bound
