"""The EM ascent of many starts at once, and the rule that ranks where they ended."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from suite.errors import InputError
from suite.gmm.batch import MixtureBatch, Precisions
from suite.gmm.covariance import covariance_type_named
from suite.gmm.direct import direct_step
from suite.gmm.expectation import expect
from suite.gmm.feature_blocks import FeatureBlocks
from suite.gmm.moments import MOMENTS
from suite.gmm.natural import condition_numbers, maximise, natural_parameters

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
        if magnification.max() <= _DOUBTFUL:
            return cls(mixtures, precisions, magnification)
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


@dataclass(frozen=True, eq=False)
class _Group:
    """Climbs of mixtures with equally many components, and where they stand."""

    climbs: list[Climb]
    standing: _Standing

    def still_running(self) -> "_Group":
        """Without those that have ended."""
        running = [i for i, one in enumerate(self.climbs) if not one.ended]
        if len(running) == len(self.climbs):
            return self
        index = np.array(running, dtype=int)
        return _Group([self.climbs[i] for i in running], self.standing[index])


@dataclass(frozen=True, eq=False)
class _Step:
    """Where a group stands after a step, its log-likelihoods before, and which were direct."""

    after: _Standing
    log_likelihoods: np.ndarray
    direct: np.ndarray


def is_well_conditioned(mixtures: MixtureBatch, covariance_type: str) -> bool:
    """Whether these, made from sums of squares in float64, hold all but a few of their digits."""
    worst = _Standing.of(mixtures, covariance_type).magnification.max()
    return bool(worst <= _WORST_CONDITION[torch.float64])


def climb(
    blocks: FeatureBlocks,
    starts: Sequence[MixtureBatch],
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
        Groups of mixtures in the coordinates of `blocks`; the mixtures of a group have equally many
        components.
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
    groups = _groups(starts, covariance_type, previous)
    climbs = [one for group in groups for one in group.climbs]
    for _ in range(max_iter):
        groups = [group.still_running() for group in groups]
        groups = [group for group in groups if group.climbs]
        if not groups:
            break
        steps = _iterate(blocks, [group.standing for group in groups], covariance_type, ridge)
        for group, step in zip(groups, steps, strict=True):
            _note(group, step, blocks.total_weight, tol)
        watch([one for group in groups for one in group.climbs])
        groups = [
            _Group(group.climbs, step.after) for group, step in zip(groups, steps, strict=True)
        ]
    return climbs


def _groups(starts: Sequence[MixtureBatch], covariance_type: str, previous: float) -> list[_Group]:
    groups, number = [], 0
    for batch in starts:
        standing = _Standing.of(batch, covariance_type)
        climbs = [
            Climb(number + i, batch, batch, i, previous, collapsed=not fit)
            for i, fit in enumerate(standing.regular)
        ]
        number += len(batch)
        groups.append(_Group(climbs, standing))
    return groups


def _iterate(
    blocks: FeatureBlocks,
    groups: Sequence[_Standing],
    covariance_type: str,
    ridge: np.ndarray,
) -> list[_Step]:
    """One EM step of each mixture by matrix products, and again directly where that is inexact."""
    worst = _WORST_CONDITION[blocks.dtype]
    fast = [i for i, before in enumerate(groups) if not (before.magnification > worst).all()]
    thetas = [
        natural_parameters(
            MOMENTS[covariance_type],
            groups[i].mixtures,
            groups[i].precisions,
            blocks.log_volume,
        )
        for i in fast
    ]
    expected = dict(zip(fast, expect(blocks, thetas) if fast else [], strict=True))
    return [
        _finish(blocks, before, expected.get(i), covariance_type, ridge)
        for i, before in enumerate(groups)
    ]


def _finish(
    blocks: FeatureBlocks,
    before: _Standing,
    expected: tuple[np.ndarray, np.ndarray] | None,
    covariance_type: str,
    ridge: np.ndarray,
) -> _Step:
    """The M-step from the sums, if there are any, and the direct step where they are inexact."""
    worst = _WORST_CONDITION[blocks.dtype]
    direct = before.magnification > worst
    after, totals = before, np.zeros(len(direct))
    if expected is not None:
        sums, totals = expected
        shared = MOMENTS[covariance_type].shared_quadratic(before.precisions.values, blocks.scatter)
        totals = totals - 0.5 * shared
        mixtures = maximise(sums, blocks.scatter, covariance_type, ridge)
        after = _Standing.of(mixtures, covariance_type)
        direct |= after.magnification > worst
    if direct.any():
        index = np.flatnonzero(direct)
        exact, totals[index] = direct_step(blocks, before.mixtures[index], covariance_type, ridge)
        after = _Standing.of(after.mixtures.replaced(index, exact), covariance_type)
    return _Step(after, totals, direct)


def _note(group: _Group, step: _Step, total_weight: float, tol: float) -> None:
    before, after = group.standing.mixtures, step.after
    bounds, direct = (step.log_likelihoods / total_weight).tolist(), step.direct.tolist()
    for i, (one, regular) in enumerate(zip(group.climbs, after.regular, strict=True)):
        previous = one.lower_bound
        one.lower_bounds.append(bounds[i])
        one.n_direct += direct[i]
        one.batch, one.batch_before, one.position = after.mixtures, before, i
        one.converged = abs(bounds[i] - previous) < tol
        if not regular:
            one.batch, one.converged, one.collapsed = before, False, True
