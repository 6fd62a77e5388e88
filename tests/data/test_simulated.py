import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import pdist

from suite.data import simulate_mixture
from suite.errors import InputError

COVARIANCE_TYPES = ("full", "tied", "diag", "spherical", "tied_diag", "tied_spherical")
# The chance that a right program fails a statistical test here; seeds are fixed.
LEVEL = 1e-6


def average_deviation(truth):
    covariances = truth.full_covariances()
    return np.sqrt(np.mean([np.trace(c) / len(c) for c in covariances]))


@settings(max_examples=60)
@given(
    n_samples=st.integers(2, 80),
    n_features=st.integers(1, 12),
    n_components=st.integers(1, 12),
    separation=st.just(0.0) | st.floats(1e-6, 50),
    covariance_type=st.sampled_from(COVARIANCE_TYPES),
    seed=st.integers(0, 2**31 - 1),
)
def test_any_setting_gives_what_was_asked_for(
    n_samples, n_features, n_components, separation, covariance_type, seed
):
    data = simulate_mixture(
        n_samples=n_samples,
        n_features=n_features,
        n_components=n_components,
        separation=separation,
        covariance_type=covariance_type,
        test_size=0.5,
        random_state=seed,
    )
    truth = data.truth
    assert len(data.train) + len(data.test) == n_samples
    assert data.train.shape[1] == data.test.shape[1] == len(data.feature_names) == n_features
    assert np.isfinite(data.train).all()
    assert set(data.train_labels) | set(data.test_labels) <= set(range(n_components))
    assert truth.covariance_type == covariance_type
    assert truth.weights.sum() == pytest.approx(1)
    assert truth.weights.max() <= 3 * truth.weights.min() * (1 + 1e-12)
    eigenvalues = np.linalg.eigvalsh(truth.full_covariances())
    assert eigenvalues.min() >= 0.25 * (1 - 1e-9)
    assert eigenvalues.max() <= 4 * (1 + 1e-9)
    if n_components > 1:
        nearest = pdist(truth.means).min()
        expected = separation * average_deviation(truth)
        assert nearest == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("covariance_type", "shape"),
    [
        ("full", (3, 4, 4)),
        ("tied", (4, 4)),
        ("diag", (3, 4)),
        ("spherical", (3,)),
        ("tied_diag", (4,)),
        ("tied_spherical", ()),
    ],
)
def test_covariances_have_scikit_learns_shapes(covariance_type, shape):
    data = simulate_mixture(n_features=4, n_components=3, covariance_type=covariance_type)
    assert data.truth.covariances.shape == shape


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_rows_follow_the_truth(covariance_type):
    n_features = 3
    data = simulate_mixture(
        n_samples=6000,
        n_features=n_features,
        covariance_type=covariance_type,
        test_size=0,
        random_state=1,
    )
    truth, labels = data.truth, data.train_labels
    counts = np.bincount(labels)
    assert stats.chisquare(counts, truth.weights * len(labels)).pvalue > LEVEL
    for k, covariance in enumerate(truth.full_covariances()):
        whitened = (data.train[labels == k] - truth.means[k]) @ np.linalg.inv(
            np.linalg.cholesky(covariance)
        ).T
        # whitened rows are standard normal: their coordinates, and the pairs that would show
        # a wrong correlation, one by one
        n_rows = len(whitened)
        for column in whitened.T:
            assert stats.kstest(column, "norm").pvalue > LEVEL
        products = (whitened[:, :, None] * whitened[:, None, :])[:, *np.triu_indices(n_features, 1)]
        bound = stats.norm.isf(LEVEL / 2) / np.sqrt(n_rows)
        assert np.abs(products.mean(axis=0)).max() < bound


def test_both_splits_hold_every_component_in_proportion():
    data = simulate_mixture(n_samples=1000)
    whole = np.bincount(np.concatenate([data.train_labels, data.test_labels]))
    assert np.abs(np.bincount(data.test_labels) - whole / 4).max() < 1


def test_the_seed_decides_everything_and_no_global_seed_does():
    before = np.random.get_state()[1].copy()
    first, again, other = (simulate_mixture(random_state=seed) for seed in (1, 1, 2))
    assert first.content_hash() == again.content_hash() != other.content_hash()
    np.testing.assert_array_equal(first.truth.means, again.truth.means)
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    random = np.random.RandomState(0)
    one, two = (simulate_mixture(random_state=random) for _ in range(2))
    assert one.content_hash() != two.content_hash()
    fresh, fresher = (simulate_mixture(random_state=None) for _ in range(2))
    assert fresh.content_hash() != fresher.content_hash()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_samples": 1}, "n_samples must be a whole number, at least 2, got 1"),
        ({"n_features": 0}, "n_features must be a whole number, at least 1, got 0"),
        ({"n_components": 2.5}, "n_components must be a whole number, at least 1, got 2.5"),
        ({"separation": -1.0}, "separation must be a number, at least 0, got -1"),
        ({"separation": float("nan")}, "separation must be a number, at least 0, got nan"),
        (
            {"covariance_type": "round"},
            "one of full, tied, diag, spherical, tied_diag, tied_spherical, got 'round'",
        ),
        ({"test_size": 1}, "test_size must be a fraction"),
    ],
)
def test_settings_out_of_range(options, message):
    with pytest.raises(InputError, match=message):
        simulate_mixture(**options)
