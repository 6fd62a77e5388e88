"""What the two VAE twins share beyond their training: bound, log-likelihood, samples."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from suite.device import resolve_device
from suite.evaluation.bounds import evaluate_vae
from suite.objective import PointObjective
from suite.random import RandomState, torch_generator
from suite.vae.base import FloatArray, NetworkEstimator
from suite.vae.networks import load_weights
from suite.vae.validation import DTYPES, as_tensor


class VariationalAutoencoder(NetworkEstimator):
    """A variational autoencoder: z ~ N(0, I), x ~ p(x | z), q(z | x) = N(loc(x), scale(x)²).

    It maximises the evidence lower bound with one draw of z per datum and the divergence in
    closed form (Kingma and Welling 2014, equation 10). See `suite.vae.base.NetworkEstimator` for
    the parameters.

    Attributes
    ----------
    elbo_ : float
        The mean bound of the last epoch on the training data, in nats per datum.
    elbos_ : list of float
        The same for each epoch. Each minibatch counts with the weights that it was given, before
        its own step: `elbo` gives the bound at the final weights.
    networks_, initial_, objectives_, n_epochs_, n_features_in_
        See `NetworkEstimator`.
    """

    @property
    def elbo_(self) -> float:
        """The last epoch's mean bound on the training data, in nats per datum."""
        return self.elbos_[-1]

    @property
    def elbos_(self) -> list[float]:
        """Each epoch's mean bound on the training data, in nats per datum."""
        return list(self.objectives_)

    def elbo(
        self, X: ArrayLike | Tensor, *, n_samples: int = 100, random_state: RandomState = 0
    ) -> float:
        """The evidence lower bound of X, in nats per datum: the mean over rows.

        See `suite.evaluation.evaluate_vae` for what it is made of and how exact it is.
        """
        evaluation = evaluate_vae(self._fitted(), X, n_samples=n_samples, random_state=random_state)
        return evaluation.mean_elbo

    def score_samples(
        self, X: ArrayLike | Tensor, *, n_samples: int = 100, random_state: RandomState = 0
    ) -> FloatArray:
        """The importance-weighted lower bound on log p(x) for each row, in nats.

        It is below log p(x) on average and approaches it as `n_samples` grows (Burda et al. 2016,
        theorem 1). The same `random_state` gives the same scores.
        """
        evaluation = evaluate_vae(self._fitted(), X, n_samples=n_samples, random_state=random_state)
        return evaluation.log_likelihood

    def score(self, X: ArrayLike | Tensor, y: object = None) -> float:
        """The mean of `score_samples(X)`, in nats per datum."""
        return float(self.score_samples(X).mean())

    def objective_at(
        self, X: ArrayLike | Tensor, start: Mapping[str, Tensor], *, random_state: int = 0
    ) -> PointObjective:
        """The bound of X as one minibatch and its gradient in all weights, by the training loss.

        For `suite.evaluation.parity`; see `suite.objective.ObjectiveAtPoint`. X is taken as it is:
        no bits are redrawn.
        """
        self._check_settings()
        device = resolve_device(self.device)
        data = as_tensor(X, dtype=DTYPES[self.dtype], device=device)
        networks = self._build(data.shape[1], torch_generator(0))
        load_weights(networks, start)
        networks = networks.to(device)
        loss = self._loss_function(networks, torch_generator(random_state, device))(data)
        loss.backward()
        gradient = {
            name: -np.asarray(weight.grad.cpu(), dtype=np.float64)
            for name, weight in networks.named_parameters()
            if weight.grad is not None
        }
        return PointObjective(-float(loss.detach()), gradient)

    def sample(
        self, n_samples: int = 1, *, random_state: RandomState = None, draw: bool = False
    ) -> FloatArray:
        """What the decoder makes of z ~ N(0, I): (n_samples, D).

        Parameters
        ----------
        draw
            False gives E[x | z], as pictures usually show; True draws x ~ p(x | z), a sample of
            the model.
        """
        generator = torch_generator(random_state)
        z = self._prior_codes(n_samples, generator)
        if not draw:
            return self.inverse_transform(z)
        networks = self._fitted()
        with torch.no_grad():
            parameters = networks.decode(z.to(networks.device))
            on_cpu = tuple(parameter.cpu() for parameter in parameters)
            drawn: FloatArray = networks.likelihood.draw(on_cpu, generator).numpy()
        return drawn
