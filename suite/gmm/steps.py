"""The two steps of EM for a Gaussian mixture, in PyTorch: one function each.

Dempster, Laird and Rubin (1977); the formulas are Bishop (2006), equations 9.23 to 9.27.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from suite.gmm.covariance import covariance_type_named
from suite.gmm.parameters import MixtureParameters


@dataclass(frozen=True, eq=False)
class MixtureTensors:
    """A mixture's parameters as tensors, with the precision factors that densities need.

    Shapes as in `MixtureParameters`; `factors` has the shape of `covariances`.
    """

    weights: Tensor
    means: Tensor
    covariances: Tensor
    factors: Tensor
    covariance_type: str

    @classmethod
    def build(
        cls, weights: Tensor, means: Tensor, covariances: Tensor, covariance_type: str
    ) -> "MixtureTensors":
        """Compute the precision factors; InputError if a covariance has collapsed."""
        factors = covariance_type_named(covariance_type).precision_factors(covariances)
        return cls(weights, means, covariances, factors, covariance_type)

    @classmethod
    def from_parameters(
        cls, parameters: MixtureParameters, like: Tensor, offset: Tensor | float = 0.0
    ) -> "MixtureTensors":
        """Tensors of the dtype and on the device of `like`, with `offset` taken from the means."""
        weights, means, covariances = (
            torch.tensor(values, dtype=like.dtype, device=like.device)
            for values in (parameters.weights, parameters.means, parameters.covariances)
        )
        return cls.build(weights, means - offset, covariances, parameters.covariance_type)

    def to_parameters(self, offset: Tensor | float = 0.0) -> MixtureParameters:
        """Back to arrays, with `offset` added to the means."""
        return MixtureParameters(
            self.weights.cpu().numpy(),
            (self.means + offset).cpu().numpy(),
            self.covariances.cpu().numpy(),
            self.covariance_type,
        )


def log_joint(X: Tensor, mixture: MixtureTensors) -> Tensor:
    """log π_k + log N(x | μ_k, Σ_k), shape (N, K), in nats."""
    kind = covariance_type_named(mixture.covariance_type)
    n_features = X.shape[1]
    distances = kind.squared_distances(X, mixture.means, mixture.factors)
    log_determinants = kind.log_determinants(mixture.factors, n_features)
    log_density = log_determinants - 0.5 * (n_features * math.log(2 * math.pi) + distances)
    return log_density + mixture.weights.log()


def e_step(X: Tensor, mixture: MixtureTensors) -> tuple[Tensor, Tensor]:
    """The exact posterior of the assignments, which makes the bound tight.

    Parameters
    ----------
    X
        (N, D)
    mixture
        Its parameters, in the dtype and on the device of X.

    Returns
    -------
    log_prob
        log p(x) = log Σ_k π_k N(x | μ_k, Σ_k), shape (N,). Its mean is both the log-likelihood at
        `mixture` and the evidence lower bound with the responsibilities below.
    responsibilities
        r = π_k N(x | μ_k, Σ_k) / p(x), shape (N, K).

    Examples
    --------
    >>> X = torch.tensor([[-1.0], [0.0]], dtype=torch.float64)
    >>> start = MixtureParameters([0.5, 0.5], [[-1.0], [1.0]], [1.0, 1.0], "spherical")
    >>> log_prob, responsibilities = e_step(X, MixtureTensors.from_parameters(start, like=X))
    >>> responsibilities.numpy().round(3).tolist()
    [[0.881, 0.119], [0.5, 0.5]]
    """
    joint = log_joint(X, mixture)
    log_prob = joint.logsumexp(1)
    return log_prob, (joint - log_prob.unsqueeze(1)).exp()


def m_step(
    X: Tensor,
    responsibilities: Tensor,
    covariance_type: str,
    reg_covar: float,
    sample_weight: Tensor | None = None,
) -> MixtureTensors:
    """The parameters that maximise Σ_n w_n Σ_k r_nk log(π_k N(x_n | μ_k, Σ_k)); w_n = 1 by default.

    As scikit-learn does, `reg_covar` is added to the diagonal of the maximiser, so that with
    reg_covar > 0 the step is no longer exactly an ascent of the likelihood.

    Parameters
    ----------
    X
        (N, D)
    responsibilities
        r, (N, K), as `e_step` gives them.
    covariance_type
        A name in `suite.gmm.COVARIANCE_TYPES`.
    reg_covar
        In the squared units of X.
    sample_weight
        w, (N,); None for 1.

    Examples
    --------
    >>> X = torch.tensor([[-1.0], [1.0], [7.0]], dtype=torch.float64)
    >>> hard = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    >>> fitted = m_step(X, hard, "spherical", reg_covar=0.5).to_parameters()
    >>> fitted.means.round(9).tolist(), fitted.covariances.round(9).tolist()
    ([[0.0], [7.0]], [1.5, 0.5])
    """
    kind = covariance_type_named(covariance_type)
    if sample_weight is not None:
        responsibilities = responsibilities * sample_weight.unsqueeze(1)
    # An empty component keeps a count above zero, as in scikit-learn, and so no division by zero.
    counts = responsibilities.sum(0) + 10 * torch.finfo(X.dtype).eps
    means = responsibilities.T @ X / counts.unsqueeze(1)
    covariances = kind.estimate(X, responsibilities, counts, means, sample_weight)
    return MixtureTensors.build(
        counts / counts.sum(), means, kind.add_to_diagonal(covariances, reg_covar), covariance_type
    )
