"""The variational autoencoder with its bound written out by hand in PyTorch.

Its twin is `suite.vae.pyro_vae`: the same networks, starting weights, minibatches and noise.
"""

import torch
from torch import Tensor

from suite.vae.networks import VAENetworks
from suite.vae.training import Loss
from suite.vae.variational import VariationalAutoencoder


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
        return lambda x: negative_elbo(networks, x, noise)


def negative_elbo(networks: VAENetworks, x: Tensor, noise: torch.Generator) -> Tensor:
    """Minus the evidence lower bound of a minibatch, in nats per datum.

    −1/B Σ_b [ log p(x_b | z_b) − KL(q(z | x_b) ‖ p(z)) ],  z_b = loc_b + scale_b · ε_b,

    with one ε ~ N(0, I) per datum and the divergence in closed form (Kingma and Welling 2014,
    equation 10).

    Parameters
    ----------
    x
        A minibatch (B, D).
    noise
        Where ε (B, J) is drawn from.
    """
    loc, scale = networks.encode(x)
    epsilon = torch.randn(loc.shape, generator=noise, dtype=loc.dtype, device=loc.device)
    z = loc + scale * epsilon
    elbo = networks.log_likelihood(x, z) - kl_from_prior(loc, scale)
    return -elbo.mean()


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
