"""Which optima count as regular, on mixtures whose shape is known."""

import numpy as np
import pytest

from suite.evaluation import regularity
from suite.gmm import MixtureParameters
from tests.gmm.mixtures import TYPES, random_mixture, rows_from


def single(X: np.ndarray, kind: str) -> MixtureParameters:
    """The maximum-likelihood fit of one component."""
    full = np.cov(X, rowvar=False, bias=True)
    covariances = {
        "full": full[None],
        "tied": full,
        "diag": np.diag(full)[None],
        "spherical": np.array([np.trace(full) / len(full)]),
        "tied_diag": np.diag(full),
        "tied_spherical": np.array(np.trace(full) / len(full)),
    }[kind]
    return MixtureParameters([1.0], X.mean(axis=0)[None], covariances, kind)


@pytest.mark.parametrize("kind", TYPES)
def test_one_component_is_its_own_measure(kind: str) -> None:
    X = rows_from(random_mixture(1, 3, 3, "full"), 80) * [1e-3, 1.0, 1e3]
    found = regularity(single(X, kind), X)
    assert found.smallest_spread == pytest.approx(1.0, rel=1e-9)
    assert found.smallest_count == pytest.approx(80)
    assert found.is_regular


def test_spread_is_that_of_the_narrowest_direction() -> None:
    # The data's covariance is diag(4, 9); one component is 1/100 as wide along the second axis, at
    # an angle that only a comparison of whole matrices sees.
    X = np.array([[2.0, 3.0], [2.0, -3.0], [-2.0, 3.0], [-2.0, -3.0]])
    turn = np.array([[1.0, -1.0], [1.0, 1.0]]) / np.sqrt(2)
    narrow = np.diag([2.0, 3.0]) @ turn @ np.diag([1.0, 1e-4]) @ turn.T @ np.diag([2.0, 3.0])
    mixture = MixtureParameters([0.5, 0.5], np.zeros((2, 2)), [np.diag([4.0, 9.0]), narrow])
    found = regularity(mixture, X)
    assert found.smallest_spread == pytest.approx(1e-4, rel=1e-9)
    assert not found.is_regular


def test_few_rows_are_irregular_only_with_a_covariance_of_their_own() -> None:
    # Three rows far away, of a component as wide as the others: D + 1 = 3 rows are enough, two are
    # not; with one covariance for all, a component on a single row is an outlier and no more.
    X = np.random.default_rng(0).normal(size=(60, 2))
    far = np.array([[100.0, 0.0], [101.0, 1.0], [100.0, 1.0]])
    for count, own, regular in ((3, True, True), (2, True, False), (1, False, True)):
        rows = np.vstack([X, far[:count]])
        covariances = np.stack([np.eye(2)] * 2) if own else np.eye(2)
        mixture = MixtureParameters(
            [0.95, 0.05], [[0, 0], far[:count].mean(axis=0)], covariances, "full" if own else "tied"
        )
        found = regularity(mixture, rows)
        assert found.smallest_count == pytest.approx(count, abs=1e-9)
        assert found.smallest_spread > 1e-3
        assert found.is_regular is regular, count


@pytest.mark.parametrize(
    ("kind", "needed"),
    [("full", (2, 4, 14)), ("diag", (2, 4, 4)), ("spherical", (2, 4, 4)), ("tied", (0, 0, 0))],
)
def test_rows_needed_in_1_3_and_13_dimensions(kind: str, needed: tuple[int, ...]) -> None:
    for D, count in zip((1, 3, 13), needed, strict=True):
        mixture = random_mixture(0, 2, D, kind)
        assert regularity(mixture, rows_from(mixture, 40)).needed_count == count


def test_a_direction_without_any_variance_is_left_out() -> None:
    X = np.column_stack([np.arange(6.0), np.zeros(6)])
    covariances = np.array([[[35 / 12, 0.0], [0.0, 1e-9]]])
    found = regularity(MixtureParameters([1.0], [[2.5, 0.0]], covariances), X)
    assert found.smallest_spread == pytest.approx(1.0)
