"""EM is a preconditioned gradient step (Xu and Jordan, 1996), by the Pyro model's gradient."""

import numpy as np
import pytest
import torch
from torch import Tensor

from suite.gmm import COVARIANCE_TYPES, MixtureParameters, e_step, m_step
from suite.gmm.mixture_of_normals import MixtureOfNormals
from suite.gmm.steps import MixtureTensors
from tests.gmm.mixtures import TYPES, random_mixture, rows_from


def _gradient(mixture: MixtureParameters, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """∂ Σ_n log p(x_n) / ∂ (π, μ, Σ), with π taken as K free numbers and all entries of Σ free."""
    kind = COVARIANCE_TYPES[mixture.covariance_type]
    theta = [
        torch.tensor(values, requires_grad=True)
        for values in (mixture.weights, mixture.means, mixture.covariances)
    ]
    weights, means, covariances = theta
    normalised = MixtureOfNormals(weights.log(), means, kind.scales(covariances), kind)
    # The distribution divides by Σ π: the likelihood of free π is that times Σ π, for each row.
    likelihood = normalised.log_prob(x).sum() + len(x) * weights.sum().log()
    weights, means, covariances = torch.autograd.grad(likelihood, theta)
    return weights, means, covariances


def _covariance_step(kind: str, mixture: MixtureParameters, g: Tensor, counts: Tensor) -> Tensor:
    """P g with the preconditioner P of each covariance type."""
    n_rows, n_features = counts.sum(), mixture.n_features
    covariances = torch.tensor(mixture.covariances)
    return {
        "full": lambda: 2 / counts[:, None, None] * (covariances @ g @ covariances),
        "tied": lambda: 2 / n_rows * (covariances @ g @ covariances),
        "diag": lambda: 2 / counts[:, None] * covariances**2 * g,
        "spherical": lambda: 2 / (counts * n_features) * covariances**2 * g,
        "tied_diag": lambda: 2 / n_rows * covariances**2 * g,
        "tied_spherical": lambda: 2 / (n_rows * n_features) * covariances**2 * g,
    }[kind]()


def _scatter_of_means(kind: str, shifts: Tensor, counts: Tensor) -> Tensor:
    """δ δᵀ in the covariances' shape: what measuring about the new mean takes off, not the old."""
    outer = shifts[:, :, None] * shifts[:, None, :]
    tied = (counts / counts.sum()) @ outer.flatten(1)
    pooled = tied.reshape(outer.shape[1:])
    return {
        "full": outer,
        "tied": pooled,
        "diag": outer.diagonal(dim1=1, dim2=2),
        "spherical": outer.diagonal(dim1=1, dim2=2).mean(1),
        "tied_diag": pooled.diagonal(),
        "tied_spherical": pooled.diagonal().mean(),
    }[kind]


@pytest.mark.parametrize("kind", TYPES)
def test_an_em_step_is_a_preconditioned_gradient_step(kind: str) -> None:
    """With N_k = Σ_n r_nk, δ the step of the means, and all at the old parameters:

        π' − π = (diag π − π πᵀ) ∂ℓ/∂π / N,   μ'_k − μ_k = Σ_k ∂ℓ/∂μ_k / N_k,
        Σ'_k − Σ_k = 2 Σ_k (∂ℓ/∂Σ_k) Σ_k / N_k − δ_k δ_kᵀ.

    With the scatter Σ' measured about the old means there would be no δ.
    """
    mixture = random_mixture(0, 3, 2, kind)
    x = torch.from_numpy(rows_from(random_mixture(5, 3, 2, kind), 60))
    _, responsibilities = e_step(x, MixtureTensors.from_parameters(mixture, like=x))
    after = m_step(x, responsibilities, kind, 0.0)
    counts = responsibilities.sum(0)
    by_weights, by_means, by_covariances = _gradient(mixture, x)
    weights, means, covariances = (
        torch.tensor(values) for values in (mixture.weights, mixture.means, mixture.covariances)
    )
    metric = weights.diag() - weights[:, None] * weights
    full = torch.tensor(mixture.full_covariances())
    shifts = (full @ by_means[:, :, None]).squeeze(2) / counts[:, None]
    steps = {
        "weights": (after.weights - weights, metric @ by_weights / len(x)),
        "means": (after.means - means, shifts),
        "covariances": (
            after.covariances - covariances,
            _covariance_step(kind, mixture, by_covariances, counts)
            - _scatter_of_means(kind, shifts, counts),
        ),
    }
    for name, (taken, predicted) in steps.items():
        assert taken.abs().max() > 1e-2, name
        # The M-step adds 10 ε to each count: a relative 1e-15. The rest is rounding.
        np.testing.assert_allclose(predicted, taken, rtol=1e-9, atol=1e-11, err_msg=name)
