"""Starting values that every twin shares."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.cluster import KMeans, kmeans_plusplus
from sklearn.utils import check_random_state

from suite.errors import InputError
from suite.gmm.ascent import is_well_conditioned
from suite.gmm.coordinates import Coordinates
from suite.gmm.expectation import label_sums
from suite.gmm.given import GivenStart
from suite.gmm.natural import maximise
from suite.gmm.parameters import MixtureParameters
from suite.gmm.restarts import parameters_of
from suite.gmm.rows import ArrayRows
from suite.gmm.steps import m_step
from suite.random import RandomState

_NOTHING = GivenStart()
_LARGE = 1_000_000  # numbers in a table of responsibilities


def initial_parameters(
    X: ArrayLike,
    n_components: int,
    *,
    covariance_type: str = "full",
    method: str = "kmeans",
    reg_covar: float = 1e-6,
    random_state: RandomState = None,
    sample_weight: np.ndarray | None = None,
    given: GivenStart = _NOTHING,
) -> MixtureParameters:
    """A start for a mixture: responsibilities by `method`, then one M-step.

    With the same `random_state` it is the start that scikit-learn's `GaussianMixture` takes, up to
    rounding; a `RandomState` advances, so that calls in a row give the starts of `n_init` restarts.

    Parameters
    ----------
    X
        (N, D), finite.
    n_components
        K.
    covariance_type
        "full", "tied", "diag", "spherical", "tied_diag" or "tied_spherical".
    method
        "kmeans" (k-means clusters), "k-means++" or "random_from_data" (one row a component, with
        no spread but `reg_covar`), or "random" (random responsibilities).
    reg_covar
        Added to the diagonal of the covariances.
    random_state
        Seed or generator.
    sample_weight
        (N,), the weight of each row, in k-means, in the draws of rows and in the M-step; a row of
        weight zero is never drawn.
    given
        The parts of the start that are known; the method finds the others, if any.

    Raises
    ------
    InputError
        If the method is unknown, there are fewer rows than components, what is given does not suit
        the mixture, or a component has no spread and `reg_covar` is 0.

    Examples
    --------
    >>> start = initial_parameters([[0.0], [0.1], [5.0], [5.1]], 2, random_state=0)
    >>> sorted(start.means.ravel().round(2).tolist())
    [0.05, 5.05]
    """
    rows = _rows_for(X, n_components, method)
    given = given.checked(n_components, rows.shape[1], covariance_type)
    if given.is_complete:
        return given.whole(covariance_type, None)
    random = check_random_state(random_state)
    found = INIT_METHODS[method](rows, n_components, random, sample_weight)
    # Where precisions are given those of the M-step are not used, and may not make it fail.
    ridge = reg_covar if given.precisions is None else 1.0
    source = ArrayRows(rows, sample_weight)
    if found.ndim == 1:
        start = _from_labels(source, found, n_components, covariance_type, ridge)
    else:
        start = _from_responsibilities(source, found, covariance_type, ridge)
    return given.whole(covariance_type, start)


def _rows_for(X: ArrayLike, n_components: int, method: str) -> np.ndarray:
    rows = np.asarray(X, dtype=np.float64)
    if method not in INIT_METHODS:
        raise InputError(f"init_params must be one of {', '.join(INIT_METHODS)}, got {method!r}.")
    if rows.ndim != 2 or not 1 <= n_components <= len(rows):
        raise InputError(
            f"expected at least {n_components} rows for {n_components} components, got an array "
            f"of shape {rows.shape}; ask for fewer components."
        )
    return rows


def _from_responsibilities(
    rows: ArrayRows, responsibilities: np.ndarray, covariance_type: str, ridge: float
) -> MixtureParameters:
    weights = None if rows.weights is None else torch.from_numpy(rows.weights)
    X = torch.tensor(rows.X)
    start = m_step(X, torch.from_numpy(responsibilities), covariance_type, ridge, weights)
    return start.to_parameters()


def _from_labels(
    rows: ArrayRows, labels: np.ndarray, n_components: int, covariance_type: str, ridge: float
) -> MixtureParameters:
    """The M-step of clusters: by sums over blocks where a table of N × K is large, if they do."""
    if len(labels) * n_components > _LARGE:
        coordinates = Coordinates.of(rows, covariance_type)
        sums = label_sums(rows, labels, n_components, coordinates)
        batch = maximise(sums, coordinates.scatter, covariance_type, coordinates.ridge(ridge))
        if is_well_conditioned(batch, covariance_type):
            return parameters_of(batch, coordinates)
    return _from_responsibilities(rows, np.eye(n_components)[labels], covariance_type, ridge)


def _kmeans(
    X: np.ndarray, n_components: int, random: np.random.RandomState, weights: np.ndarray | None
) -> np.ndarray:
    clusters = KMeans(n_clusters=n_components, n_init=1, random_state=random)
    labels = clusters.fit(X, sample_weight=weights).labels_
    found: np.ndarray = labels
    return found


def _kmeans_plusplus(
    X: np.ndarray, n_components: int, random: np.random.RandomState, weights: np.ndarray | None
) -> np.ndarray:
    _, indices = kmeans_plusplus(X, n_components, sample_weight=weights, random_state=random)
    return _one_row_each(X, indices)


def _random_from_data(
    X: np.ndarray, n_components: int, random: np.random.RandomState, weights: np.ndarray | None
) -> np.ndarray:
    chances = None if weights is None else weights / weights.sum()
    return _one_row_each(X, random.choice(len(X), size=n_components, replace=False, p=chances))


def _random(
    X: np.ndarray, n_components: int, random: np.random.RandomState, weights: np.ndarray | None
) -> np.ndarray:
    responsibilities = random.uniform(size=(len(X), n_components))
    return responsibilities / responsibilities.sum(axis=1, keepdims=True)


def _one_row_each(X: np.ndarray, indices: np.ndarray) -> np.ndarray:
    responsibilities = np.zeros((len(X), len(indices)))
    responsibilities[indices, np.arange(len(indices))] = 1.0
    return responsibilities


Method = Callable[[np.ndarray, int, np.random.RandomState, np.ndarray | None], np.ndarray]

INIT_METHODS: dict[str, Method] = {
    "kmeans": _kmeans,
    "k-means++": _kmeans_plusplus,
    "random": _random,
    "random_from_data": _random_from_data,
}
"""Every way to start, by scikit-learn's name: (X, K, random, weights) to responsibilities, (N, K),
or labels, (N,)."""
