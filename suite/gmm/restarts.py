"""Expectation maximisation from many starts: from rows and starts to ranked ascents."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby

import numpy as np
import torch

from suite.gmm.ascent import Climb, climb
from suite.gmm.batch import MixtureBatch
from suite.gmm.callbacks import FitReport, StartReport
from suite.gmm.coordinates import Coordinates
from suite.gmm.diagnostics import (
    FitDiagnostics,
    RegularLimits,
    StartDiagnostics,
    faults_of,
    ranked_first,
)
from suite.gmm.feature_blocks import FeatureBlocks, Features
from suite.gmm.outcome import Ascent
from suite.gmm.parameters import MixtureParameters, MixtureState
from suite.gmm.rows import Rows


@dataclass(frozen=True)
class EMSettings:
    """What an ascent by expectation maximisation has to know beside rows and starts.

    Parameters
    ----------
    covariance_type, reg_covar, tol, max_iter
        As for `EMGaussianMixture`.
    previous
        The bound that the first is compared with; −∞ if there was none.
    limits
        What counts as a regular end.
    dtype, device
        What to compute in and where.
    """

    covariance_type: str
    reg_covar: float
    tol: float
    max_iter: int
    previous: float
    limits: RegularLimits
    dtype: torch.dtype
    device: torch.device


class EMSolver:
    """Climbs from starts on one data set, whose moments it looks at once.

    Parameters
    ----------
    rows
        The data.
    settings
        How to climb.

    Raises
    ------
    InputError
        If the data are not finite, or have no weight.
    """

    def __init__(self, rows: Rows, settings: EMSettings) -> None:
        self.rows, self.settings = rows, settings
        self.coordinates = Coordinates.of(rows, settings.covariance_type)

    def ascend(self, starts: Sequence[MixtureParameters], report: FitReport) -> list[Ascent]:
        """Climb from every start, side by side.

        Parameters
        ----------
        starts
            Mixtures; those of equally many components follow one another.
        report
            Who is told of the steps.
        """
        settings, coordinates = self.settings, self.coordinates
        told = report.begin_together(len(starts))
        if report.listeners and settings.max_iter:
            for start_report in told:
                start_report.begin_step()
        climbs = climb(
            self._blocks(sum(start.n_components for start in starts)),
            [
                batch_of(list(group), coordinates)
                for _, group in groupby(starts, key=lambda start: start.n_components)
            ],
            settings.covariance_type,
            ridge=coordinates.ridge(settings.reg_covar),
            tol=settings.tol,
            max_iter=settings.max_iter,
            previous=settings.previous,
            watch=lambda active: self._tell(active, told, report),
        )
        for one, start_report in zip(climbs, told, strict=True):
            start_report.end(one.lower_bound, one.converged)
        ends = zip(climbs, starts, strict=True)
        return [_ascent(one, start, coordinates, settings.limits) for one, start in ends]

    def _tell(self, active: list[Climb], told: list[StartReport], report: FitReport) -> None:
        for one in active:
            one.stopped = told[one.number](one.lower_bound, self._state_of(one))
        highest = max(active, key=lambda one: one.lower_bound)
        if report.end_round(highest.lower_bound, self._state_of(highest)):
            for one in active:
                one.stopped = True
        for one in active if report.listeners else ():
            if not one.ended and len(one.lower_bounds) < self.settings.max_iter:
                told[one.number].begin_step()

    def _state_of(self, one: Climb) -> Callable[[], MixtureState]:
        # The climb goes on from here; what it is at now is looked at only if somebody asks.
        return partial(self._state, one.batch, one.batch_before, one.position)

    def _state(self, after: MixtureBatch, before: MixtureBatch, position: int) -> MixtureState:
        chosen = slice(position, position + 1)
        earlier = parameters_of(before[chosen], self.coordinates)
        blocks = self.rows.blocks(self.coordinates.n_rows)
        responsibilities = [earlier.responsibilities(X) for X, _ in blocks]
        return MixtureState(
            parameters_of(after[chosen], self.coordinates), np.concatenate(responsibilities)
        )

    def _blocks(self, n_columns: int) -> FeatureBlocks:
        settings = self.settings
        features = Features(self.coordinates, n_columns, settings.dtype, settings.device)
        return FeatureBlocks(self.rows, features)


def best_of(ascents: Sequence[Ascent], coordinates: Coordinates, n_failed: int = 0) -> Ascent:
    """The ascent to keep, with what is to be known of the whole fit.

    `n_failed` starts had no density, and so no ascent.
    """
    diagnoses = tuple(ascent.diagnosis for ascent in ascents if ascent.diagnosis is not None)
    chosen = ranked_first(diagnoses)
    found = FitDiagnostics(
        diagnoses,
        chosen=chosen,
        rank=coordinates.rank,
        constant_features=coordinates.constant_features,
        n_failed=n_failed,
    )
    return replace(ascents[chosen], diagnostics=found)


def batch_of(starts: Sequence[MixtureParameters], coordinates: Coordinates) -> MixtureBatch:
    """The starts side by side, in the coordinates of the computation."""
    arrays = zip(*(coordinates.inward(start) for start in starts), strict=True)
    return MixtureBatch(*(np.stack(part) for part in arrays))


def parameters_of(batch: MixtureBatch, coordinates: Coordinates) -> MixtureParameters:
    """A batch of one as parameters of the data as they were given."""
    return coordinates.outward(batch.weights[0], batch.means[0], batch.covariances[0])


def _ascent(
    one: Climb, start: MixtureParameters, coordinates: Coordinates, limits: RegularLimits
) -> Ascent:
    moved = len(one.lower_bounds) > one.collapsed  # a step that collapses is not taken
    return Ascent(
        parameters_of(one.mixture, coordinates) if moved else start,
        one.lower_bounds,
        one.converged,
        diagnosis=diagnosis_of(
            one.mixture,
            coordinates,
            lower_bounds=one.lower_bounds,
            converged=one.converged,
            collapsed=one.collapsed,
            limits=limits,
            n_direct=one.n_direct,
        ),
    )


def diagnosis_of(
    mixture: MixtureBatch,
    coordinates: Coordinates,
    *,
    lower_bounds: Sequence[float],
    converged: bool,
    limits: RegularLimits,
    collapsed: bool = False,
    n_direct: int = 0,
) -> StartDiagnostics:
    """What is to be known of a mixture, a batch of one, in which an ascent has ended."""
    spreads = coordinates.smallest_shares(mixture.covariances[0])
    counts = mixture.weights[0] * coordinates.effective_rows
    faults = faults_of(spreads, counts, coordinates.covariance_type, coordinates.rank, limits)
    if collapsed:
        faults = ("a component lost its spread in the next step", *faults)
    return StartDiagnostics(
        lower_bound=lower_bounds[-1] if lower_bounds else -np.inf,
        n_iter=len(lower_bounds),
        converged=converged,
        smallest_spread=float(spreads.min()),
        smallest_count=float(counts.min()),
        faults=faults,
        n_direct=n_direct,
    )
