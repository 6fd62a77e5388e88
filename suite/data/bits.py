"""Grey images to binary ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from suite.data.dataset import Dataset
from suite.errors import InputError
from suite.random import RandomState, draw_seed

BITS_SEED = 0
"""The one seed of all bits drawn here, so that every study is scored on the same test images."""


def binarise(
    X: np.ndarray,
    method: Literal["sampled", "threshold"] = "sampled",
    random_state: RandomState = 0,
) -> np.ndarray:
    """Zeros and ones from intensities in [0, 1], in an array of X's shape and dtype.

    "sampled" draws each pixel from a Bernoulli whose mean is its intensity (Salakhutdinov and
    Murray, 2008); "threshold" gives 1 where the intensity is above one half. Bits stay as they
    are under both.

    Parameters
    ----------
    X
        Intensities in [0, 1], of any shape.
    method
        "sampled" or "threshold".
    random_state
        Of the draws.

    Returns
    -------
    The bits, in X's shape and dtype.

    Raises
    ------
    InputError
        If `method` is unknown or an intensity lies outside [0, 1].

    Examples
    --------
    >>> binarise(np.array([[0.0, 0.2, 0.8, 1.0]]), "threshold")
    array([[0., 0., 1., 1.]])
    """
    if method not in ("sampled", "threshold"):
        raise InputError(f"method must be 'sampled' or 'threshold', got {method!r}.")
    _check_intensities(X)
    if method == "threshold":
        return (X > 0.5).astype(X.dtype)
    uniform = np.random.default_rng(draw_seed(random_state))
    bits = np.empty_like(X)
    for start in range(0, len(X), 4096):
        chunk = X[start : start + 4096]
        bits[start : start + 4096] = uniform.random(chunk.shape, dtype=np.float32) < chunk
    return bits


def with_bits(dataset: Dataset, bits: str | None) -> Dataset:
    """`dataset` with its images turned to bits in one of the ways of `suite.data.load`.

    Raises
    ------
    InputError
        If `bits` is unknown, or the rows are not images with values in [0, 1].
    """
    if bits is None:
        return dataset
    if bits not in _TREATMENTS:
        raise InputError(f"bits must be one of {', '.join(_TREATMENTS)} or None, got {bits!r}.")
    if dataset.image_shape is None:
        raise InputError(f"bits={bits!r} is for images, and the rows of {dataset.name!r} are none.")
    _check_intensities(dataset.train)
    treatment = _TREATMENTS[bits]
    train, test = treatment.apply(dataset.train, dataset.test)
    return replace(dataset, train=train, test=test, notes=(*dataset.notes, treatment.note))


def _check_intensities(X: np.ndarray) -> None:
    if X.size and not (X.min() >= 0 and X.max() <= 1):
        raise InputError(
            f"expected intensities from 0 to 1, got {X.min():g} to {X.max():g}; "
            "divide by the largest value first."
        )


@dataclass(frozen=True)
class _Treatment:
    apply: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
    note: str


def _grey(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return train, test


def _threshold(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return binarise(train, "threshold"), binarise(test, "threshold")


def _redrawn(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return train, binarise(test, random_state=BITS_SEED)


def _fixed(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return binarise(train, random_state=BITS_SEED + 1), binarise(test, random_state=BITS_SEED)


_TREATMENTS = {
    "grey": _Treatment(_grey, "grey values in [0, 1]"),
    "threshold": _Treatment(_threshold, "bits: 1 where the grey value is above one half"),
    "fixed": _Treatment(
        _fixed,
        f"bits drawn once, test images with seed {BITS_SEED}, training images with {BITS_SEED + 1}",
    ),
    "redrawn": _Treatment(
        _redrawn,
        f"training images stay grey, for their bits to be redrawn each epoch; "
        f"test bits drawn once with seed {BITS_SEED}",
    ),
}
