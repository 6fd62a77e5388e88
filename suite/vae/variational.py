"""What the two VAE twins share beyond their training: bound, log-likelihood, samples."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from suite.device import resolve_device
from suite.evaluation.bounds import evaluate_vae
from suite.objective import NotComparable, PointObjective
from suite.random import RandomState, torch_generator
from suite.vae.base import FloatArray, NetworkEstimator
from suite.vae.course import Plan
from suite.vae.learner import trained_weights
from suite.vae.networks import VAENetworks, load_weights
from suite.vae.objectives import OBJECTIVES
from suite.vae.optimizers import OptimizerSetting
from suite.vae.schedules import Schedule
from suite.vae.validation import DTYPES, as_tensor, check_choice, check_count


class VariationalAutoencoder(NetworkEstimator):
    """A variational autoencoder: z ~ N(0, I), x ~ p(x | z), q(z | x) = N(loc(x), scale(x)²).

    By default it maximises the evidence lower bound with one draw of z per datum and the
    divergence in closed form (Kingma and Welling 2014, equation 10). See
    `suite.vae.base.NetworkEstimator` for the parameters not listed here.

    Parameters
    ----------
    objective
        "mean-field", "sampled" or "importance-weighted"; see `suite.vae.objectives`.
    n_particles
        K, draws of z per datum and step.
    kl_warm_up
        Epochs in which the weight of the divergence rises linearly to 1 (Sønderby et al. 2016);
        until then the objective is no bound. 0 for none.

    Attributes
    ----------
    elbo_ : float
        The mean objective of the last epoch on the training data, in nats per datum: the bound
        that `objective` names.
    elbos_ : list of float
        The same for each epoch. Each minibatch counts with the weights that it was given, before
        its own step: `elbo` gives the bound at the final weights.
    networks_, initial_, objectives_, held_out_scores_, best_epoch_, n_epochs_, n_features_in_
        See `NetworkEstimator`; held-out data are scored by the evidence lower bound.
    """

    def __init__(
        self,
        latent_dim: int = 20,
        *,
        hidden_dims: Sequence[int] = (400,),
        activation: str = "relu",
        channels: Sequence[int] = (),
        image_shape: Sequence[int] | None = None,
        encoder: nn.Module | None = None,
        decoder: nn.Module | None = None,
        likelihood: str = "bernoulli",
        objective: str = "mean-field",
        n_particles: int = 1,
        kl_warm_up: int = 0,
        max_epochs: int = 20,
        batch_size: int = 128,
        optimizer: OptimizerSetting = "adam",
        learning_rate: float = 1e-3,
        schedule: Schedule = "constant",
        average: float | None = None,
        patience: int | None = None,
        validation_fraction: float = 0.1,
        initial: Mapping[str, Tensor] | None = None,
        random_state: RandomState = None,
        device: str = "cpu",
        dtype: str = "float32",
        compile: bool = False,
    ) -> None:
        super().__init__(
            latent_dim,
            hidden_dims=hidden_dims,
            activation=activation,
            channels=channels,
            image_shape=image_shape,
            encoder=encoder,
            decoder=decoder,
            likelihood=likelihood,
            max_epochs=max_epochs,
            batch_size=batch_size,
            optimizer=optimizer,
            learning_rate=learning_rate,
            schedule=schedule,
            average=average,
            patience=patience,
            validation_fraction=validation_fraction,
            initial=initial,
            random_state=random_state,
            device=device,
            dtype=dtype,
            compile=compile,
        )
        self.objective = objective
        self.n_particles = n_particles
        self.kl_warm_up = kl_warm_up

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

    def log_likelihood(
        self, X: ArrayLike | Tensor, *, n_samples: int = 100, random_state: RandomState = 0
    ) -> float:
        """The mean of `score_samples(X)` with the same arguments, in nats per datum."""
        scores = self.score_samples(X, n_samples=n_samples, random_state=random_state)
        return float(scores.mean())

    def score(self, X: ArrayLike | Tensor, y: object = None) -> float:
        """The mean of `score_samples(X)`, in nats per datum."""
        return float(self.score_samples(X).mean())

    def objective_at(
        self, X: ArrayLike | Tensor, start: Mapping[str, Tensor], *, random_state: int = 0
    ) -> PointObjective:
        """The bound of X as one minibatch and its gradient in all weights, by the training loss.

        For `suite.evaluation.parity`; see `suite.objective.ObjectiveAtPoint`. X is taken as it is:
        no bits are redrawn, and a warm-up counts as over.

        Raises
        ------
        NotComparable
            For another objective than the mean-field bound with one draw of z per datum.
        """
        self._check_settings()
        if (self.objective, self.n_particles) != ("mean-field", 1):
            raise NotComparable(
                f"objective={self.objective!r} with {self.n_particles} draws a datum is another "
                "bound than the one compared."
            )
        device = resolve_device(self.device)
        data = as_tensor(X, dtype=DTYPES[self.dtype], device=device)
        networks = self._build(data.shape[1], torch_generator(0))
        load_weights(networks, start)
        networks = networks.to(device)
        loss, slopes = self._slope(networks, torch_generator(random_state, device))(data, 1.0)
        gradient = {
            name: -np.asarray(slope.cpu(), dtype=np.float64)
            for name, slope in zip(trained_weights(networks), slopes, strict=True)
            if slope is not None
        }
        return PointObjective(-float(loss), gradient)

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

    def _check_settings(self) -> None:
        super()._check_settings()
        check_choice("objective", self.objective, OBJECTIVES)
        check_count("n_particles", self.n_particles)
        check_count("kl_warm_up", self.kl_warm_up, minimum=0)

    def _plan(self) -> Plan:
        return replace(super()._plan(), kl_warm_up=self.kl_warm_up)

    def _held_out_score(self, networks: VAENetworks, X: Tensor) -> float:
        """The evidence lower bound, with the same noise after every epoch."""
        return evaluate_vae(networks, X, n_samples=1, random_state=0).mean_elbo
