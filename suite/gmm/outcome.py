"""What an ascent tells on its way, and what comes of it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

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
