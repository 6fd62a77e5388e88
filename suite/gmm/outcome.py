"""What an ascent tells on its way, and what comes of it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import nn

from suite.gmm.diagnostics import FitDiagnostics, StartDiagnostics
from suite.gmm.parameters import MixtureParameters, MixtureState

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
    guide
        The network that gives the logits of q(z | x), where the ascent learned one.
    diagnosis
        What is to be known of its end, if somebody looked.
    diagnostics
        What is to be known of all starts of the fit, where this is the one that was kept.
    """

    parameters: MixtureParameters
    lower_bounds: list[float]
    converged: bool
    guide: nn.Module | None = None
    diagnosis: StartDiagnostics | None = None
    diagnostics: FitDiagnostics | None = None

    @property
    def lower_bound(self) -> float:
        """The last bound; −∞ if no step was taken."""
        return self.lower_bounds[-1] if self.lower_bounds else -np.inf

    def is_above(self, other: "Ascent") -> bool:
        """Whether the bound is higher; of two that took no step it is the later."""
        return self.lower_bound > other.lower_bound or other.lower_bound == -np.inf
