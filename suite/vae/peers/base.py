"""What the adapters of others' training loops have in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from suite.errors import InputError
from suite.objective import PointObjective
from suite.progress import Callback, notify
from suite.random import RandomState, default_noise_from, torch_generator
from suite.vae.course import Course
from suite.vae.likelihoods import LIKELIHOODS, is_bits
from suite.vae.networks import VAENetworks, load_weights
from suite.vae.peers.modules import gradient_in, write_back
from suite.vae.streams import Streams
from suite.vae.validation import DTYPES, as_tensor, check_choice
from suite.vae.variational import VariationalAutoencoder

Report = Callable[[float, nn.Module], None]
"""Told the mean loss of an epoch, in nats per datum, and the module after it."""

_OFFERED = ("bernoulli", "bernoulli-grey")
_CPU = torch.device("cpu")


class StopFit(Exception):
    """The callback asked to stop."""


class PeerVAE(VariationalAutoencoder, ABC):
    """A variational autoencoder that another's loop trains, in float32 on the CPU.

    It is there to be timed and compared: networks (perceptrons with rectifiers), starting weights,
    size of minibatches, Adam's rate and objective are the suite's, everything in the loop is the
    peer's. Minibatch order and noise are drawn from the suite's streams, in an order of the
    peer's, and Adam steps in the log variance where the twins' steps in the log scale: a fit
    repeats itself but does not take the twins' steps. What is learned is kept as the suite's
    networks, and scored by the suite's evaluation.

    Parameters
    ----------
    latent_dim, hidden_dims, batch_size, learning_rate, initial, random_state
        See `suite.vae.base.NetworkEstimator`.
    likelihood
        "bernoulli" for bits, or "bernoulli-grey" for grey pixels scored as if they were bits. No
        loop here draws bits anew.
    max_epochs
        Passes over the data.
    device
        "cpu".

    Attributes
    ----------
    networks_, initial_, objectives_, n_epochs_, n_features_in_
        See `suite.vae.base.NetworkEstimator`. An epoch's objective is what the peer's loop reports,
        with the sign turned and in nats per datum.
    """

    def __init__(
        self,
        latent_dim: int = 20,
        *,
        hidden_dims: Sequence[int] = (400,),
        likelihood: str = "bernoulli",
        max_epochs: int = 20,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        initial: Mapping[str, Tensor] | None = None,
        random_state: RandomState = None,
        device: str = "cpu",
    ) -> None:
        super().__init__(
            latent_dim,
            hidden_dims=hidden_dims,
            likelihood=likelihood,
            max_epochs=max_epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            initial=initial,
            random_state=random_state,
            device=device,
        )

    def fit(
        self,
        X: ArrayLike | Tensor,
        y: object = None,
        *,
        callback: Callback | None = None,
        checkpoint: str | Path | None = None,
        checkpoint_every: int = 1,
    ) -> Self:
        """Let the peer's loop train on X (N, D), calling `callback` once an epoch.

        Parameters
        ----------
        y, checkpoint_every
            Ignored.
        checkpoint
            None: these loops cannot be resumed.

        Raises
        ------
        InputError
            If a setting or the data cannot be used, or a checkpoint is asked for.
        FloatingPointError
            If training diverges; no learned attribute is set then.
        """
        self._check_settings()
        if checkpoint is not None:
            raise InputError(
                f"{type(self).__name__} cannot resume a fit: expected checkpoint=None, got "
                f"{str(checkpoint)!r}; take TorchVAE or PyroVAE."
            )
        data = as_tensor(X, dtype=DTYPES[self.dtype], device=_CPU)
        LIKELIHOODS[self.likelihood].check_training(data)
        self._check_bits(data)
        streams = Streams.from_random_state(self.random_state)
        networks = self._start(data, streams.weights)
        initial = {name: value.clone() for name, value in networks.state_dict().items()}
        course = Course()

        def report(loss: float, module: nn.Module) -> None:
            write_back(networks, module)
            _check_finite(loss, networks)
            course.objectives.append(-loss)
            if notify(callback, course.n_epochs, -loss, lambda: networks):
                raise StopFit

        # These loops draw from torch's default generator.
        with default_noise_from(streams.noise), torch.enable_grad(), suppress(StopFit):
            self._train(self._module(networks), data, report)
        self.initial_ = initial
        self._keep(networks.eval(), course)
        return self

    def objective_at(
        self, X: ArrayLike | Tensor, start: Mapping[str, Tensor], *, random_state: int = 0
    ) -> PointObjective:
        """The bound of X as one minibatch and its gradient in all weights, by the training loss.

        For `suite.evaluation.parity`; see `suite.objective.ObjectiveAtPoint`.
        """
        self._check_settings()
        data = as_tensor(X, dtype=DTYPES[self.dtype], device=_CPU)
        networks = self._build(data.shape[1], torch_generator(0))
        load_weights(networks, start)
        module = self._module(networks)
        with default_noise_from(torch_generator(random_state)), torch.enable_grad():
            loss = self._mean_loss(module, data)
            loss.backward()
        gradient = gradient_in(networks, module)
        slopes = {name: -np.asarray(part, dtype=np.float64) for name, part in gradient.items()}
        return PointObjective(-float(loss.detach()), slopes)

    @abstractmethod
    def _module(self, networks: VAENetworks) -> nn.Module:
        """What the peer trains, with `encoder` and `decoder` as in `suite.vae.peers.modules`."""

    @abstractmethod
    def _mean_loss(self, module: nn.Module, x: Tensor) -> Tensor:
        """The peer's loss of a minibatch (B, D), in nats per datum."""

    @abstractmethod
    def _train(self, module: nn.Module, X: Tensor, report: Report) -> None:
        """Run the peer's loop on X (N, D), telling `report` of every epoch."""

    def _check_settings(self) -> None:
        super()._check_settings()
        check_choice("likelihood", self.likelihood, _OFFERED)
        check_choice("device", self.device, ("cpu",))

    def _check_bits(self, data: Tensor) -> None:
        if self.likelihood == "bernoulli" and not is_bits(data):
            raise InputError(
                f"{type(self).__name__} does not redraw bits: expected X of zeros and ones under "
                "likelihood='bernoulli', got values in between; draw them once (bits='fixed') or "
                "take likelihood='bernoulli-grey'."
            )


def _check_finite(loss: float, networks: VAENetworks) -> None:
    finite = all(bool(weight.isfinite().all()) for weight in networks.parameters())
    if not (np.isfinite(loss) and finite):
        raise FloatingPointError(
            f"the fit diverged (loss {loss:g} nats per datum); lower learning_rate."
        )
