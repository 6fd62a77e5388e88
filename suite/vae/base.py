"""What the VAE twins and the plain autoencoder have in common as scikit-learn estimators."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from suite.device import resolve_device
from suite.progress import Callback
from suite.random import RandomState
from suite.vae import storage
from suite.vae.averaging import AveragingLearner
from suite.vae.building import build_networks
from suite.vae.checkpoint import Checkpoint, Snapshot
from suite.vae.coder import Coder, FloatArray
from suite.vae.compiling import seconds_compiling
from suite.vae.course import Course, Plan
from suite.vae.holding_out import hold_out
from suite.vae.learner import GradientLearner, Learner, Loss, Slope, by_autograd
from suite.vae.likelihoods import LIKELIHOODS
from suite.vae.networks import VAENetworks, copy_weights, load_weights, start_output
from suite.vae.optimizers import OptimizerSetting
from suite.vae.own_modules import check_modules
from suite.vae.schedules import Schedule, factor_of
from suite.vae.settings import check_settings
from suite.vae.stored import Stored
from suite.vae.streams import Streams
from suite.vae.training import train
from suite.vae.validation import DTYPES, as_tensor, check_count

__all__ = ["FloatArray", "NetworkEstimator"]


class NetworkEstimator(
    Coder, Stored, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """An encoder and a decoder trained by minibatches, with NumPy in and out.

    Parameters
    ----------
    latent_dim
        J, the number of latent dimensions.
    hidden_dims
        Widths of the encoder's hidden layers; the decoder has them in reverse. () is affine.
    activation
        A name in `suite.vae.building.ACTIVATIONS`, such as "relu", "tanh" or "softplus".
    channels
        Widths of convolutions before the encoder's hidden layers and after the decoder's, each of
        which halves the picture: (16, 32) for one of 28 × 28. () has none.
    image_shape
        (height, width) or (channels, height, width) of a row, for convolutions; None takes rows
        for square pictures of one channel.
    encoder, decoder
        Modules of one's own in the place of either; `fit` trains a copy, from the weights that
        they have. The encoder maps rows (…, D) to (loc, scale), each (…, J); the decoder codes
        (…, J) to logits or locations (…, D).
    likelihood
        A name in `suite.vae.LIKELIHOODS`: "bernoulli" for bits (grey training pixels are redrawn
        as bits each time they are seen), "continuous-bernoulli" for grey pixels, "gaussian" or
        "laplace" for real values, "bernoulli-grey" for the convention of scoring grey pixels as
        if they were bits.
    max_epochs, batch_size
        Passes over the data, and data per step; the last batch of an epoch may be smaller.
    optimizer
        "adam", or "soap" for fewer and dearer steps to the same loss, or a function from the
        weights to an optimizer of torch's kind; see `suite.vae.optimizers`. The rate of all its
        groups is that of each step.
    learning_rate
        The optimizer's, times the factor of `schedule`.
    schedule
        "constant", "cosine", "burda", a list of (epoch, factor) pairs, or a function from the
        epoch to the factor; see `suite.vae.schedules`.
    average
        γ: the weights that are scored, kept and given to the callback are those of all steps so
        far, averaged with a share of γ^(t−s) for step s of t; see `suite.vae.averaging`. 0.999
        reaches back about a thousand steps. None takes the last step's.
    patience
        Stop after so many epochs without a better score of held-out data, and keep the best
        epoch's weights. None holds nothing out.
    validation_fraction
        The share of the data that is held out.
    initial
        Starting weights, a state dict such as another estimator's `initial_` or
        `networks_.state_dict()`; None draws them from `random_state`, and the same `random_state`
        draws the same ones for every estimator.
    random_state
        Of starting weights, minibatch order, redrawn bits, noise and held-out data; each has its
        own stream.
    device
        "cpu", "cuda", "mps" or "auto".
    dtype
        "float32" or "float64".
    compile
        Whether torch.compile translates the loss first, which takes a while and then makes each
        step faster; numbers stay the same up to rounding.

    Attributes
    ----------
    networks_ : VAENetworks
        The trained networks, on `device`.
    initial_ : dict of str to Tensor
        The weights that the fit started from.
    objectives_ : list of float
        Minus the mean training loss of each epoch, in nats per datum: what the callback was told.
    held_out_scores_ : list of float
        The score of held-out data after each epoch, in nats per datum; empty without `patience`.
    best_epoch_ : int
        The epoch, counted from 1, that the weights are of.
    n_epochs_, n_features_in_ : int
        Epochs done, and D.
    compile_seconds_ : float
        With `compile`: how much of the fit went into compiling, by torch's word.
    """

    _variational = True

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
        self.latent_dim = latent_dim
        self.hidden_dims = hidden_dims
        self.activation = activation
        self.channels = channels
        self.image_shape = image_shape
        self.encoder = encoder
        self.decoder = decoder
        self.likelihood = likelihood
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.average = average
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.initial = initial
        self.random_state = random_state
        self.device = device
        self.dtype = dtype
        self.compile = compile

    def fit(
        self,
        X: ArrayLike | Tensor,
        y: object = None,
        *,
        callback: Callback | None = None,
        checkpoint: str | Path | None = None,
        checkpoint_every: int = 1,
    ) -> Self:
        """Train on X (N, D).

        Parameters
        ----------
        callback
            Called after each epoch.
        checkpoint
            A file to keep the unfinished fit in. Where it is there already, the fit goes on from
            it and ends, bit for bit on a CPU, as it would have without the interruption; settings
            and data must be the same, but `max_epochs` may have grown unless `schedule` depends
            on it. A process killed at any moment leaves a good file.
        checkpoint_every
            Epochs from one writing to the next.

        Raises
        ------
        InputError
            If a setting, the data or the checkpoint cannot be used.
        FloatingPointError
            If training diverges; no learned attribute is set then.
        """
        self._check_settings()
        device = resolve_device(self.device)
        data = as_tensor(X, dtype=DTYPES[self.dtype], device=device)
        LIKELIHOODS[self.likelihood].check_training(data)
        kept = self._checkpoint(checkpoint, checkpoint_every, data)
        snapshot = None if kept is None else kept.read()
        streams = Streams.from_random_state(self.random_state, device)
        if snapshot is not None:
            streams.restore(snapshot.streams)
        rows, held_out = self._split(data, streams.held_out.initial_seed())
        networks = self._start(rows, streams.weights).to(device)
        learner = self._averaging(self._learner(networks, streams.noise), networks)
        initial, course = _begin(networks, learner, kept, snapshot)
        compiled_before = seconds_compiling() if self.compile else 0.0
        train(
            networks,
            learner,
            rows,
            plan=self._plan(),
            streams=streams,
            course=course,
            held_out=None if held_out is None else lambda: self._held_out_score(networks, held_out),
            checkpoint=kept,
            callback=callback,
        )
        self.initial_ = initial
        self._keep(networks, course)
        if self.compile:
            self.compile_seconds_ = seconds_compiling() - compiled_before
        return self

    def _loss_function(self, networks: VAENetworks, noise: torch.Generator) -> Loss:
        """What training minimises; a subclass with a `_learner` of its own needs none."""
        raise NotImplementedError

    def _slope(self, networks: VAENetworks, noise: torch.Generator) -> Slope:
        """The loss and its gradient, as training takes them."""
        return by_autograd(self._loss_function(networks, noise), networks)

    @property
    def _has_modules_of_ones_own(self) -> bool:
        return self.encoder is not None or self.decoder is not None

    @abstractmethod
    def _held_out_score(self, networks: VAENetworks, X: Tensor) -> float:
        """How good the networks are on X, in nats per datum: the higher the better."""

    def _learner(self, networks: VAENetworks, noise: torch.Generator) -> Learner:
        """Who takes the steps."""
        slope = self._slope(networks, noise)
        return GradientLearner(networks, slope, optimizer=self.optimizer)

    def _averaging(self, learner: Learner, networks: VAENetworks) -> Learner:
        if self.average is None:
            return learner
        return AveragingLearner(learner, networks, decay=self.average)

    def _check_settings(self) -> None:
        check_settings(self)

    def _plan(self) -> Plan:
        return Plan(
            max_epochs=self.max_epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            factor=factor_of(self.schedule, self.max_epochs),
            patience=self.patience,
        )

    def _checkpoint(self, path: str | Path | None, every: int, data: Tensor) -> Checkpoint | None:
        if path is None:
            return None
        every = check_count("checkpoint_every", every)
        return Checkpoint(path, every=every, identity=storage.identity(self, data))

    def _split(self, data: Tensor, seed: int) -> tuple[Tensor, Tensor | None]:
        if self.patience is None:
            return data, None
        return hold_out(data, self.validation_fraction, LIKELIHOODS[self.likelihood], seed)

    def _build(self, n_features: int, generator: torch.Generator) -> VAENetworks:
        return build_networks(
            n_features,
            self.latent_dim,
            hidden_dims=tuple(self.hidden_dims),
            activation=self.activation,
            channels=tuple(self.channels),
            image_shape=self.image_shape,
            encoder=self.encoder,
            decoder=self.decoder,
            likelihood=self.likelihood,
            variational=self._variational,
            generator=generator,
            dtype=DTYPES[self.dtype],
        )

    def _start(self, data: Tensor, weights: torch.Generator) -> VAENetworks:
        """Networks with their starting weights, on the CPU."""
        networks = self._build(data.shape[1], weights)
        if self._has_modules_of_ones_own:
            check_modules(networks, data[:2].cpu())
        if self.initial is None:
            start_output(networks, data)
        else:
            load_weights(networks, self.initial)
        return networks

    def _keep(self, networks: VAENetworks, course: Course) -> None:
        self.networks_ = networks
        self.objectives_ = course.objectives
        self.held_out_scores_ = course.held_out
        self.best_epoch_ = course.best_epoch
        self.n_epochs_ = course.n_epochs
        self.n_features_in_ = networks.n_features

    def _fitted(self) -> VAENetworks:
        check_is_fitted(self, "networks_")
        networks: VAENetworks = self.networks_
        return networks


def _begin(
    networks: VAENetworks, learner: Learner, kept: Checkpoint | None, snapshot: Snapshot | None
) -> tuple[dict[str, Tensor], Course]:
    """The starting weights and the course of a new fit, or of the one that was interrupted."""
    if snapshot is None:
        initial, course = copy_weights(networks), Course()
    else:
        snapshot.restore(networks, learner)
        initial, course = snapshot.initial, snapshot.course
    if kept is not None:
        kept.initial = initial
    return initial, course
