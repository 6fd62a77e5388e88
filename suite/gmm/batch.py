"""Mixtures side by side, as EM computes with them."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class MixtureBatch:
    """S mixtures of K components each, in the coordinates of the computation, float64.

    These arrays are small, and NumPy takes less time to begin on a small array than torch does.

    Parameters
    ----------
    weights
        (S, K)
    means
        (S, K, D)
    covariances
        (S, …), each as in `MixtureParameters.covariances`.
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    def __len__(self) -> int:
        return len(self.weights)

    def __getitem__(self, index: np.ndarray | slice) -> "MixtureBatch":
        return MixtureBatch(self.weights[index], self.means[index], self.covariances[index])

    def replaced(self, index: np.ndarray, others: "MixtureBatch") -> "MixtureBatch":
        """These mixtures, with `others` in place of those at `index`."""
        arrays = [self.weights.copy(), self.means.copy(), self.covariances.copy()]
        new = (others.weights, others.means, others.covariances)
        for mine, theirs in zip(arrays, new, strict=True):
            mine[index] = theirs
        return MixtureBatch(*arrays)


@dataclass(frozen=True, eq=False)
class Precisions:
    """Σ⁻¹ of every component, and what can be said of it.

    Parameters
    ----------
    values
        Σ⁻¹, in the shape of the batch's covariances.
    log_determinants
        log |Σ⁻¹|, shape (S, K) or (S, 1).
    norms
        An upper bound on the largest eigenvalue of Σ⁻¹, (S, K) or (S, 1); infinite where Σ is not
        positive definite.
    """

    values: np.ndarray
    log_determinants: np.ndarray
    norms: np.ndarray

    def __getitem__(self, index: np.ndarray) -> "Precisions":
        return Precisions(self.values[index], self.log_determinants[index], self.norms[index])

    @property
    def valid(self) -> np.ndarray:
        """(S,): whether all covariances of the mixture are positive definite."""
        found: np.ndarray = np.isfinite(self.norms).all(axis=1)
        return found
