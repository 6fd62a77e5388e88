import numpy as np
import pytest
import torch

from suite.evaluation.annealing import Annealing, AnnealingPath, tuned_steps
from suite.evaluation.hmc import transition
from suite.evaluation.latent_model import LatentModel
from suite.evaluation.linear_gaussian import linear_gaussian_posterior
from suite.evaluation.noise import DatumNoise
from suite.random import torch_generator
from tests.evaluation.toys import drawn, linear_networks, oblique_model
from tests.vae.toys import LIKELIHOOD_NAMES, quantile, suitable, tiny_networks

MODEL = oblique_model(variance=0.5)


def noise_for(networks: LatentModel, n_data: int, seed=0) -> DatumNoise:
    return DatumNoise.from_generator(torch_generator(seed), n_data, networks.dtype, networks.device)


def assert_posterior(z: np.ndarray, X: np.ndarray) -> None:
    """That z (N, C, J) has the exact posterior's means and covariances."""
    exact = linear_gaussian_posterior(X, MODEL)
    deviation = np.sqrt(np.diag(exact.covariance))
    # Chains are independent: standard errors of a mean and of a covariance of normals.
    error = quantile(6) * deviation / np.sqrt(z.shape[1])
    assert (np.abs(z.mean(1) - exact.mean) < error).all()
    error = quantile(18) * np.sqrt(2 / z.shape[1]) * np.outer(deviation, deviation)
    for one in z:
        assert (np.abs(np.cov(one.T) - exact.covariance) < error).all()


def run(point, path, step, n_transitions, noise):
    steps, accepted = torch.full((2,), step, dtype=torch.float64), []
    for _ in range(n_transitions):
        point, probability = transition(path.at(1.0), point, steps, 15, noise)
        accepted.append(probability.mean().item())
    return point.z.numpy(), np.mean(accepted)


def test_chains_reach_the_exact_posterior():
    networks, X = linear_networks(MODEL), torch.from_numpy(drawn(MODEL, 2))
    path, noise = AnnealingPath.between(networks, X, "prior"), noise_for(networks, 2)
    z, acceptance = run(path.start(4000, noise), path, 0.03, 60, noise)
    assert acceptance > 0.98
    assert_posterior(z, X.numpy())


def test_the_posterior_stays_at_a_step_that_is_often_rejected():
    """The leapfrog alone would widen it by 1 / (1 − step² / 4 σ²) in its narrow directions."""
    networks, X = linear_networks(MODEL), torch.from_numpy(drawn(MODEL, 2))
    path, noise = AnnealingPath.between(networks, X, "prior"), noise_for(networks, 2)
    exact = linear_gaussian_posterior(X.numpy(), MODEL)
    factor = torch.from_numpy(np.linalg.cholesky(exact.covariance))
    z = torch.from_numpy(exact.mean)[:, None] + noise.normal(4000, 3) @ factor.T
    smallest = np.sqrt(np.linalg.eigvalsh(exact.covariance)[0])
    z, acceptance = run(path.evaluate(z), path, 1.4 * smallest, 20, noise)
    assert 0.3 < acceptance < 0.9
    assert_posterior(z, X.numpy())


@pytest.mark.parametrize("likelihood", LIKELIHOOD_NAMES)
@pytest.mark.parametrize("base", ["prior", "encoder"])
def test_gradients_are_those_of_the_density(likelihood, base):
    networks = tiny_networks(likelihood=likelihood)
    X = torch.from_numpy(suitable(likelihood, 4))
    path = AnnealingPath.between(networks, X, base)
    point = path.start(3, noise_for(networks, 4))
    h = 1e-6
    for beta in (0.0, 0.3, 1.0):
        target = path.at(beta)
        gradient = target.log_gradient(point)
        for j in range(3):
            shift = h * torch.eye(3, dtype=torch.float64)[j]
            ahead = target.log_density(path.evaluate(point.z + shift))
            behind = target.log_density(path.evaluate(point.z - shift))
            slope = (ahead - behind) / (2 * h)
            # Central differences: rounding of the density over 2h, and h² of its third derivative.
            allowed = 1e-7 * (1 + ahead.abs().max().item())
            torch.testing.assert_close(gradient[..., j], slope, rtol=1e-6, atol=allowed)


def test_the_ratio_is_the_joint_over_the_base():
    networks = tiny_networks()
    X = torch.from_numpy(suitable("bernoulli", 4))
    path = AnnealingPath.between(networks, X, "encoder")
    point = path.start(5, noise_for(networks, 4))
    with torch.no_grad():
        loc, scale = networks.encode(X)
        base = torch.distributions.Normal(loc[:, None], scale[:, None]).log_prob(point.z).sum(-1)
        prior = torch.distributions.Normal(0.0, 1.0).log_prob(point.z).sum(-1)
        joint = networks.log_likelihood(X[:, None], point.z) + prior
    torch.testing.assert_close(path.log_ratio(point), joint - base, rtol=1e-12, atol=1e-12)


def test_steps_are_tuned_to_the_acceptance():
    """Posteriors of very different widths, so that one step for all could not be right."""
    networks = linear_networks(MODEL)
    with torch.no_grad():
        networks.decoder.log_scale.fill_(-2.0)
    X = torch.from_numpy(drawn(MODEL, 6))
    plan = Annealing(n_temperatures=80, n_leapfrog=8)
    path, noise = AnnealingPath.between(networks, X, "prior"), noise_for(networks, 6)
    steps = tuned_steps(path, plan, noise)
    assert steps.shape == (79, 6)
    assert (steps[-1] < steps[0] / 5).all()
    point, rates = path.start(64, noise), []
    for beta, step in zip(plan.inverse_temperatures[1:-1], steps, strict=True):
        point, probability = transition(path.at(beta), point, step, 8, noise)
        rates.append(probability.mean().item())
    # Four pilot chains leave each log step a standard deviation near 0.1: 0.07 of acceptance.
    assert 0.55 < np.mean(rates) < 0.75


def test_a_path_that_leaves_the_numbers_is_rejected():
    networks, X = linear_networks(MODEL), torch.from_numpy(drawn(MODEL, 1))
    path, noise = AnnealingPath.between(networks, X, "prior"), noise_for(networks, 1)
    point = path.start(4, noise)
    huge = torch.full((1,), 1e200, dtype=torch.float64)
    moved, probability = transition(path.at(1.0), point, huge, 5, noise)
    assert torch.equal(moved.z, point.z)
    assert torch.equal(moved.log_likelihood, point.log_likelihood)
    assert (probability == 0).all()


def test_the_noise_of_a_datum_is_its_own():
    networks = tiny_networks()
    whole, parts = noise_for(networks, 5), noise_for(networks, 5).split(2)
    assert [len(part.streams) for part in parts] == [2, 2, 1]
    for _ in range(2):
        together = torch.cat([part.normal(3, 2) for part in parts])
        assert torch.equal(whole.normal(3, 2), together)
        assert torch.equal(whole.uniform(3), torch.cat([part.uniform(3) for part in parts]))
    assert len(together.unique()) == together.numel()
