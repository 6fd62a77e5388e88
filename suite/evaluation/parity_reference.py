"""What implementations of a mixture are held against, and how much of a difference is rounding.

The gradient is in the units of the start: with respect to the logits of the weights, a in
μ_k = μ⁰_k + L⁰_k a_k, and the lower triangle of b in L_k = L⁰_k B_k, B_k = I + b at the start; for
variances, log σ. There a row's own contribution is of the order of 1, whatever the scale of the
data.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch.distributions import MultivariateNormal

from suite.evaluation.parity import QUANTILE
from suite.gmm.parameters import MixtureParameters

Gradient = Mapping[str, np.ndarray]
"""By name: "logits" (K,), "means" (K, D), "scales" in the shape of the covariances."""

_NAMES = ("logits", "means", "scales")
_Q_FLOOR = 1e-300


def reference_gradient(
    start: MixtureParameters, X: np.ndarray, responsibilities: np.ndarray | None = None
) -> Gradient:
    """The gradient of the mean log-likelihood, or of the bound with a fixed q(z | x), by autograd.

    The density is `torch.distributions.MultivariateNormal`'s, in float64.
    """
    rows = torch.tensor(X, dtype=torch.float64)
    factors = torch.linalg.cholesky(torch.tensor(start.full_covariances()))
    logits = torch.tensor(start.weights).clamp(min=_Q_FLOOR).log().requires_grad_()
    shifts = torch.zeros(start.means.shape, dtype=torch.float64, requires_grad=True)
    free = torch.zeros(factors.shape, dtype=torch.float64, requires_grad=True)
    identity = torch.eye(start.n_features, dtype=torch.float64)
    means = torch.tensor(start.means) + (factors @ shifts.unsqueeze(-1)).squeeze(-1)
    normals = MultivariateNormal(means, scale_tril=factors @ (identity + free.tril()))
    joint = normals.log_prob(rows.unsqueeze(1)) + logits.log_softmax(0)
    if responsibilities is None:
        joint.logsumexp(1).mean().backward()
    else:
        (torch.tensor(responsibilities, dtype=torch.float64) * joint).sum(1).mean().backward()
    of_logits, of_means, of_free = (np.asarray(part.grad) for part in (logits, shifts, free))
    return as_gradient(of_logits, of_means, of_free, start.covariance_type)


def as_gradient(
    logits: np.ndarray, means: np.ndarray, scales: np.ndarray, covariance_type: str
) -> Gradient:
    """The gradient from that by each component's whole matrix b, `scales` (K, D, D).

    What components or directions share is moved by the sum of what each would be moved by.
    """
    return {"logits": logits, "means": means, "scales": _REDUCED[covariance_type](scales)}


def flat(gradient: Gradient) -> np.ndarray:
    """All entries in one vector."""
    return np.concatenate([np.ravel(np.asarray(gradient[name])) for name in _NAMES])


_REDUCED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "full": np.tril,
    "tied": lambda b: np.tril(b.sum(0)),
    "diag": lambda b: np.diagonal(b, axis1=-2, axis2=-1),
    "tied_diag": lambda b: np.diagonal(b.sum(0)),
    "spherical": lambda b: np.trace(b, axis1=-2, axis2=-1),
    "tied_spherical": lambda b: np.trace(b.sum(0)),
}


@dataclass(frozen=True)
class MixtureTolerances:
    """What rounding may amount to, relative as in `Agreement.difference`.

    A density's quadratic form is a sum of D terms which an implementation may expand, x² − 2xμ +
    μ², and whose factor it may invert; the terms then have the magnitude

        A_n = κ Σ_k r_nk Σ_d (|x_nd| + |μ_kd|)² / Σ_k,dd + w + D + |log p(x_n)|

    with κ the largest condition number of a correlation matrix and w the largest Σ_k,dd over the
    variance of the rows (in whose units one may compute), and their sum an error of
    λ √D ε A_n (`suite.evaluation.parity.QUANTILE`). The gradient's entries change by as much, on
    the average over rows, and are sums of N terms besides.

    Parameters
    ----------
    log_likelihood, bound, gradient
        Of the quantities of these names.
    """

    log_likelihood: float
    bound: float
    gradient: float

    @classmethod
    def of(
        cls, start: MixtureParameters, X: np.ndarray, gradient: Gradient, epsilon: float
    ) -> "MixtureTolerances":
        """Those at `start` on the rows of X, of a reference `gradient`, in units of `epsilon`."""
        log_prob = start.log_prob(X)
        magnitudes = _magnitudes(start, X, log_prob)
        of_sum = QUANTILE * np.sqrt(start.n_features) * epsilon
        over_rows = QUANTILE * np.sqrt(len(X)) * epsilon
        mean = magnitudes.mean()
        sizes = [np.abs(v).max() for v in (log_prob, log_prob.mean(), flat(gradient))]
        likelihood, bound, slope = (max(1.0, float(size)) for size in sizes)
        return cls(
            float(of_sum * magnitudes.max() / likelihood),
            float((of_sum * mean + over_rows * np.abs(log_prob).mean()) / bound),
            float((of_sum * mean + over_rows * mean / start.n_features) / slope),
        )


def _magnitudes(start: MixtureParameters, X: np.ndarray, log_prob: np.ndarray) -> np.ndarray:
    covariances = start.full_covariances()
    deviations = np.sqrt(np.diagonal(covariances, axis1=-2, axis2=-1))
    correlations = covariances / (deviations[:, :, np.newaxis] * deviations[:, np.newaxis])
    condition = float(np.linalg.cond(correlations).max())
    squares = np.stack(
        [
            (((np.abs(X) + np.abs(mean)) / deviation) ** 2).sum(1)
            for mean, deviation in zip(start.means, deviations, strict=True)
        ],
        axis=1,
    )
    expanded = (start.responsibilities(X) * squares).sum(1)
    variances = X.var(axis=0)
    varies = variances > 0
    wide = (deviations[:, varies] ** 2 / variances[varies]).max(initial=0.0)
    magnitudes: np.ndarray = condition * expanded + wide + start.n_features + np.abs(log_prob)
    return magnitudes
