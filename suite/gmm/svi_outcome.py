"""Where starts led that climbed one after the other, by gradients."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from torch import nn

from suite.gmm.callbacks import FitReport, StartReport
from suite.gmm.outcome import Ascent
from suite.gmm.parameters import MixtureParameters
from suite.gmm.prior import MixturePrior


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
