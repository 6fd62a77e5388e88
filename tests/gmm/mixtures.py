"""Mixtures and data that the tests of this part share."""

import numpy as np
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_iris, load_wine

from suite.gmm import COVARIANCE_TYPES, MixtureParameters

TYPES = tuple(COVARIANCE_TYPES)
SHARED_TYPES = ("full", "tied", "diag", "spherical")  # those that scikit-learn has too
TABLES = {"iris": (load_iris, 3), "wine": (load_wine, 3), "breast_cancer": (load_breast_cancer, 2)}


def table(name: str) -> tuple[np.ndarray, int]:
    """A real table, and how many components suit it."""
    loader, n_components = TABLES[name]
    return loader().data, n_components


def random_mixture(
    seed: int, n_components: int, n_features: int, covariance_type: str
) -> MixtureParameters:
    """A mixture with every parameter drawn at random, well conditioned."""
    rng = np.random.default_rng(seed)
    factor = rng.normal(size=(n_components, n_features, n_features))
    full = factor @ factor.transpose(0, 2, 1) / n_features + 0.3 * np.eye(n_features)
    variances = rng.uniform(0.3, 2.0, size=(n_components, n_features))
    covariances = {
        "full": full,
        "tied": full[0],
        "diag": variances,
        "spherical": variances[:, 0],
        "tied_diag": variances[0],
        "tied_spherical": variances[0, 0],
    }[covariance_type]
    means = rng.normal(scale=2.0, size=(n_components, n_features))
    return MixtureParameters(
        rng.dirichlet(np.full(n_components, 5.0)), means, covariances, covariance_type
    )


def rows_from(mixture: MixtureParameters, n_samples: int, seed: int = 0) -> np.ndarray:
    """Data drawn from `mixture`."""
    return mixture.sample(n_samples, np.random.RandomState(seed))[0]


mixtures = st.builds(
    random_mixture,
    seed=st.integers(0, 2**32 - 1),
    n_components=st.integers(1, 4),
    n_features=st.integers(1, 4),
    covariance_type=st.sampled_from(TYPES),
)
"""Hypothesis: random mixtures of every type."""
