"""A generator made of a plain autoencoder: a Gaussian mixture fitted to its codes.

Ghosh, Sajjadi, Vergari, Black and Schölkopf (2020), "From variational to deterministic
autoencoders", call it ex-post density estimation: training leaves the codes wherever they serve
reconstruction; afterwards their distribution is learned, and sampled.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from torch import Tensor, nn

from suite.errors import InputError
from suite.gmm import EMGaussianMixture, MixtureParameters
from suite.gmm.covariance import covariance_type_named
from suite.progress import Callback
from suite.random import RandomState, draw_seed
from suite.vae.autoencoder import Autoencoder
from suite.vae.base import FloatArray
from suite.vae.optimizers import OptimizerSetting
from suite.vae.schedules import Schedule
from suite.vae.validation import check_count

_MAX_ITER = 1000
"""EM's; codes overlap, and so it takes longer than the 100 iterations of its default."""


class AutoencoderWithMixture(Autoencoder):
    """`Autoencoder`, whose codes `EMGaussianMixture` then learns the distribution of.

    Networks, training and reconstructions are the plain autoencoder's; `sample` decodes draws from

        p(z) = Σ_k π_k N(z | μ_k, Σ_k),

    the mixture of the training codes, in the place of N(0, I). There is still no log p(x): the
    decoder's image of p(z) has no density of data.

    Parameters
    ----------
    n_components
        K of the mixture.
    covariance_type
        "full", "tied", "diag", "spherical", "tied_diag" or "tied_spherical".
    latent_dim, …
        See `suite.vae.base.NetworkEstimator`.

    Attributes
    ----------
    code_mixture_ : MixtureParameters
        The mixture of the codes.
    networks_, objectives_, …
        As for `Autoencoder`.

    Examples
    --------
    >>> X = np.repeat([[0.0, 0.0, 1.0], [1.0, 1.0, 0.0]], 20, axis=0)
    >>> settings = {"hidden_dims": (8,), "learning_rate": 0.05, "random_state": 0}
    >>> model = AutoencoderWithMixture(1, n_components=2, **settings).fit(X)
    >>> sorted(set(map(tuple, model.sample(20, random_state=0).round().tolist())))
    [(0.0, 0.0, 1.0), (1.0, 1.0, 0.0)]
    """

    def __init__(
        self,
        latent_dim: int = 20,
        *,
        n_components: int = 10,
        covariance_type: str = "full",
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
        self.n_components = n_components
        self.covariance_type = covariance_type

    def fit(
        self,
        X: ArrayLike | Tensor,
        y: object = None,
        *,
        callback: Callback | None = None,
        checkpoint: str | Path | None = None,
        checkpoint_every: int = 1,
    ) -> Self:
        """Train on X (N, D), then fit the mixture to the codes of X.

        See `suite.vae.base.NetworkEstimator.fit`.

        Raises
        ------
        InputError
            As there, and if there are fewer rows than components.
        """
        super().fit(
            X, y, callback=callback, checkpoint=checkpoint, checkpoint_every=checkpoint_every
        )
        mixture = EMGaussianMixture(
            self.n_components,
            covariance_type=self.covariance_type,
            max_iter=_MAX_ITER,
            random_state=draw_seed(self.random_state),
        )
        codes = self.transform(X).astype(np.float64)
        self.code_mixture_ = MixtureParameters.from_estimator(mixture.fit(codes))
        return self

    def sample(self, n_samples: int = 1, *, random_state: RandomState = None) -> FloatArray:
        """What the decoder makes of z from the mixture of codes: (n_samples, D)."""
        self._fitted()
        check_count("n_samples", n_samples)
        random = np.random.RandomState(draw_seed(random_state))
        codes, _ = self.code_mixture_.sample(n_samples, random)
        # They come ordered by component.
        return self.inverse_transform(random.permutation(codes))

    def code_log_density(self, X: ArrayLike | Tensor) -> FloatArray:
        """log p(z = code of x) under the mixture, in nats, one per row: how usual each code is."""
        return self.code_mixture_.log_prob(self.transform(X))

    def _check_settings(self) -> None:
        super()._check_settings()
        check_count("n_components", self.n_components)
        covariance_type_named(self.covariance_type)

    def _split(self, data: Tensor, seed: int) -> tuple[Tensor, Tensor | None]:
        if len(data) < self.n_components:
            raise InputError(
                f"n_components={self.n_components} components need as many rows, got {len(data)}; "
                "give more rows or fewer components."
            )
        return super()._split(data, seed)

    def _more_to_save(self) -> dict[str, Any]:
        return super()._more_to_save() | {"code_mixture": self.code_mixture_.to_dict()}

    def _take_more(self, more: Mapping[str, Any]) -> None:
        self.code_mixture_ = MixtureParameters.from_dict(more["code_mixture"])
