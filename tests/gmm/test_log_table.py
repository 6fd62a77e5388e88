"""The table of log densities: exact, frugal, and careful where products would cancel."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from suite.errors import InputError
from suite.gmm import COVARIANCE_TYPES, MixtureParameters, SVIGaussianMixture
from suite.gmm.log_table import PreparedRows, component_log_density, log_table
from tests.gmm.mixtures import TYPES, random_mixture, rows_from

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def _tensors(mixture: MixtureParameters) -> tuple[Tensor, Tensor]:
    kind = COVARIANCE_TYPES[mixture.covariance_type]
    return torch.tensor(mixture.means), kind.scales(torch.tensor(mixture.covariances))


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(("n_components", "n_features"), [(1, 1), (2, 1), (4, 3), (2, 6), (3, 3)])
def test_equals_the_density_by_scipy(kind: str, n_components: int, n_features: int) -> None:
    mixture = random_mixture(0, n_components, n_features, kind)
    X = rows_from(mixture, 30)
    table = log_table(PreparedRows(torch.from_numpy(X)), *_tensors(mixture), COVARIANCE_TYPES[kind])
    np.testing.assert_allclose(table.numpy().T, mixture.component_log_density(X), rtol=1e-11)


@pytest.mark.parametrize("kind", TYPES)
def test_several_mixtures_at_once_are_each_alone(kind: str) -> None:
    several = [random_mixture(seed, 3, 2, kind) for seed in range(4)]
    x = torch.from_numpy(rows_from(several[0], 15))
    locs, scales = (torch.stack(values) for values in zip(*map(_tensors, several), strict=True))
    together = log_table(PreparedRows(x), locs, scales, COVARIANCE_TYPES[kind])
    assert together.shape == (4, 3, 15)
    for mixture, table in zip(several, together, strict=True):
        np.testing.assert_allclose(table.T, mixture.component_log_density(x.numpy()), rtol=1e-11)
    drawn = component_log_density(x, locs.unsqueeze(1), scales.unsqueeze(1), COVARIANCE_TYPES[kind])
    torch.testing.assert_close(drawn, together, rtol=0, atol=0)


@pytest.mark.parametrize("kind", TYPES)
def test_a_narrow_component_far_out_keeps_its_digits(kind: str) -> None:
    # At a distance of 10⁷ standard deviations from the centre, the three terms are about 10¹⁴ each
    # and would leave two digits after the point of their difference.
    mixture = random_mixture(0, 2, 2, kind)
    far = MixtureParameters(
        mixture.weights,
        mixture.means + np.array([[1e7, 0.0], [-1e7, 0.0]]),
        mixture.covariances,
        kind,
    )
    X = rows_from(far, 40)
    table = log_table(PreparedRows(torch.from_numpy(X)), *_tensors(far), COVARIANCE_TYPES[kind])
    expected = far.component_log_density(X)
    near = expected > -100  # the densities that count: those of the component a row came from
    assert near.any(axis=1).all()
    # A difference of numbers of size 10⁷ is exact to 10⁷ · 2⁻⁵²; times at most 20 standard
    # deviations and over a scale of at least 0.5, that is 10⁻⁷ at most.
    np.testing.assert_allclose(table.numpy().T[near], expected[near], rtol=0, atol=1e-7)


class _Largest(TorchDispatchMode):
    """Remembers the number of elements of the largest tensor that any operation returned."""

    elements = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            # A view that repeats entries, as of one covariance for all components, takes no room.
            if isinstance(leaf, Tensor):
                _Largest.elements = max(_Largest.elements, _stored(leaf))
        return result


def _stored(tensor: Tensor) -> int:
    sizes = zip(tensor.shape, tensor.stride(), strict=True)
    return int(np.prod([size for size, stride in sizes if stride != 0]))


@pytest.mark.parametrize("inference", ["mle", "map", "vb"])
@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(("n_components", "n_features"), [(5, 4), (3, 7)])
def test_no_step_makes_a_tensor_of_rows_by_components_by_features(
    kind: str, inference: str, n_components: int, n_features: int
) -> None:
    start = random_mixture(0, n_components, n_features, kind)
    X = rows_from(start, 400)
    fit = SVIGaussianMixture(
        n_components,
        covariance_type=kind,
        inference=inference,
        initial=start,
        max_iter=2,
        n_particles=2,
    )
    _Largest.elements = 0
    with _Largest():
        fit.fit(X)
    draws = 2 if inference == "vb" else 1
    assert X.size <= _Largest.elements < draws * len(X) * n_components * n_features


def test_draws_for_a_table_of_another_shape_are_refused() -> None:
    mixture = random_mixture(0, 2, 2, "diag")
    locs, scales = (values.expand(5, *values.shape) for values in _tensors(mixture))
    x = torch.zeros(3, 2, dtype=torch.float64)
    with pytest.raises(InputError, match="Predictive"):
        component_log_density(x, locs, scales, COVARIANCE_TYPES["diag"])
