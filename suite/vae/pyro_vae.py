"""The variational autoencoder with its bound computed by Pyro.

Its twin is `suite.vae.torch_vae`: the same networks, starting weights, minibatches and noise.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

import pyro
import torch
from pyro.infer import ELBO, Trace_ELBO, TraceMeanField_ELBO
from torch import Tensor, nn

from suite.errors import InputError
from suite.random import RandomState, default_noise_from
from suite.vae.compiling import compiled_networks
from suite.vae.jit import TracedLoss
from suite.vae.learner import GradientLearner, Learner, Loss, by_autograd
from suite.vae.mean_field import ClosedFormELBO
from suite.vae.networks import VAENetworks
from suite.vae.optimizers import OptimizerSetting
from suite.vae.pyro_model import VAEModel
from suite.vae.renyi import ImportanceWeightedELBO
from suite.vae.schedules import Schedule
from suite.vae.svi_learner import SVILearner
from suite.vae.validation import check_choice
from suite.vae.variational import VariationalAutoencoder

STEPS = ("fused", "textbook")
"""What `steps=` offers."""


class PyroVAE(VariationalAutoencoder):
    """A variational autoencoder by Pyro's stochastic variational inference.

    Its bound is `negative_elbo` of this module: by default `TraceMeanField_ELBO`'s, which takes the
    divergence in closed form, of `suite.vae.pyro_model.VAEModel`. Pyro's global parameter store
    and settings stay as they were. Parameters, learned attributes and methods are those of
    `suite.vae.variational.VariationalAutoencoder`, which `TorchVAE` shares, and two more.

    Parameters
    ----------
    steps
        "fused" lets one torch optimizer over all weights take the steps, and keeps them out of
        Pyro's parameter store; "textbook" is `pyro.infer.SVI` with `pyro.optim.Adam`, which keeps
        an optimizer for each weight tensor. Their numbers agree to rounding where `batch_size`
        divides the number of data; if not, a smaller last minibatch counts less in the latter.
    validate
        Whether Pyro checks every distribution, site and trace at each step, as it does unless
        told otherwise.
    jit
        Whether torch.jit traces Pyro's loss once for each size of minibatch, after which a step
        runs nothing of Pyro's Python: see `suite.vae.jit`. Needs steps="fused" and no `compile`.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.repeat([[0.0, 0.0, 1.0], [1.0, 1.0, 0.0]], 20, axis=0)
    >>> vae = PyroVAE(1, hidden_dims=(8,), max_epochs=5, batch_size=4, random_state=0).fit(X)
    >>> vae.transform(X).shape, vae.sample(2, random_state=0).shape
    ((40, 1), (2, 3))
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
        steps: str = "fused",
        validate: bool = False,
        jit: bool = False,
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
            objective=objective,
            n_particles=n_particles,
            kl_warm_up=kl_warm_up,
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
        self.steps = steps
        self.validate = validate
        self.jit = jit

    def _check_settings(self) -> None:
        super()._check_settings()
        check_choice("steps", self.steps, STEPS)
        if self.compile and self.steps == "textbook":
            raise InputError("compile=True needs steps='fused', got steps='textbook'; change one.")
        if self.optimizer != "adam" and self.steps == "textbook":
            raise InputError(
                "steps='textbook' takes pyro.optim.Adam's steps, got "
                f"optimizer={self.optimizer!r}; give optimizer='adam' or steps='fused'."
            )
        if self.jit and (self.steps == "textbook" or self.compile):
            raise InputError(
                "jit=True traces the loss that steps='fused' takes, uncompiled, got "
                f"steps={self.steps!r} and compile={self.compile}; change one."
            )

    def _loss_function(self, networks: VAENetworks, noise: torch.Generator) -> Loss:
        loss = self._loss_within_a_session(networks)

        def alone(x: Tensor, kl_weight: float) -> Tensor:
            with self._session(noise):
                return loss(x, kl_weight)

        return alone

    def _learner(self, networks: VAENetworks, noise: torch.Generator) -> Learner:
        def session() -> AbstractContextManager[None]:
            return self._session(noise)

        if self.steps == "textbook":
            bound = _bound(self.objective, self.n_particles, _TEXTBOOK)
            model = VAEModel(networks, name="vae")
            return SVILearner(model, bound, batch_size=self.batch_size, session=session)
        slope = by_autograd(self._loss_within_a_session(networks), networks)
        return GradientLearner(networks, slope, optimizer=self.optimizer, session=session)

    def _loss_within_a_session(self, networks: VAENetworks) -> Loss:
        used = compiled_networks(networks) if self.compile else networks
        model = VAEModel(used, register=False)
        bound = _bound(self.objective, self.n_particles)

        def loss(x: Tensor, kl_weight: float) -> Tensor:
            return _mean_loss(model, bound, x, kl_weight)

        return TracedLoss(networks, loss) if self.jit else loss

    @contextmanager
    def _session(self, noise: torch.Generator) -> Iterator[None]:
        with nullcontext() if self.validate else _unchecked(), default_noise_from(noise):
            yield


def negative_elbo(
    model: VAEModel,
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
    with _unchecked(), default_noise_from(noise):
        return _mean_loss(model, _bound(objective, n_particles), x, kl_weight)


def _mean_loss(model: VAEModel, bound: ELBO, x: Tensor, kl_weight: float) -> Tensor:
    model.kl_weight = kl_weight
    loss: Tensor = bound.differentiable_loss(model.model, model.guide, x)
    # Pyro's bound is the sum over the minibatch.
    return loss / len(x)


def _bound(
    objective: str, n_particles: int, bounds: Mapping[str, type[ELBO]] | None = None
) -> ELBO:
    bound: ELBO = (bounds or _BOUNDS)[objective](
        num_particles=n_particles, vectorize_particles=n_particles > 1, max_plate_nesting=1
    )
    return bound


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


_BOUNDS: dict[str, type[ELBO]] = {
    "mean-field": ClosedFormELBO,
    "sampled": Trace_ELBO,
    "importance-weighted": ImportanceWeightedELBO,
}
"""Pyro's estimator of each bound, by the names of `suite.vae.objectives`."""

_TEXTBOOK: dict[str, type[ELBO]] = _BOUNDS | {"mean-field": TraceMeanField_ELBO}
"""The same for `steps="textbook"`, which spares nothing."""
