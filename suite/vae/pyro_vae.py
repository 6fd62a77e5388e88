"""The variational autoencoder with its bound computed by Pyro.

Its twin is `suite.vae.torch_vae`: the same networks, starting weights, minibatches and noise.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pyro
import torch
from pyro.infer import TraceMeanField_ELBO
from torch import Tensor

from suite.random import default_noise_from
from suite.vae.networks import VAENetworks
from suite.vae.pyro_model import VAEModel
from suite.vae.training import Loss
from suite.vae.variational import VariationalAutoencoder


class PyroVAE(VariationalAutoencoder):
    """A variational autoencoder by Pyro's stochastic variational inference.

    Its bound is `negative_elbo` of this module: `TraceMeanField_ELBO`, which takes the divergence
    in closed form, of `suite.vae.pyro_model.VAEModel`. One torch optimizer over all weights takes
    the steps, and Pyro's global parameter store and settings stay as they were. Parameters,
    learned attributes and methods are those of `suite.vae.variational.VariationalAutoencoder`,
    which `TorchVAE` shares.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.repeat([[0.0, 0.0, 1.0], [1.0, 1.0, 0.0]], 20, axis=0)
    >>> vae = PyroVAE(1, hidden_dims=(8,), max_epochs=5, batch_size=4, random_state=0).fit(X)
    >>> vae.transform(X).shape, vae.sample(2, random_state=0).shape
    ((40, 1), (2, 3))
    """

    def _loss_function(self, networks: VAENetworks, noise: torch.Generator) -> Loss:
        model = VAEModel(networks, register=False)
        return lambda x: negative_elbo(model, x, noise)


def negative_elbo(model: VAEModel, x: Tensor, noise: torch.Generator) -> Tensor:
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
    with _unchecked(), default_noise_from(noise):
        loss: Tensor = TraceMeanField_ELBO().differentiable_loss(model.model, model.guide, x)
    # Pyro's bound is the sum over the minibatch.
    return loss / len(x)


@contextmanager
def _unchecked() -> Iterator[None]:
    """Pyro without its checks of every distribution, site and trace, which cost time each step."""
    with pyro.settings.context(
        validate_distributions_pyro=False,
        validate_distributions_torch=False,
        validate_infer=False,
        validate_poutine=False,
    ):
        yield
