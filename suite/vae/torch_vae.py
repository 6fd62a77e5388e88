"""The variational autoencoder with its bound written out by hand in PyTorch.

Its twin is `suite.vae.pyro_vae`: the same networks, starting weights, minibatches and noise.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from suite.vae.compiling import compiled, compiled_slope
from suite.vae.learner import Loss, Slope
from suite.vae.networks import VAENetworks
from suite.vae.variational import VariationalAutoencoder

Weight = float | Tensor
"""β, a number or a tensor of shape ()."""


class TorchVAE(VariationalAutoencoder):
    """A variational autoencoder, by hand in PyTorch.

    Its bound is `negative_elbo` of this module. Parameters, learned attributes and methods are
    those of `suite.vae.variational.VariationalAutoencoder`, which `PyroVAE` shares.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.repeat([[0.0, 0.0, 1.0], [1.0, 1.0, 0.0]], 20, axis=0)
    >>> vae = TorchVAE(1, hidden_dims=(8,), max_epochs=5, batch_size=4, random_state=0).fit(X)
    >>> vae.transform(X).shape, vae.sample(2, random_state=0).shape
    ((40, 1), (2, 3))
    """

    def _loss_function(self, networks: VAENetworks, noise: torch.Generator) -> Loss:
        loss = _LOSSES[self.objective]
        if self.compile:
            loss = compiled(loss)
        return lambda x, kl_weight: loss(networks, *self._inputs(networks, noise, x, kl_weight))

    def _slope(self, networks: VAENetworks, noise: torch.Generator) -> Slope:
        if not self.compile or self._has_modules_of_ones_own:
            return super()._slope(networks, noise)
        slope = compiled_slope(_LOSSES[self.objective], networks)
        return lambda x, kl_weight: slope(*self._inputs(networks, noise, x, kl_weight))

    def _inputs(
        self, networks: VAENetworks, noise: torch.Generator, x: Tensor, kl_weight: float
    ) -> tuple[Tensor, Tensor, Weight]:
        epsilon = _draw(networks, len(x), self.n_particles, noise)
        if not self.compile:
            return x, epsilon, kl_weight
        # A number would be compiled in, anew for each one that a warm-up brings.
        weight = torch.tensor(kl_weight, dtype=networks.dtype, device=networks.device)
        return x, epsilon, weight


def negative_elbo(
    networks: VAENetworks,
    x: Tensor,
    noise: torch.Generator,
    *,
    objective: str = "mean-field",
    n_particles: int = 1,
    kl_weight: float = 1.0,
) -> Tensor:
    """Minus the bound of a minibatch that `suite.vae.objectives` defines, in nats per datum.

    By default  −1/B Σ_b [ log p(x_b | z_b) − KL(q(z | x_b) ‖ p(z)) ],  z_b = loc_b + scale_b · ε_b,
    with one ε ~ N(0, I) per datum and the divergence in closed form (Kingma and Welling 2014,
    equation 10).

    Parameters
    ----------
    x
        A minibatch (B, D).
    noise
        Where ε, (B, J) or (K, B, J), is drawn from.
    objective
        One of `suite.vae.objectives.OBJECTIVES`.
    n_particles
        K, draws of z per datum.
    kl_weight
        β.
    """
    return _LOSSES[objective](networks, x, _draw(networks, len(x), n_particles, noise), kl_weight)


def kl_from_prior(loc: Tensor, scale: Tensor) -> Tensor:
    """KL(N(loc, diag(scale²)) ‖ N(0, I)) in nats: (…, J) -> (…).

    ½ Σ_j (loc_j² + scale_j² − 1 − log scale_j²)  (Kingma and Welling 2014, appendix B).

    Examples
    --------
    >>> float(kl_from_prior(torch.tensor([2.0]), torch.tensor([1.0])))
    2.0
    """
    variance = scale.square()
    return 0.5 * (loc.square() + variance - 1 - variance.log()).sum(-1)


def _draw(networks: VAENetworks, rows: int, n_particles: int, noise: torch.Generator) -> Tensor:
    """ε ~ N(0, I): (B, J) for one particle, (K, B, J) for several."""
    particles = () if n_particles == 1 else (n_particles,)
    shape = (*particles, rows, networks.latent_dim)
    return torch.randn(shape, generator=noise, dtype=networks.dtype, device=networks.device)


def _mean_field(networks: VAENetworks, x: Tensor, epsilon: Tensor, kl_weight: Weight) -> Tensor:
    loc, scale = networks.encode(x)
    z = loc + scale * epsilon
    elbo = networks.log_likelihood(x, z) - kl_weight * kl_from_prior(loc, scale)
    return -elbo.mean()


def _sampled(networks: VAENetworks, x: Tensor, epsilon: Tensor, kl_weight: Weight) -> Tensor:
    return -_log_weights(networks, x, epsilon, kl_weight).mean()


def _importance_weighted(
    networks: VAENetworks, x: Tensor, epsilon: Tensor, kl_weight: Weight
) -> Tensor:
    log_w = _log_weights(networks, x, epsilon, kl_weight).reshape(-1, len(x))
    return -(log_w.logsumexp(0) - math.log(len(log_w))).mean()


def _log_weights(networks: VAENetworks, x: Tensor, epsilon: Tensor, kl_weight: Weight) -> Tensor:
    """log p(x | z) + β (log p(z) − log q(z | x)): (B,) or (K, B)."""
    loc, scale = networks.encode(x)
    z = loc + scale * epsilon
    # The constants of the two Gaussians cancel.
    log_ratio = (0.5 * (epsilon.square() - z.square()) + scale.log()).sum(-1)
    return networks.log_likelihood(x, z) + kl_weight * log_ratio


_LOSSES: dict[str, Callable[[VAENetworks, Tensor, Tensor, Weight], Tensor]] = {
    "mean-field": _mean_field,
    "sampled": _sampled,
    "importance-weighted": _importance_weighted,
}
"""(networks, x, ε, β) -> minus the mean bound, by the names of `suite.vae.objectives`."""
