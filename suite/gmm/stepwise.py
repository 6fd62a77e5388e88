"""Stepwise EM: a mixture learned from one batch of rows after another, each seen once or often."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import torch

from suite.errors import InputError
from suite.gmm.batch import MixtureBatch
from suite.gmm.callbacks import StartReport
from suite.gmm.coordinates import Coordinates
from suite.gmm.covariance import covariance_type_named
from suite.gmm.expectation import expect
from suite.gmm.feature_blocks import FeatureBlocks, Features
from suite.gmm.moments import MOMENTS
from suite.gmm.natural import condition_numbers, maximise, natural_parameters
from suite.gmm.outcome import Ascent
from suite.gmm.parameters import MixtureParameters, MixtureState
from suite.gmm.restarts import EMSettings, batch_of, diagnosis_of, parameters_of
from suite.gmm.rows import ArrayRows, Rows

_WORST_CONDITION = 1e10
"""Beyond this a covariance computed from a running mean of squares holds few digits, or none."""


@dataclass(eq=False)
class StepwiseEM:
    """Online EM (Cappé and Moulines, 2009; with batches: Liang and Klein, 2009).

    A running mean s of the expected statistics of a datum, E[r_k T(y)], follows that of each batch,

        s ← (1 − η_t) s + η_t ŝ_t,   η_t = (t + 1)^(−α),   t = 0, 1, 2, …

    and the parameters are those that the M-step gives for s. With ½ < α ≤ 1 it converges to a
    stationary point of the expected log-likelihood if batches keep coming from one distribution.

    Parameters
    ----------
    coordinates
        Those of the first batch; they stay.
    settings
        Of the fit.
    exponent
        α.
    mixture
        The parameters now, a batch of one, in those coordinates.
    sums, scatter
        s: shape (1, K, M); and E[y yᵀ], (D, D), for the types that share a covariance.
    n_steps, rows_seen, lower_bounds
        t; how many rows, of some weight, there were in all batches so far; and each batch's mean
        log-likelihood before its step, in nats per datum.
    """

    coordinates: Coordinates
    settings: EMSettings
    exponent: float
    mixture: MixtureBatch
    sums: np.ndarray
    scatter: np.ndarray
    n_steps: int
    rows_seen: int = 0
    lower_bounds: list[float] = field(default_factory=list)

    @classmethod
    def begin(
        cls,
        rows: Rows,
        start: MixtureParameters,
        settings: EMSettings,
        *,
        exponent: float,
        n_steps: int = 0,
    ) -> "StepwiseEM":
        """Begin with the coordinates of `rows` and the statistics that `start` would have.

        With `n_steps` 0 the first batch takes their place altogether.
        """
        coordinates = Coordinates.of(rows, settings.covariance_type)
        mixture = batch_of([start], coordinates)
        sums, scatter = _expected_statistics(mixture, settings.covariance_type)
        return cls(coordinates, settings, exponent, mixture, sums, scatter, n_steps)

    @property
    def parameters(self) -> MixtureParameters:
        """The parameters now, for the data as they were given."""
        return parameters_of(self.mixture, self.coordinates)

    def ascent(self, lower_bounds: list[float], *, converged: bool = False) -> Ascent:
        """Where it stands, as the outcome of a fit with these bounds."""
        coordinates = replace(self.coordinates, effective_rows=self.rows_seen)
        diagnosis = diagnosis_of(
            self.mixture,
            coordinates,
            lower_bounds=lower_bounds,
            converged=converged,
            limits=self.settings.limits,
        )
        return Ascent(self.parameters, lower_bounds, converged, diagnosis=diagnosis)

    def update(self, rows: Rows) -> float:
        """Learn from a batch; gives its mean log-likelihood before the step, in nats per datum.

        Raises
        ------
        InputError
            If a component loses its spread; the mixture stays as it was.
        """
        settings, own = self.settings, self.coordinates.of_others(rows)
        features = Features(own, self.mixture.weights.size, settings.dtype, settings.device)
        blocks, moments = FeatureBlocks(rows, features), features.moments
        precisions = moments.precisions(self.mixture.covariances, own.n_features)
        theta = natural_parameters(moments, self.mixture, precisions, own.log_volume)
        ((sums, totals),) = expect(blocks, [theta])
        total = totals - 0.5 * moments.shared_quadratic(precisions.values, own.scatter)
        self.rows_seen += own.effective_rows
        self._move(sums / own.total_weight, own.scatter / own.total_weight)
        self.lower_bounds = [*self.lower_bounds, float(total[0]) / own.total_weight]
        return self.lower_bounds[-1]

    def _move(self, sums: np.ndarray, scatter: np.ndarray) -> None:
        settings, eta = self.settings, (self.n_steps + 1.0) ** -self.exponent
        sums = (1 - eta) * self.sums + eta * sums
        scatter = (1 - eta) * self.scatter + eta * scatter
        ridge = self.coordinates.ridge(settings.reg_covar)
        mixture = maximise(sums, scatter, settings.covariance_type, ridge)
        moments = MOMENTS[settings.covariance_type]
        precisions = moments.precisions(mixture.covariances, len(scatter))
        if condition_numbers(mixture, precisions).max() > _WORST_CONDITION:
            raise InputError(
                "a component lost its spread in a batch: give larger batches, ask for fewer "
                "components, or raise reg_covar."
            )
        self.mixture, self.sums, self.scatter = mixture, sums, scatter
        self.n_steps += 1


def ascend_in_batches(
    rows: Rows,
    start: MixtureParameters,
    settings: EMSettings,
    *,
    batch_size: int,
    exponent: float,
    random: np.random.RandomState,
    report: StartReport,
) -> Ascent:
    """Stepwise EM over all rows again and again, in batches, until it converges.

    One pass over the rows counts as an iteration; its bound is the mean over the batches of their
    log-likelihoods, each before its step. It has converged when that changes by less than `tol`.
    """
    stepwise = StepwiseEM.begin(rows, start, settings, exponent=exponent)
    bounds: list[float] = []
    previous, converged = settings.previous, False
    for _ in range(settings.max_iter):
        report.begin_step()
        bounds.append(_pass(stepwise, rows.batches(batch_size, random)))
        converged = abs(bounds[-1] - previous) < settings.tol
        if report(bounds[-1], partial(MixtureState, stepwise.parameters)) or converged:
            break
        previous = bounds[-1]
    report.end(bounds[-1] if bounds else previous, converged)
    stepwise.rows_seen = stepwise.coordinates.effective_rows
    return stepwise.ascent(bounds, converged=converged)


def _pass(stepwise: StepwiseEM, batches: Iterable[ArrayRows]) -> float:
    total, weight = 0.0, 0.0
    for batch in batches:
        own = len(batch.X) if batch.weights is None else float(batch.weights.sum())
        if own > 0:
            total += own * stepwise.update(batch)
            weight += own
    return total / weight


def _expected_statistics(
    mixture: MixtureBatch, covariance_type: str
) -> tuple[np.ndarray, np.ndarray]:
    """E[r_k T(y)] and E[y yᵀ] under the mixture itself."""
    weights, means = mixture.weights[0], mixture.means[0]
    kind, moments = covariance_type_named(covariance_type), MOMENTS[covariance_type]
    spread = kind.expand(mixture.covariances[0], *means.shape)
    seconds = spread + means[:, :, np.newaxis] * means[:, np.newaxis]
    linear = torch.from_numpy(np.ascontiguousarray(means.T))
    # T is quadratic: filled at the points μ and at μ plus or minus the columns of a root of D Σ, it
    # averages to its expectation.
    roots = np.linalg.cholesky(spread * means.shape[1])
    quadratic = torch.zeros(moments.n_quadratic(means.shape[1]), len(means), dtype=torch.float64)
    term = torch.empty_like(quadratic)
    for sign in (1.0, -1.0):
        for column in range(means.shape[1]):
            moved = linear + sign * torch.from_numpy(roots[:, :, column].T.copy())
            moments.fill(term, moved)
            quadratic += term / (2 * means.shape[1])
    parts = [quadratic.numpy().T, means, np.ones((len(means), 1))]
    sums = weights[:, np.newaxis] * np.concatenate(parts, axis=1)
    return sums[np.newaxis], np.einsum("k,kij->ij", weights, seconds)
