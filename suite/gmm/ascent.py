"""The EM ascent of many starts at once, and the rule that ranks where they ended."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from suite.errors import InputError
from suite.gmm.covariance import covariance_type_named
from suite.gmm.direct import direct_step
from suite.gmm.expectation import FeatureBlocks, expect
from suite.gmm.moments import (
    MOMENTS,
    MixtureBatch,
    Precisions,
    condition_numbers,
    maximise,
    natural_parameters,
)

_WORST_CONDITION = {torch.float64: 1e6, torch.float32: 1e5}
"""Beyond these the fast path gives way to the direct one: rounding is magnified so many times."""

_DOUBTFUL = 1e12
"""Beyond this a covariance may be singular for one factorisation and regular for another."""

Watch = Callable[["list[Climb]"], None]
"""Told of the climbs that have just made a step; sets `stopped` on those that are to end."""


@dataclass(eq=False)
class Climb:
    """One start's way up.

    Parameters
    ----------
    number
        Of the start, from 0.
    batch, position
        The batch that the start is now part of, and where: the parameters after the last step that
        kept them regular.
    batch_before
        The same batch before that step: what the last bound belongs to.
    previous
        The bound that the first step's is compared with.
    lower_bounds
        The bound before each step's M-step, in nats per datum.
    converged
        Whether the bound changed by less than the tolerance.
    stopped
        Whether somebody who watched asked to stop.
    collapsed
        Whether the next step would have made a covariance singular; the climb ended there.
    n_direct
        How many steps were too badly conditioned for matrix products.
    """

    number: int
    batch: MixtureBatch
    batch_before: MixtureBatch
    position: int
    previous: float = -np.inf
    lower_bounds: list[float] = field(default_factory=list)
    converged: bool = False
    stopped: bool = False
    collapsed: bool = False
    n_direct: int = 0

    @property
    def mixture(self) -> MixtureBatch:
        """The parameters reached, a batch of one."""
        return self.batch[self.position : self.position + 1]

    @property
    def before(self) -> MixtureBatch:
        """The parameters before the last step, a batch of one."""
        return self.batch_before[self.position : self.position + 1]

    @property
    def lower_bound(self) -> float:
        """The last bound; `previous` if no step was taken."""
        return self.lower_bounds[-1] if self.lower_bounds else self.previous

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to do."""
        return self.converged or self.collapsed or self.stopped


@dataclass(frozen=True, eq=False)
class _Standing:
    """Where a batch of mixtures stands, and how well sums can be trusted there."""

    mixtures: MixtureBatch
    precisions: Precisions
    magnification: np.ndarray

    @classmethod
    def of(cls, mixtures: MixtureBatch, covariance_type: str) -> "_Standing":
        precisions = MOMENTS[covariance_type].precisions(
            mixtures.covariances, mixtures.means.shape[-1]
        )
        magnification = condition_numbers(mixtures, precisions)
        kind = covariance_type_named(covariance_type)
        for i in np.flatnonzero(np.isfinite(magnification) & (magnification > _DOUBTFUL)):
            try:
                kind.precision_factors(torch.tensor(mixtures.covariances[i]))
            except InputError:  # within rounding of singular: which factorisation sees it is chance
                magnification[i] = np.inf
        return cls(mixtures, precisions, magnification)

    def __getitem__(self, index: np.ndarray) -> "_Standing":
        return _Standing(self.mixtures[index], self.precisions[index], self.magnification[index])

    @property
    def regular(self) -> list[bool]:
        """Whether all covariances of each mixture are positive definite."""
        found: list[bool] = np.isfinite(self.magnification).tolist()
        return found


def climb(
    blocks: FeatureBlocks,
    starts: MixtureBatch,
    covariance_type: str,
    *,
    ridge: np.ndarray,
    tol: float,
    max_iter: int,
    watch: Watch,
    previous: float = -np.inf,
) -> list[Climb]:
    """Climb from every start until it converges or collapses, all together.

    Each iteration makes one pass over the rows for all starts that still run: their components are
    just more columns of the two matrix products.

    Parameters
    ----------
    blocks
        The rows.
    starts
        S mixtures, in the coordinates of `blocks`.
    covariance_type
        Of the mixtures.
    ridge
        Added to every covariance after each M-step.
    tol
        In nats per datum.
    max_iter
        Largest number of iterations of each.
    watch
        Called after every iteration.
    previous
        The bound that the first steps' are compared with: −∞, or that of an earlier climb which
        this one goes on.
    """
    standing = _Standing.of(starts, covariance_type)
    climbs = [
        Climb(i, starts, starts, i, previous, collapsed=not fit)
        for i, fit in enumerate(standing.regular)
    ]
    active, standing = _still_running(climbs, standing)
    for _ in range(max_iter):
        if not active:
            break
        after, log_likelihoods, direct = _iterate(blocks, standing, covariance_type, ridge)
        bounds = log_likelihoods / blocks.total_weight
        _note(active, standing.mixtures, after, bounds.tolist(), tol)
        for i in np.flatnonzero(direct):
            active[i].n_direct += 1
        watch(active)
        active, standing = _still_running(active, after)
    return climbs


def _iterate(
    blocks: FeatureBlocks, before: _Standing, covariance_type: str, ridge: np.ndarray
) -> tuple[_Standing, np.ndarray, np.ndarray]:
    """One EM step of each mixture by matrix products, and again directly where that is inexact.

    Returns the standing after it, the total log-likelihoods before it, and which were direct.
    """
    moments, worst = MOMENTS[covariance_type], _WORST_CONDITION[blocks.dtype]
    direct = before.magnification > worst
    after, totals = before, np.zeros(len(direct))
    if not direct.all():
        theta = natural_parameters(moments, before.mixtures, before.precisions, blocks.log_volume)
        sums, totals = expect(blocks, theta)
        totals -= 0.5 * moments.shared_quadratic(before.precisions.values, blocks.scatter)
        mixtures = maximise(sums, blocks.scatter, covariance_type, ridge)
        after = _Standing.of(mixtures, covariance_type)
        direct |= after.magnification > worst
    if direct.any():
        index = np.flatnonzero(direct)
        exact, totals[index] = direct_step(blocks, before.mixtures[index], covariance_type, ridge)
        after = _Standing.of(after.mixtures.replaced(index, exact), covariance_type)
    return after, totals, direct


def _note(
    active: list[Climb], before: MixtureBatch, after: _Standing, bounds: list[float], tol: float
) -> None:
    for i, (one, bound, regular) in enumerate(zip(active, bounds, after.regular, strict=True)):
        previous = one.lower_bound
        one.lower_bounds.append(bound)
        one.batch, one.batch_before, one.position = after.mixtures, before, i
        one.converged = abs(bound - previous) < tol
        if not regular:
            one.batch, one.converged, one.collapsed = before, False, True


def _still_running(active: list[Climb], standing: _Standing) -> tuple[list[Climb], _Standing]:
    running = [i for i, one in enumerate(active) if not one.ended]
    if len(running) == len(active):
        return active, standing
    return [active[i] for i in running], standing[np.array(running, dtype=int)]
