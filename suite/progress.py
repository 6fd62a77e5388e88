"""How an estimator reports its progress: one callback, called once a step.

Progress bars, traces, time limits and early stopping all hang on this protocol; an estimator
itself neither times, prints nor plots.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Progress:
    """What an estimator knows at the end of one step.

    Parameters
    ----------
    step
        1 after the first EM iteration, SVI step or epoch, then 2, 3, …
    objective
        The estimator's own objective at this step, in nats per datum, to be maximised: the mean
        log-likelihood or ELBO on the scale of the data as given to `fit`.
    state
        Call it for what has been learned so far. It costs nothing unless called. A mixture gives
        a `suite.gmm.MixtureState`; a VAE or an autoencoder gives its live networks, which
        the next step changes.
    """

    step: int
    objective: float
    state: Callable[[], Any]


class Callback(Protocol):
    """Called once a step; a true return value asks the estimator to stop after this step."""

    def __call__(self, progress: Progress, /) -> bool | None:
        """Take note of `progress`; return True to stop."""
        ...


def notify(
    callback: Callback | None, step: int, objective: float, state: Callable[[], Any]
) -> bool:
    """Call `callback`, if there is one, and say whether it asked to stop.

    Examples
    --------
    >>> notify(None, 1, -2.5, dict)
    False
    >>> notify(lambda progress: progress.step == 3, 3, -2.5, dict)
    True
    """
    return callback is not None and bool(callback(Progress(step, objective, state)))
