"""Gaussian mixtures with known truth."""

from __future__ import annotations

import numpy as np

from suite.data.dataset import Dataset
from suite.data.splitting import split_rows
from suite.errors import InputError
from suite.gmm import MixtureParameters
from suite.random import RandomState, draw_seed

_CANDIDATES_PER_COMPONENT = 16


def simulate_mixture(
    *,
    n_samples: int = 1000,
    n_features: int = 2,
    n_components: int = 3,
    separation: float = 4.0,
    covariance_type: str = "full",
    test_size: float = 0.25,
    random_state: RandomState = 0,
) -> Dataset:
    """Draw rows from a random Gaussian mixture whose parameters come along as `truth`.

    The covariances have standard deviations along their axes drawn log-uniformly from ½ to 2, and
    for "full" and "tied" axes turned at random. With the average within-component standard
    deviation

        σ̄ = √( Σ_k tr Σ_k / (K D) ),

    the means are placed at random and scaled so that the two nearest are exactly

        min_{j≠k} ‖μ_j − μ_k‖ = separation · σ̄

    apart. The weights are in ratios of at most 3 to 1. Labels are the components drawn.

    Parameters
    ----------
    n_samples, n_features, n_components
        N, in training and test rows together; D; K.
    separation
        In units of σ̄; 0 puts all means on one point. Not used if K = 1.
    covariance_type
        "full", "tied", "diag", "spherical", "tied_diag" or "tied_spherical".
    test_size
        The fraction held out, from 0 to less than 1.
    random_state
        Seed of mixture, rows and split; an integer gives the same data every time.

    Raises
    ------
    InputError
        If a parameter is out of range.

    Examples
    --------
    >>> data = simulate_mixture(n_samples=400, n_features=5, n_components=2, separation=3.0)
    >>> data.train.shape, data.test.shape, data.truth.means.shape
    ((300, 5), (100, 5), (2, 5))
    """
    _check(n_samples, n_features, n_components, separation, covariance_type)
    random = np.random.default_rng(draw_seed(random_state))
    truth = _truth(random, n_features, n_components, separation, covariance_type)
    rows, labels = _draw(random, truth, n_samples)
    split = split_rows(
        n_samples, labels, test_size=test_size, random_state=int(random.integers(2**31 - 1))
    )
    return _dataset(truth, rows, labels, split, separation)


def _dataset(
    truth: MixtureParameters,
    rows: np.ndarray,
    labels: np.ndarray,
    split: tuple[np.ndarray, np.ndarray, tuple[str, ...]],
    separation: float,
) -> Dataset:
    train, test, notes = split
    return Dataset(
        name="simulated",
        train=rows[train],
        test=rows[test],
        feature_names=tuple(f"x{i + 1}" for i in range(truth.n_features)),
        train_labels=labels[train],
        test_labels=labels[test],
        label_names=tuple(f"component {k + 1}" for k in range(truth.n_components)),
        truth=truth,
        source="simulated here",
        licence="none needed",
        origin="simulated",
        origin_detail=_description(truth, separation),
        notes=notes,
    )


def _truth(
    random: np.random.Generator,
    n_features: int,
    n_components: int,
    separation: float,
    covariance_type: str,
) -> MixtureParameters:
    covariances = _COVARIANCES[covariance_type](random, n_components, n_features)
    weights = random.uniform(0.5, 1.5, n_components)
    means = _spread_means(random, n_components, n_features)
    spread = MixtureParameters(weights / weights.sum(), means, covariances, covariance_type)
    variances = np.trace(spread.full_covariances(), axis1=1, axis2=2) / n_features
    scale = separation * np.sqrt(variances.mean())
    return MixtureParameters(spread.weights, scale * means, covariances, covariance_type)


def _description(truth: MixtureParameters, separation: float) -> str:
    return (
        f"drawn from a mixture of {truth.n_components} Gaussians in {truth.n_features} dimensions, "
        f"{truth.covariance_type} covariances, separation {separation:g}"
    )


def _check(
    n_samples: int, n_features: int, n_components: int, separation: float, covariance_type: str
) -> None:
    counts = {"n_samples": (n_samples, 2), "n_features": (n_features, 1)}
    for name, (value, least) in {**counts, "n_components": (n_components, 1)}.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise InputError(f"{name} must be a whole number, at least {least}, got {value!r}.")
    if not (np.isfinite(separation) and separation >= 0):
        raise InputError(f"separation must be a number, at least 0, got {separation!r}.")
    if covariance_type not in _COVARIANCES:
        raise InputError(
            f"covariance_type must be one of {', '.join(_COVARIANCES)}, got {covariance_type!r}."
        )


def _spread_means(random: np.random.Generator, n_components: int, n_features: int) -> np.ndarray:
    """K points whose two nearest are 1 apart, none far from all others; one point is the origin.

    Of many points uniform in a ball, each next mean is the one farthest from those taken (Gonzalez,
    1985); independent draws would put two of many means all but on top of each other.
    """
    if n_components == 1:
        return np.zeros((1, n_features))
    directions = random.standard_normal((_CANDIDATES_PER_COMPONENT * n_components, n_features))
    radii = random.random((len(directions), 1)) ** (1 / n_features)
    points = radii * directions / np.linalg.norm(directions, axis=1, keepdims=True)
    chosen = [0]
    nearest = np.linalg.norm(points - points[0], axis=1)
    shortest = np.inf
    for _ in range(n_components - 1):
        farthest = int(nearest.argmax())
        shortest = min(shortest, float(nearest[farthest]))
        chosen.append(farthest)
        nearest = np.minimum(nearest, np.linalg.norm(points - points[farthest], axis=1))
    means = points[chosen] / shortest
    return means - means.mean(axis=0)


def _variances(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.exp(random.uniform(np.log(0.25), np.log(4.0), shape))


def _matrices(random: np.random.Generator, n_matrices: int, n_features: int) -> np.ndarray:
    axes = np.linalg.qr(random.standard_normal((n_matrices, n_features, n_features)))[0]
    variances = _variances(random, (n_matrices, 1, n_features))
    covariances = (axes * variances) @ axes.swapaxes(1, 2)
    return (covariances + covariances.swapaxes(1, 2)) / 2


_COVARIANCES = {
    "full": _matrices,
    "tied": lambda random, n_components, n_features: _matrices(random, 1, n_features)[0],
    "diag": lambda random, n_components, n_features: _variances(random, (n_components, n_features)),
    "spherical": lambda random, n_components, n_features: _variances(random, (n_components,)),
    "tied_diag": lambda random, n_components, n_features: _variances(random, (n_features,)),
    "tied_spherical": lambda random, n_components, n_features: _variances(random, ()),
}


def _draw(
    random: np.random.Generator, mixture: MixtureParameters, n_samples: int
) -> tuple[np.ndarray, np.ndarray]:
    labels = random.choice(len(mixture.weights), size=n_samples, p=mixture.weights)
    rows = random.standard_normal((n_samples, mixture.means.shape[1]))
    for k, factor in enumerate(np.linalg.cholesky(mixture.full_covariances())):
        own = labels == k
        rows[own] = mixture.means[k] + rows[own] @ factor.T
    return rows, labels.astype(np.int64)
