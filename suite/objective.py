"""What an estimator climbs, at a given point: how one takes part in the parity gate.

Implementations can only be compared in time if they compute the same thing. An estimator with the
one method of `ObjectiveAtPoint` can be asked for its objective and gradient at parameters that the
asker chooses, by the code that its `fit` runs (`suite.evaluation.parity`). It is optional: of
other estimators the public methods alone are compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from suite.errors import InputError


class NotComparable(InputError):
    """The estimator climbs something else than a log-likelihood or a bound of it."""


@dataclass(frozen=True, eq=False)
class PointObjective:
    """An objective and its gradient at one point, before any step.

    Parameters
    ----------
    objective
        To be maximised, in nats per datum; without any term that only regularises.
    gradient
        Its gradient. Of a mixture, in the units of the start: "logits" (K,), where
        π = softmax(logits); "means" (K, D), a of μ_k = μ⁰_k + L⁰_k a_k; "scales", in the shape of
        the covariances, the lower triangle of b in L_k = L⁰_k B_k, B_k with diagonal exp(b_ii) and
        b_ij below it, or σ_k = σ⁰_k exp(b_k) where Σ is variances. Of a VAE: by the names of its
        state dict, in their shapes.
    responsibilities
        Of a mixture whose bound is not tight: its q(z | x), shape (N, K). None: the exact
        posterior, for which the objective is the mean log-likelihood.
    """

    objective: float
    gradient: Mapping[str, np.ndarray]
    responsibilities: np.ndarray | None = None


class ObjectiveAtPoint(Protocol):
    """An estimator that says what it climbs at a given point."""

    def objective_at(self, X: ArrayLike, start: Any, *, random_state: int = 0) -> PointObjective:
        """The objective of the rows of X and its gradient at `start`, by the code that `fit` runs.

        The estimator's settings apply; nothing learned changes.

        Parameters
        ----------
        X
            (N, D), all of it as one batch.
        start
            Of a mixture a `MixtureParameters`, of a VAE a state dict with the names of
            `suite.vae.VAENetworks`.
        random_state
            Of a VAE: z = loc(x) + scale(x) · ε with ε = `torch.randn((N, J), generator=g)` in the
            estimator's own precision, where g is `suite.random.torch_generator(random_state)`.

        Raises
        ------
        NotComparable
            If what is climbed is no log-likelihood and no bound of one.
        """
        ...
