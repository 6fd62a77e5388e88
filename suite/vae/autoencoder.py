"""The plain autoencoder: the VAE's networks without its noise and without its divergence."""

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from suite.evaluation.bounds import reconstruction_error
from suite.random import RandomState, torch_generator
from suite.vae.base import FloatArray, NetworkEstimator
from suite.vae.compiling import compiled, compiled_slope
from suite.vae.learner import Loss, Slope
from suite.vae.networks import VAENetworks


class Autoencoder(NetworkEstimator):
    """A deterministic autoencoder with the VAE's networks, data and training.

    It minimises the VAE's distortion alone, −log p(x | z) at the code z = loc(x), so that its
    reconstruction error is in the VAE's units, nats per datum. The encoder's scale is left unused.

    See `suite.vae.base.NetworkEstimator` for the parameters, which the VAEs share.

    Attributes
    ----------
    reconstruction_error_ : float
        The mean training loss of the last epoch, in nats per datum.
    reconstruction_errors_ : list of float
        The same for each epoch.
    networks_, initial_, objectives_, held_out_scores_, best_epoch_, n_epochs_, n_features_in_
        As for the VAEs; held-out data are scored by minus their reconstruction error.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.repeat([[0.0, 0.0, 1.0], [1.0, 1.0, 0.0]], 20, axis=0)
    >>> model = Autoencoder(1, hidden_dims=(8,), learning_rate=0.05, random_state=0)
    >>> model.fit(X).reconstruct(X[:1]).round().tolist()
    [[0.0, 0.0, 1.0]]
    """

    _variational = False

    @property
    def reconstruction_error_(self) -> float:
        """The last epoch's mean training loss, in nats per datum."""
        return self.reconstruction_errors_[-1]

    @property
    def reconstruction_errors_(self) -> list[float]:
        """Each epoch's mean training loss, in nats per datum."""
        return [-objective for objective in self.objectives_]

    def score(self, X: ArrayLike | Tensor, y: object = None) -> float:
        """Minus the mean reconstruction error, in nats per datum: no log-likelihood."""
        return -float(self.reconstruction_error(X).mean())

    def reconstruction_error(self, X: ArrayLike | Tensor) -> FloatArray:
        """−log p(x | z = code of x) in nats, one per row."""
        return reconstruction_error(self._fitted(), X)

    def sample(self, n_samples: int = 1, *, random_state: RandomState = None) -> FloatArray:
        """What the decoder makes of z ~ N(0, I): (n_samples, D).

        This is no generative model. Nothing in training asked the codes to follow N(0, I), or any
        distribution: their location, spread and holes are whatever reconstruction left them to
        be, so most draws fall where the decoder was never trained. It is offered so that the
        failure can be seen beside a VAE's samples.
        """
        return self.inverse_transform(self._prior_codes(n_samples, torch_generator(random_state)))

    def _loss_function(self, networks: VAENetworks, noise: torch.Generator) -> Loss:
        loss = compiled(distortion) if self.compile else distortion
        return lambda x, kl_weight: loss(networks, x)

    def _slope(self, networks: VAENetworks, noise: torch.Generator) -> Slope:
        if not self.compile or self._has_modules_of_ones_own:
            return super()._slope(networks, noise)
        slope = compiled_slope(distortion, networks)
        return lambda x, kl_weight: slope(x)

    def _held_out_score(self, networks: VAENetworks, X: Tensor) -> float:
        return -float(reconstruction_error(networks, X).mean())


def distortion(networks: VAENetworks, x: Tensor) -> Tensor:
    """−1/B Σ_b log p(x_b | z = loc(x_b)), in nats per datum."""
    code, _ = networks.encode(x)
    return -networks.log_likelihood(x, code).mean()
