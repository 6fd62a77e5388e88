"""What an ascent tells on its way, and what comes of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from torch import nn

from suite.gmm.callbacks import FitReport, StartReport
from suite.gmm.diagnostics import FitDiagnostics, StartDiagnostics
from suite.gmm.parameters import MixtureParameters, MixtureState
from suite.gmm.prior import MixturePrior

Report = Callable[[float, Callable[[], MixtureState]], bool]
"""Tells the callback the objective and how to get the state after a step; True means stop."""


@dataclass(frozen=True, eq=False)
class Ascent:
    """Where one start led.

    Parameters
    ----------
    parameters
        The parameters after the last step.
    lower_bounds
        The bound at each step, in nats per datum: before the step's update, as in scikit-learn.
    converged
        Whether the stopping rule was met.
    diagnosis
        What is to be known of its end, if somebody looked.
    diagnostics
        What is to be known of all starts of the fit, where this is the one that was kept.
    """

    parameters: MixtureParameters
    lower_bounds: list[float]
    converged: bool
    diagnosis: StartDiagnostics | None = None
    diagnostics: FitDiagnostics | None = None

    @property
    def lower_bound(self) -> float:
        """The last bound; −∞ if no step was taken."""
        return self.lower_bounds[-1] if self.lower_bounds else -np.inf


@dataclass(frozen=True, eq=False)
class SVIAscent(Ascent):
    """Where one start led by stochastic variational inference.

    Parameters
    ----------
    guide
        The network that gives the logits of q(z | x), or q(θ), where the ascent learned one.
    prior
        None for maximum likelihood.
    """

    guide: nn.Module | None = None
    prior: MixturePrior | None = None

    def is_above(self, other: "SVIAscent") -> bool:
        """Whether the bound is higher; of two that took no step it is the later."""
        return self.lower_bound > other.lower_bound or other.lower_bound == -np.inf


def best_one_by_one(
    starts: Iterable[MixtureParameters],
    report: FitReport,
    ascend: Callable[[MixtureParameters, StartReport], SVIAscent],
) -> SVIAscent:
    """Climb from one start after the other and give the highest end.

    Starts are made when asked for, so that a fit which is stopped makes no more of them.
    """
    best: SVIAscent | None = None
    for start in starts:
        told = report.begin()
        ascent = ascend(start, told)
        told.end(ascent.lower_bound, ascent.converged)
        if best is None or ascent.is_above(best):
            best = ascent
        if report.stopped:
            break
    assert best is not None
    return best
