"""What the VAE twins and the plain autoencoder have in common as scikit-learn estimators."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from suite.device import resolve_device
from suite.progress import Callback
from suite.random import RandomState, torch_generator
from suite.vae import storage
from suite.vae.likelihoods import LIKELIHOODS
from suite.vae.networks import (
    ACTIVATIONS,
    VAENetworks,
    build_networks,
    copy_weights,
    load_weights,
    start_output,
)
from suite.vae.training import Loss, Streams, train
from suite.vae.validation import (
    DTYPES,
    as_tensor,
    check_choice,
    check_count,
    check_counts,
    check_positive,
)

FloatArray = NDArray[np.floating[Any]]

_ROWS = 8192
"""Rows that pass through a network at once outside training."""


class NetworkEstimator(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator, ABC):
    """An encoder and a decoder trained by minibatches, with NumPy in and out.

    Parameters
    ----------
    latent_dim
        J, the number of latent dimensions.
    hidden_dims
        Widths of the encoder's hidden layers; the decoder has them in reverse. () is affine.
    activation
        "relu", "tanh" or "softplus".
    likelihood
        A name in `suite.vae.likelihoods.LIKELIHOODS`: "bernoulli" for bits (grey training pixels
        are redrawn as bits each time they are seen), "bernoulli-grey" for the convention of
        scoring grey pixels as if they were bits, "gaussian" for real values.
    max_epochs, batch_size
        Passes over the data, and data per step; the last batch of an epoch may be smaller.
    learning_rate
        Adam's, constant.
    initial
        Starting weights, a state dict such as another estimator's `initial_` or
        `networks_.state_dict()`; None draws them from `random_state`, and the same `random_state`
        draws the same ones for every estimator.
    random_state
        Of starting weights, minibatch order, redrawn bits and noise; each has its own stream.
    device
        "cpu", "cuda", "mps" or "auto".
    dtype
        "float32" or "float64".

    Attributes
    ----------
    networks_ : VAENetworks
        The trained networks, on `device`.
    initial_ : dict of str to Tensor
        The weights that the fit started from.
    objectives_ : list of float
        Minus the mean training loss of each epoch, in nats per datum: what the callback was told.
    n_epochs_, n_features_in_ : int
        Epochs done, and D.
    """

    _variational = True

    def __init__(
        self,
        latent_dim: int = 20,
        *,
        hidden_dims: Sequence[int] = (400,),
        activation: str = "relu",
        likelihood: str = "bernoulli",
        max_epochs: int = 20,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        initial: Mapping[str, Tensor] | None = None,
        random_state: RandomState = None,
        device: str = "cpu",
        dtype: str = "float32",
    ) -> None:
        self.latent_dim = latent_dim
        self.hidden_dims = hidden_dims
        self.activation = activation
        self.likelihood = likelihood
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.initial = initial
        self.random_state = random_state
        self.device = device
        self.dtype = dtype

    def fit(
        self, X: ArrayLike | Tensor, y: object = None, *, callback: Callback | None = None
    ) -> Self:
        """Train on X (N, D); `callback` is called after each epoch.

        Raises
        ------
        InputError
            If a setting or the data cannot be used.
        FloatingPointError
            If training diverges; no learned attribute is set then.
        """
        self._check_settings()
        device = resolve_device(self.device)
        data = as_tensor(X, dtype=DTYPES[self.dtype], device=device)
        LIKELIHOODS[self.likelihood].check_training(data)
        streams = Streams.from_random_state(self.random_state, device)
        networks = self._start(data, streams.weights).to(device)
        initial = copy_weights(networks)
        objectives = train(
            networks,
            self._loss_function(networks, streams.noise),
            data,
            max_epochs=self.max_epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            streams=streams,
            callback=callback,
        )
        self.initial_ = initial
        self._keep(networks, objectives)
        return self

    def transform(self, X: ArrayLike | Tensor) -> FloatArray:
        """The codes of X, the posterior means of a VAE: (N, D) -> (N, J)."""
        networks = self._fitted()
        return _in_chunks(lambda x: networks.encode(x)[0], networks.as_input(X))

    def inverse_transform(self, Z: ArrayLike | Tensor) -> FloatArray:
        """E[x | z] for codes Z: (N, J) -> (N, D)."""
        networks = self._fitted()
        codes = as_tensor(
            Z, dtype=networks.dtype, device=networks.device, n_features=networks.latent_dim
        )
        return _in_chunks(lambda z: networks.likelihood.mean(networks.decode(z)), codes)

    def reconstruct(self, X: ArrayLike | Tensor) -> FloatArray:
        """E[x | z = code of x]: (N, D) -> (N, D)."""
        return self.inverse_transform(self.transform(X))

    def interpolate(
        self, start: ArrayLike | Tensor, end: ArrayLike | Tensor, steps: int = 10
    ) -> FloatArray:
        """E[x | z] along the straight line between the codes of two data: (steps, D).

        Parameters
        ----------
        start, end
            One datum each, (D,). The first and last rows are their reconstructions.
        steps
            At least 2.
        """
        steps = check_count("steps", steps, minimum=2)
        first, last = (self.transform(np.reshape(x, (1, -1))) for x in (start, end))
        weight = np.linspace(0, 1, steps)[:, None]
        return self.inverse_transform((1 - weight) * first + weight * last)

    def save(self, path: str | Path) -> None:
        """Write settings, history and weights to one safetensors file, replacing it whole.

        Settings and history are JSON in the file's header. `initial`, `initial_` and a
        `random_state` that is no integer are not kept.
        """
        self._fitted()
        storage.save(self, path)

    @classmethod
    def load(cls, path: str | Path, *, device: str = "cpu") -> Self:
        """What `save` wrote, ready to use on `device`.

        Raises
        ------
        InputError
            If the file is missing, is no such file, or holds another kind of estimator.
        """
        saved = storage.read(path, kind=cls.__name__)
        estimator = cls(**saved.settings).set_params(device=device)
        estimator._check_settings()
        networks = estimator._build(saved.n_features, torch_generator(0))
        load_weights(networks, saved.weights)
        estimator._keep(networks.to(resolve_device(device)), saved.objectives)
        return estimator

    @abstractmethod
    def _loss_function(self, networks: VAENetworks, noise: torch.Generator) -> Loss:
        """What training minimises."""

    def _check_settings(self) -> None:
        check_count("latent_dim", self.latent_dim)
        check_counts("hidden_dims", self.hidden_dims)
        check_choice("activation", self.activation, list(ACTIVATIONS))
        check_choice("likelihood", self.likelihood, list(LIKELIHOODS))
        check_count("max_epochs", self.max_epochs)
        check_count("batch_size", self.batch_size)
        check_positive("learning_rate", self.learning_rate)
        check_choice("dtype", self.dtype, list(DTYPES))

    def _build(self, n_features: int, generator: torch.Generator) -> VAENetworks:
        return build_networks(
            n_features,
            self.latent_dim,
            hidden_dims=tuple(self.hidden_dims),
            activation=self.activation,
            likelihood=self.likelihood,
            variational=self._variational,
            generator=generator,
            dtype=DTYPES[self.dtype],
        )

    def _start(self, data: Tensor, weights: torch.Generator) -> VAENetworks:
        """Networks with their starting weights, on the CPU."""
        networks = self._build(data.shape[1], weights)
        if self.initial is None:
            start_output(networks, data)
        else:
            load_weights(networks, self.initial)
        return networks

    def _keep(self, networks: VAENetworks, objectives: list[float]) -> None:
        self.networks_ = networks
        self.objectives_ = objectives
        self.n_epochs_ = len(objectives)
        self.n_features_in_ = networks.n_features

    def _fitted(self) -> VAENetworks:
        check_is_fitted(self, "networks_")
        return self.networks_

    @property
    def _n_features_out(self) -> int:
        return self._fitted().latent_dim

    def _prior_codes(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """z ~ N(0, I), drawn on the CPU so that a seed means the same on every device."""
        networks = self._fitted()
        shape = (check_count("n_samples", n_samples), networks.latent_dim)
        return torch.randn(shape, generator=generator, dtype=networks.dtype)


@torch.no_grad()
def _in_chunks(function: Callable[[Tensor], Tensor], rows: Tensor) -> FloatArray:
    """`function` of `rows`, a bounded number of them at a time, as NumPy."""
    return np.concatenate([function(chunk).cpu().numpy() for chunk in rows.split(_ROWS)])
