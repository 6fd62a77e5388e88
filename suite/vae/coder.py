"""What a trained encoder and decoder are used for: codes, reconstructions, paths between data."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from suite.vae.networks import VAENetworks
from suite.vae.validation import as_tensor, check_count

FloatArray = NDArray[np.floating[Any]]

_ROWS = 8192
"""Rows that pass through a network at once outside training."""


class Coder(ABC):
    """NumPy in and out of the networks that `_fitted()` gives."""

    @abstractmethod
    def _fitted(self) -> VAENetworks:
        """The trained networks; scikit-learn's `NotFittedError` before `fit`."""

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
