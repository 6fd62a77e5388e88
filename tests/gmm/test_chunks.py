"""Data that do not fit in memory: exact statistics, whatever the chunks."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from suite.errors import InputError
from suite.gmm import EMGaussianMixture
from suite.gmm.rows import ArrayRows, ChunkedRows, thinned
from tests.gmm.mixtures import TYPES, random_mixture, rows_from

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SUMS = 1e-10  # relative: sums of a thousand terms in another order


class Files:
    """Chunks that are made anew at each pass, as if read from disk."""

    def __init__(self, X: np.ndarray, *cuts: int) -> None:
        self.parts = np.split(X, cuts)
        self.passes = 0

    def __iter__(self) -> Iterator[np.ndarray]:
        self.passes += 1
        return (part.copy() for part in self.parts)


@pytest.mark.parametrize("kind", TYPES)
def test_chunks_give_what_the_whole_gives(kind: str, tmp_path: Path) -> None:
    X = rows_from(random_mixture(1, 3, 2, kind), 1000) + 100.0
    options = {
        "covariance_type": kind,
        "initial": random_mixture(2, 3, 2, kind),
        "max_iter": 15,
        "tol": 0.0,
    }
    whole = EMGaussianMixture(3, **options).fit(X)
    files = Files(X, 1, 400, 401)
    chunked = EMGaussianMixture(3, **options).fit_chunks(files)
    mapped = np.memmap(tmp_path / "rows", dtype=float, mode="w+", shape=X.shape)
    mapped[:] = X
    from_disk = EMGaussianMixture(3, **options).fit(mapped)
    for fitted in (chunked, from_disk):
        for name in ("weights_", "means_", "covariances_", "lower_bounds_"):
            np.testing.assert_allclose(
                getattr(fitted, name), getattr(whole, name), rtol=SUMS, atol=SUMS, err_msg=name
            )
        assert fitted.n_features_in_ == 2


def test_the_start_of_few_rows_is_that_of_all_and_steps_are_told() -> None:
    X = rows_from(random_mixture(1, 2, 2, "full"), 300)
    steps = []
    chunked = EMGaussianMixture(2, random_state=0).fit_chunks(
        [X[:100], X[100:]], callback=lambda progress: steps.append(progress.state())
    )
    whole = EMGaussianMixture(2, random_state=0).fit(X)
    np.testing.assert_allclose(chunked.lower_bounds_, whole.lower_bounds_, rtol=SUMS)
    assert len(steps) == chunked.n_iter_
    assert steps[-1].responsibilities.shape == (300, 2)


def test_thinned_rows_are_at_equal_distances_and_not_too_many() -> None:
    X = np.arange(1000.0)[:, np.newaxis]
    for cuts in ((), (7, 500, 501, 900)):
        some = thinned(ChunkedRows(Files(X, *cuts)), limit=100)
        assert 50 <= len(some) <= 100
        assert len(set(np.diff(some.ravel()))) == 1
    np.testing.assert_array_equal(thinned(ArrayRows(X), limit=1000), X)


@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        (lambda X: (part for part in [X]), "more than once"),
        (lambda X: [], "at least one chunk"),
        (lambda X: [X, X[:, :1]], r"shape \(n, 2\), got one of shape \(5, 1\)"),
        (lambda X: [X, np.where(X[2, 1] == X, np.nan, X)], "got NaN in row 7, column 1"),
        (lambda X: [X.astype(str)], "chunks of numbers"),
    ],
)
def test_unusable_chunks_are_refused(chunks, message: str) -> None:
    X = rows_from(random_mixture(1, 2, 2, "full"), 5)
    with pytest.raises(InputError, match=message):
        EMGaussianMixture(2).fit_chunks(chunks(X))


def test_a_memory_map_is_checked_like_any_table(tmp_path: Path) -> None:
    mapped = np.memmap(tmp_path / "rows", dtype=float, mode="w+", shape=(10, 2))
    mapped[:] = rows_from(random_mixture(1, 2, 2, "full"), 10)
    mapped[3, 0] = np.inf
    with pytest.raises(InputError, match="got infinity in row 3, column 0"):
        EMGaussianMixture(2).fit(mapped)
