"""The part of a start that a user gives under scikit-learn's names."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from suite.errors import InputError
from suite.gmm.covariance import covariance_type_named
from suite.gmm.covariance_type import CovarianceType
from suite.gmm.parameters import MixtureParameters

_WEIGHT_SUM_TOLERANCE = {np.float32: 1e-6, np.float64: 1e-8}  # scikit-learn's


@dataclass(frozen=True, eq=False)
class GivenStart:
    """Starting weights, means and precisions, as far as they are given.

    Parameters
    ----------
    weights
        π, shape (K,), in [0, 1], summing to one; or None.
    means
        μ, shape (K, D); or None.
    precisions
        Σ⁻¹, positive definite, in the shape of `precisions_`; or None.
    """

    weights: ArrayLike | None = None
    means: ArrayLike | None = None
    precisions: ArrayLike | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is given."""
        return self.weights is None and self.means is None and self.precisions is None

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be found."""
        return not (self.weights is None or self.means is None or self.precisions is None)

    def checked(self, n_components: int, n_features: int, covariance_type: str) -> "GivenStart":
        """The same as arrays.

        Raises
        ------
        InputError
            If a shape or value does not suit such a mixture; in scikit-learn's words.
        """
        kind = covariance_type_named(covariance_type)
        shape = kind.shape(n_components, n_features)
        return GivenStart(
            _weights(self.weights, n_components),
            _array(self.means, (n_components, n_features), "means"),
            _precisions(self.precisions, shape, kind),
        )

    def whole(self, covariance_type: str, found: MixtureParameters | None) -> MixtureParameters:
        """What is given, and what is not from `found`, which is None if all is given."""
        covariances = None
        if self.precisions is not None:
            inverse = covariance_type_named(covariance_type).invert
            covariances = inverse(np.asarray(self.precisions))
        mine = {"weights": self.weights, "means": self.means, "covariances": covariances}
        parts = {} if found is None else vars(found)
        parts = parts | {name: part for name, part in mine.items() if part is not None}
        return MixtureParameters(**(parts | {"covariance_type": covariance_type}))


def _array(values: ArrayLike | None, shape: tuple[int, ...], name: str) -> np.ndarray | None:
    if values is None:
        return None
    try:
        array = np.asarray(values)
        array = array if array.dtype == np.float32 else array.astype(np.float64)
    except (TypeError, ValueError):
        raise InputError(f"The parameter '{name}' should hold numbers, got {values!r}.") from None
    if array.shape != shape:
        raise InputError(
            f"The parameter '{name}' should have the shape of {shape}, but got {array.shape}"
        )
    if not np.isfinite(array).all():
        raise InputError(f"The parameter '{name}' should be finite, but holds NaN or infinity")
    return array


def _weights(values: ArrayLike | None, n_components: int) -> np.ndarray | None:
    weights = _array(values, (n_components,), "weights")
    if weights is None:
        return None
    low, high, total = weights.min(), weights.max(), weights.sum()
    if low < 0 or high > 1:
        # scikit-learn's message has the two names exchanged; people match and search for it as it
        # is, and so the true ones follow.
        raise InputError(
            "The parameter 'weights' should be in the range [0, 1], but got max value "
            f"{low:.5f}, min value {high:.5f} (that is, from {low:.5f} to {high:.5f})"
        )
    if abs(1 - total) > _WEIGHT_SUM_TOLERANCE[weights.dtype.type]:
        raise InputError(
            f"The parameter 'weights' should be normalized, but got sum(weights) = {total:.5f}"
        )
    return weights


def _precisions(
    values: ArrayLike | None, shape: tuple[int, ...], kind: CovarianceType
) -> np.ndarray | None:
    precisions = _array(values, shape, f"{kind.name} precision")
    if precisions is None:
        return None
    if not kind.has_matrices:
        if not (precisions > 0).all():
            raise InputError(f"'{kind.name} precision' should be positive")
        return precisions
    symmetric = np.allclose(precisions, precisions.swapaxes(-1, -2))
    if not symmetric or not (np.linalg.eigvalsh(precisions) > 0).all():
        raise InputError(f"'{kind.name} precision' should be symmetric, positive-definite")
    return precisions
