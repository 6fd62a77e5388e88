from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from suite.data import load
from suite.errors import InputError
from suite.evaluation.parity import Agreement, rounding_unit
from suite.evaluation.parity_mixture import Steps, mixture_parity
from suite.evaluation.parity_reference import MixtureTolerances, flat, reference_gradient
from suite.gmm import (
    COVARIANCE_TYPES,
    EMGaussianMixture,
    MixtureParameters,
    SklearnGaussianMixture,
    SVIGaussianMixture,
    initial_parameters,
)
from suite.gmm.covariance import covariance_type_named
from suite.objective import PointObjective

SKLEARN_TYPES = ("full", "tied", "diag", "spherical")
ALL = ["agrees", "agrees", "agrees"]
FLOAT64, FLOAT32 = np.finfo(np.float64).eps, np.finfo(np.float32).eps


def start_on(name: str, kind: str = "full") -> tuple[MixtureParameters, np.ndarray]:
    X = load(name).train
    return initial_parameters(X, 2, covariance_type=kind, random_state=0), X


def checked(
    estimator: Callable[..., Any],
    steps: Steps,
    *,
    name: str = "iris",
    kind: str = "full",
    **settings: Any,
) -> dict[str, Agreement]:
    start, X = start_on(name, kind)
    settings = {"reg_covar": 1e-6, "random_state": 0} | settings

    def make(max_iter: int) -> Any:
        return estimator(2, covariance_type=kind, initial=start, max_iter=max_iter, **settings)

    return {found.quantity: found for found in mixture_parity(make, start, X, steps=steps)}


def outcomes(found: dict[str, Agreement]) -> list[str]:
    return [found[name].outcome for name in ("log_likelihood", "bound", "gradient")]


@pytest.mark.parametrize("kind", COVARIANCE_TYPES)
@pytest.mark.parametrize("name", ["iris", "faithful"])
def test_em_by_hand_agrees(name: str, kind: str) -> None:
    found = checked(EMGaussianMixture, "em", name=name, kind=kind)
    assert outcomes(found) == ALL
    assert found["gradient"].how == "first step of EM"


@pytest.mark.parametrize("kind", SKLEARN_TYPES)
def test_em_of_scikit_learn_agrees(kind: str) -> None:
    assert outcomes(checked(SklearnGaussianMixture, "em", kind=kind)) == ALL


@pytest.mark.parametrize("posterior", ["exact", "amortised"])
@pytest.mark.parametrize("kind", COVARIANCE_TYPES)
def test_svi_agrees(kind: str, posterior: str) -> None:
    found = checked(SVIGaussianMixture, "ascent", kind=kind, posterior=posterior)
    assert outcomes(found) == ALL
    assert found["gradient"].how == "objective_at"


@pytest.mark.parametrize("kind", ["full"])
def test_svi_of_numpyro_agrees(kind: str) -> None:
    module = pytest.importorskip("suite.gmm.numpyro_svi", exc_type=ImportError)
    found = checked(module.NumPyroGaussianMixture, "ascent", kind=kind)
    assert outcomes(found) == ALL
    assert found["gradient"].how == "objective_at"


@pytest.mark.parametrize("inference", ["map", "vb"])
def test_a_bound_with_a_prior_is_no_likelihood_to_be_held_against_one(inference: str) -> None:
    found = checked(SVIGaussianMixture, "ascent", inference=inference)
    assert outcomes(found) == ["agrees", "not available", "not available"]
    assert "prior" in found["bound"].message


def test_of_an_unknown_estimator_the_public_methods_alone_are_asked() -> None:
    found = checked(EMGaussianMixture, "unknown")
    assert outcomes(found) == ["agrees", "not available", "agrees"]
    assert found["gradient"].how == "Fisher's identity, by predict_proba"


@pytest.mark.parametrize("peer", ["pomegranate:Pomegranate", "torchgmm:Torchgmm"])
def test_peers_agree_to_their_precision(peer: str) -> None:
    package, name = peer.split(":")
    module = pytest.importorskip(f"suite.gmm.peers.{package}", exc_type=ImportError)
    estimator = getattr(module, f"{name}GaussianMixture")
    found = checked(estimator, "em", kind="diag", reg_covar=0.0)
    assert outcomes(found) == ALL
    assert found["bound"].difference > 1e-9  # which float64's tolerance would not have let pass


# -- planted faults ------------------------------------------------------------------------------


class WrongConstant(EMGaussianMixture):
    """log p(x) too high by one part in a million of a nat."""

    def score_samples(self, X: Any) -> np.ndarray:
        return super().score_samples(X) + 1e-6


class WrongBound(SVIGaussianMixture):
    """Reports its bound without the normalising constant of one feature."""

    def fit(self, X: Any, y: object = None, *, callback: Any = None, **_: Any) -> Any:
        off = 0.5 * np.log(2 * np.pi)
        told = lambda p: callback(type(p)(p.step, p.objective + off, p.state))  # noqa: E731
        return super().fit(X, callback=None if callback is None else told)


class WrongGradient(SVIGaussianMixture):
    """A gradient 1% too long."""

    def objective_at(self, X: Any, start: Any, *, random_state: int = 0) -> PointObjective:
        own = super().objective_at(X, start, random_state=random_state)
        longer = {name: 1.01 * np.asarray(part) for name, part in own.gradient.items()}
        return PointObjective(own.objective, longer, own.responsibilities)


class WrongStep(EMGaussianMixture):
    """An M-step that goes 1% too far in the means."""

    def fit(self, X: Any, y: object = None, **options: Any) -> Any:
        super().fit(X, **options)
        assert self.initial is not None
        self.means_ = self.means_ + 0.01 * (self.means_ - self.initial.means)
        return self


class WrongPosterior(EMGaussianMixture):
    """Forgets the weights in the posterior."""

    def predict_proba(self, X: Any) -> np.ndarray:
        q = super().predict_proba(X) / self.weights_
        return q / q.sum(1, keepdims=True)


class Unbounded(EMGaussianMixture):
    def score_samples(self, X: Any) -> np.ndarray:
        return super().score_samples(X) * np.nan


@pytest.mark.parametrize(
    ("fault", "steps", "expected"),
    [
        (WrongConstant, "em", ["differs", "agrees", "agrees"]),
        (WrongBound, "ascent", ["agrees", "differs", "agrees"]),
        (WrongGradient, "ascent", ["agrees", "agrees", "differs"]),
        (WrongStep, "em", ["agrees", "agrees", "differs"]),
        (WrongPosterior, "unknown", ["agrees", "not available", "differs"]),
        (Unbounded, "em", ["differs", "agrees", "agrees"]),
    ],
)
def test_a_fault_is_seen_where_it_is(fault: Any, steps: Steps, expected: list[str]) -> None:
    assert outcomes(checked(fault, steps)) == expected


def test_nan_is_said_to_be_one() -> None:
    found = checked(Unbounded, "em")["log_likelihood"]
    assert found.message == "not finite"
    assert np.isnan(found.difference)


def test_what_an_estimator_raises_is_the_callers() -> None:
    with pytest.raises(InputError, match="covariance_type"):
        checked(SklearnGaussianMixture, "em", kind="tied_diag")


# -- the reference -------------------------------------------------------------------------------


def moved(start: MixtureParameters, step: np.ndarray) -> MixtureParameters:
    """The mixture at free parameters `step`, logits, means and scales in the units of `start`."""
    kind = covariance_type_named(start.covariance_type)
    K, D = start.means.shape
    c, a = step[:K], step[K : K + K * D].reshape(K, D)
    b = step[K + K * D :].reshape(start.covariances.shape)
    logits = np.log(start.weights) + c
    weights = np.exp(logits) / np.exp(logits).sum()
    factors = np.linalg.cholesky(start.full_covariances())
    means = start.means + np.einsum("kij,kj->ki", factors, a)
    if kind.has_matrices:
        L = np.linalg.cholesky(start.covariances)
        B = np.tril(b, -1) + np.eye(D) * np.exp(b * np.eye(D))
        covariances = (L @ B) @ np.swapaxes(L @ B, -1, -2)
    else:
        covariances = start.covariances * np.exp(2 * b)
    return MixtureParameters(weights, means, covariances, start.covariance_type)


@pytest.mark.parametrize("kind", COVARIANCE_TYPES)
def test_the_reference_is_the_slope_of_the_exact_density(kind: str) -> None:
    start, X = start_on("faithful", kind)
    gradient = flat(reference_gradient(start, X))
    step = 1e-5
    at = lambda h: moved(start, h).log_prob(X).mean()  # noqa: E731
    directions = step * np.eye(len(gradient))
    slopes = np.array([(at(h) - at(-h)) / (2 * step) for h in directions])
    matrices = gradient != 0  # above the diagonal nothing moves
    # Central differences: an error of step² times a third derivative of the order of 10.
    assert np.abs(slopes - gradient)[matrices].max() < 1e-8


def test_the_tolerance_is_in_units_of_the_precision() -> None:
    start, X = start_on("iris", "diag")
    gradient = reference_gradient(start, X)
    fine, coarse = (MixtureTolerances.of(start, X, gradient, e) for e in (FLOAT64, FLOAT32))
    assert coarse.bound / fine.bound == pytest.approx(FLOAT32 / FLOAT64)
    assert max(fine.log_likelihood, fine.bound, fine.gradient) < 1e-9
    assert rounding_unit(EMGaussianMixture(dtype="float32")) == FLOAT32


def test_where_rounding_may_be_all_there_is_nothing_is_said() -> None:
    module = pytest.importorskip("suite.gmm.peers.pomegranate", exc_type=ImportError)
    found = checked(module.PomegranateGaussianMixture, "em", name="breast_cancer", reg_covar=0.0)
    assert found["gradient"].outcome == "not available"
    assert "rounding alone" in found["gradient"].message
