from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import torch

from suite.data import load
from suite.errors import InputError
from suite.evaluation import evaluate_vae
from suite.evaluation.parity import Agreement
from suite.evaluation.parity_vae import vae_parity
from suite.objective import NotComparable, PointObjective
from suite.random import torch_generator
from suite.vae import LIKELIHOODS, Autoencoder, PyroVAE, TorchVAE, VAENetworks, build_networks
from suite.vae.torch_vae import kl_from_prior
from suite.vae.training import Loss
from tests.vae.toys import suitable, tiny_networks

QUANTITIES = ("elbo", "distortion", "rate", "gradient")
ALL = ["agrees"] * 4


def outcomes(found: tuple[Agreement, ...]) -> list[str]:
    assert tuple(one.quantity for one in found) == QUANTITIES
    return [one.outcome for one in found]


def digits_networks(dtype: str) -> tuple[VAENetworks, np.ndarray]:
    """Networks away from their start, and 100 images of bits."""
    bits = (load("mnist").train[:100] > 0.5).astype(float)
    networks = build_networks(
        784, 5, hidden_dims=(40,), generator=torch_generator(0), dtype=getattr(torch, dtype)
    )
    generator = torch_generator(1)
    with torch.no_grad():
        for weight in networks.parameters():
            weight.add_(0.05 * torch.randn(weight.shape, generator=generator).to(weight.dtype))
    return networks, bits


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("twin", [TorchVAE, PyroVAE])
def test_twins_agree_on_digits(twin: Any, dtype: str) -> None:
    networks, bits = digits_networks(dtype)
    before = deepcopy(networks.state_dict())
    found = vae_parity(twin(5, hidden_dims=(40,), dtype=dtype), networks, bits)
    assert outcomes(found) == ALL
    largest = max(one.tolerance for one in found)
    assert largest < (1e-3 if dtype == "float32" else 1e-11)
    after = networks.state_dict()
    assert all(bool((after[name] == weight).all()) for name, weight in before.items())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_twin_of_numpyro_agrees_on_digits(dtype: str) -> None:
    module = pytest.importorskip("suite.vae.numpyro_vae", exc_type=ImportError)
    networks, bits = digits_networks(dtype)
    estimator = module.NumPyroVAE(5, hidden_dims=(40,), dtype=dtype)
    assert outcomes(vae_parity(estimator, networks, bits)) == ALL


@pytest.mark.parametrize("likelihood", sorted(LIKELIHOODS))
@pytest.mark.parametrize("twin", [TorchVAE, PyroVAE])
def test_twins_agree_under_every_likelihood(twin: Any, likelihood: str) -> None:
    networks = tiny_networks(likelihood=likelihood)
    estimator = twin(3, hidden_dims=(8,), activation="tanh", likelihood=likelihood, dtype="float64")
    assert outcomes(vae_parity(estimator, networks, suitable(likelihood))) == ALL


def test_the_reference_has_the_rate_of_the_evaluation() -> None:
    networks, bits = digits_networks("float64")
    estimator = TorchVAE(5, hidden_dims=(40,), dtype="float64")
    own = estimator.objective_at(bits, networks.state_dict())
    scores = evaluate_vae(networks, bits, n_samples=200)
    # Both are right to the last digits, and the loss tells its rate by `vae_parity`'s trick.
    found = {one.quantity: one for one in vae_parity(estimator, networks, bits)}
    assert found["rate"].outcome == "agrees"
    # One draw against the mean of 200: within five standard deviations of a mean over 100 images.
    deviation = np.sqrt((scores.distortion_variance * 200).sum()) / len(bits)
    assert abs(own.objective - scores.mean_elbo) < 5 * deviation


# -- planted faults ------------------------------------------------------------------------------


class DoubledDivergence(TorchVAE):
    """−log p(x | z) + 2 KL."""

    def _loss_function(self, networks: VAENetworks, noise: torch.Generator) -> Loss:
        def loss(x: torch.Tensor, kl_weight: float) -> torch.Tensor:
            loc, scale = networks.encode(x)
            epsilon = torch.randn(loc.shape, generator=noise, dtype=loc.dtype)
            distortion = -networks.log_likelihood(x, loc + scale * epsilon)
            return (distortion + 2 * kl_from_prior(loc, scale)).mean()

        return loss


class WrongSize(TorchVAE):
    """Distortion averaged over features, a common slip."""

    def _loss_function(self, networks: VAENetworks, noise: torch.Generator) -> Loss:
        def loss(x: torch.Tensor, kl_weight: float) -> torch.Tensor:
            loc, scale = networks.encode(x)
            epsilon = torch.randn(loc.shape, generator=noise, dtype=loc.dtype)
            distortion = -networks.log_likelihood(x, loc + scale * epsilon) / x.shape[1]
            return (distortion + kl_from_prior(loc, scale)).mean()

        return loss


class WrongGradient(PyroVAE):
    """A gradient 1% too long in one array."""

    def objective_at(self, X: Any, start: Any, *, random_state: int = 0) -> PointObjective:
        own = super().objective_at(X, start, random_state=random_state)
        name = "encoder.loc.weight"
        longer = {**own.gradient, name: 1.01 * own.gradient[name]}
        return PointObjective(own.objective, longer)


class OtherNoise(TorchVAE):
    """Draws z by another stream."""

    def objective_at(self, X: Any, start: Any, *, random_state: int = 0) -> PointObjective:
        return super().objective_at(X, start, random_state=random_state + 1)


class NotFinite(TorchVAE):
    def objective_at(self, X: Any, start: Any, *, random_state: int = 0) -> PointObjective:
        own = super().objective_at(X, start, random_state=random_state)
        return PointObjective(np.nan, own.gradient)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("fault", "wrong"),
    [
        (DoubledDivergence, {"elbo", "rate", "gradient"}),
        # A loss that ignores its decoder is off by that distortion too: the parts are both wrong.
        (WrongSize, {"elbo", "distortion", "rate", "gradient"}),
        (WrongGradient, {"gradient"}),
        (OtherNoise, {"elbo", "distortion", "gradient"}),
        (NotFinite, {"elbo", "distortion", "rate"}),
    ],
)
def test_a_fault_is_seen_where_it_is(fault: Any, wrong: set[str], dtype: str) -> None:
    networks, bits = digits_networks(dtype)
    found = vae_parity(fault(5, hidden_dims=(40,), dtype=dtype), networks, bits)
    assert {one.quantity for one in found if one.outcome == "differs"} == wrong


def test_a_missing_array_is_named() -> None:
    class Partial(TorchVAE):
        def objective_at(self, X: Any, start: Any, *, random_state: int = 0) -> PointObjective:
            own = super().objective_at(X, start, random_state=random_state)
            rest = {n: part for n, part in own.gradient.items() if n != "decoder.output.bias"}
            return PointObjective(own.objective, rest)

    *_, gradient = vae_parity(
        Partial(3, hidden_dims=(8,), activation="tanh", dtype="float64"),
        tiny_networks(),
        suitable("bernoulli"),
    )
    assert gradient.outcome == "differs"
    assert "decoder.output.bias" in gradient.message


def test_an_estimator_that_names_no_precision_is_taken_to_compute_in_float32() -> None:
    class Nameless:
        def objective_at(self, X: Any, start: Any, *, random_state: int = 0) -> PointObjective:
            within = TorchVAE(5, hidden_dims=(40,), dtype="float32")
            return within.objective_at(X, start, random_state=random_state)

    assert outcomes(vae_parity(Nameless(), *digits_networks("float32"))) == ALL


# -- who takes no part ---------------------------------------------------------------------------


def test_without_the_method_nothing_is_compared() -> None:
    found = vae_parity(Autoencoder(3), tiny_networks(), suitable("bernoulli"))
    assert outcomes(found) == ["not available"] * 4
    assert "objective_at" in found[0].message


def test_an_estimator_may_say_that_it_climbs_something_else() -> None:
    class Other(TorchVAE):
        def objective_at(self, X: Any, start: Any, *, random_state: int = 0) -> PointObjective:
            raise NotComparable("it climbs a tighter bound.")

    found = vae_parity(Other(3), tiny_networks(), suitable("bernoulli"))
    assert outcomes(found) == ["not available"] * 4
    assert "tighter" in found[0].message


@pytest.mark.parametrize("twin", [TorchVAE, PyroVAE])
def test_another_bound_is_not_held_against_this_one(twin: Any) -> None:
    estimator = twin(3, hidden_dims=(8,), activation="tanh", objective="importance-weighted")
    found = vae_parity(estimator, tiny_networks(), suitable("bernoulli"))
    assert outcomes(found) == ["not available"] * 4
    assert "importance-weighted" in found[0].message


def test_what_an_estimator_raises_is_the_callers() -> None:
    with pytest.raises(InputError, match="latent_dim"):
        vae_parity(TorchVAE(0), tiny_networks(), suitable("bernoulli"))
