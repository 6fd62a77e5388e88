"""Gradient steps up an evidence lower bound, on all rows or on minibatches."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pyro
import torch
from torch import Tensor

from suite.gmm.callbacks import StartReport
from suite.gmm.climb import Climb
from suite.gmm.settling import (
    MOMENTS,
    MinibatchSettling,
    Settling,
    WholeSettling,
    finite_bound,
)
from suite.random import torch_generator

_HEAD_START = 100  # steps that move only the network, lest a q that knows nothing merge components


class Steps:
    """Adam's steps up the bound of a `Climb`; iterate for the bound of each.

    Parameters
    ----------
    climb
        What to climb.
    X
        (N, D)
    weights
        (N,), how often each row counts, or None: once.
    learning_rate
        Adam's first step size.
    tol
        As for `WholeSettling` and `MinibatchSettling`.
    reg_covar
        ½ reg_covar Σ_k π_k tr Σ_k⁻¹, with π held fixed, is taken from the objective, not from the
        bound that is told.
    batch_size
        Rows to a step; None for all. With it, an iteration is one pass through the data in an order
        drawn anew, and its bound the mean over the pass.
    random
        For these orders.
    """

    def __init__(
        self,
        climb: Climb,
        X: Tensor,
        weights: Tensor | None,
        *,
        learning_rate: float,
        tol: float,
        reg_covar: float,
        batch_size: int | None,
        random: np.random.RandomState,
    ) -> None:
        self.climb, self.X, self.weights, self.reg_covar = climb, X, weights, reg_covar
        self.total = float(len(X) if weights is None else weights.sum())
        self.batch_size = None if batch_size is None or batch_size >= len(X) else batch_size
        self.optimizer = torch.optim.Adam(
            climb.groups, lr=learning_rate, betas=MOMENTS, fused=_can_fuse(X)
        )
        self.n_taken = 0
        held = 0 if climb.mixture.network is None else _HEAD_START
        self.settling: Settling
        if self.batch_size is None:
            self.settling = WholeSettling(tol, held=held)
        else:
            self.generator = torch_generator(random)
            steps_a_pass = -(-len(X) // self.batch_size)
            self.settling = MinibatchSettling(tol, held=-(-held // steps_a_pass))

    def __iter__(self) -> Iterator[float]:
        """Bounds without end; the updates of an iteration are done when its bound comes."""
        while True:
            bound = self._step(None) if self.batch_size is None else self._pass()
            if self.settling.note(bound):
                for group in self.optimizer.param_groups:
                    group["lr"] /= 2
            yield bound

    def take(self, max_iter: int, report: StartReport) -> tuple[list[float], bool]:
        """Iterate until convergence, `max_iter` times, or until `report` says stop.

        Returns
        -------
        bounds
            One an iteration, in nats per datum.
        converged
            Whether the stopping rule was met.
        """
        bounds: list[float] = []
        steps = iter(self)
        while len(bounds) < max_iter:
            report.begin_step()
            bounds.append(next(steps))
            if report(bounds[-1], lambda: self.climb.state(self.X)):
                return bounds, False
            if self.settling.converged:
                return bounds, True
        return bounds, False

    def _pass(self) -> float:
        order = torch.randperm(len(self.X), generator=self.generator).to(self.X.device)
        assert self.batch_size is not None
        batches = order.split(self.batch_size)
        return sum(self._step(batch) * len(batch) for batch in batches) / len(order)

    def _step(self, batch: Tensor | None) -> float:
        negative_bound = self.climb.loss(self.X, self.weights, batch) / self.total
        self.optimizer.zero_grad()
        (negative_bound + self._penalty()).backward()
        if self.climb.mixture.network is not None and self.n_taken < _HEAD_START:
            for parameter in self.climb.own:
                parameter.grad = None  # Adam passes over what has no gradient
        self.optimizer.step()
        self.n_taken += 1
        return finite_bound(-negative_bound.item())

    def _penalty(self) -> Tensor | float:
        mixture = self.climb.mixture
        if self.reg_covar == 0 or mixture.prior is not None:
            return 0.0
        factors = mixture.kind.factors_of_scales(mixture.scales())
        traces = mixture.kind.inverse_traces(factors, mixture.start_means.shape[1])
        weights = mixture.logits.detach().softmax(0)
        return 0.5 * self.reg_covar * (weights * traces).sum()


@contextmanager
def private_pyro() -> Iterator[None]:
    """A parameter store of our own, so that the global one is neither read nor left changed.

    And no validation of every distribution at every step, which costs more than the arithmetic.
    """
    with pyro.get_param_store().scope(), pyro.validation_enabled(False):
        yield


def _can_fuse(X: Tensor) -> bool:
    return X.device.type in ("cpu", "cuda", "mps")
