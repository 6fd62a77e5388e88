"""Guides over a mixture's parameters: their coordinates, volumes and densities."""

import numpy as np
import pyro
import pytest
import torch
from pyro import poutine
from torch import Tensor

from suite.errors import InputError
from suite.gmm import (
    COVARIANCE_TYPES,
    ComponentCoordinates,
    FeatureCoordinates,
    GaussianMixtureModel,
    MixtureParameters,
    MixturePrior,
    NormalGuide,
    PointGuide,
)
from suite.gmm.evidence import evidence_lower_bound
from suite.gmm.start_coordinates import MixtureCoordinates
from tests.gmm.mixtures import TYPES, random_mixture, rows_from

BOTH = (ComponentCoordinates, FeatureCoordinates)
SIZES = [(1, 1), (1, 3), (3, 1), (2, 3), (3, 2)]


@pytest.fixture(autouse=True)
def _own_store():
    with pyro.get_param_store().scope():
        yield


def _somewhere(coordinates: MixtureCoordinates, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 0.4 * torch.randn(coordinates.size, generator=generator, dtype=torch.float64)


def _own_coordinates(values: dict[str, Tensor]) -> Tensor:
    """The sites' values as the vector over which their densities are taken."""
    parts = []
    for name, value in values.items():
        if name == "weights":
            parts.append(value[:-1])
        elif name == "correlations":
            below = torch.tril_indices(value.shape[-1], value.shape[-1], offset=-1)
            parts.append(value[..., below[0], below[1]].flatten())
        else:
            parts.append(value.flatten())
    return torch.cat(parts)


@pytest.mark.parametrize("Coordinates", BOTH)
@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(("n_components", "n_features"), SIZES)
def test_volume_is_the_determinant_by_automatic_differentiation(
    Coordinates: type[MixtureCoordinates], kind: str, n_components: int, n_features: int
) -> None:
    coordinates = Coordinates(random_mixture(1, n_components, n_features, kind))
    u = _somewhere(coordinates)
    jacobian = torch.autograd.functional.jacobian(
        lambda v: _own_coordinates(coordinates.sites(v)[0]), u
    )
    assert jacobian.shape == (coordinates.size, coordinates.size)
    _, log_volume = coordinates.sites(u)
    torch.testing.assert_close(log_volume, torch.linalg.slogdet(jacobian)[1], rtol=1e-10, atol=0)


@pytest.mark.parametrize("Coordinates", BOTH)
@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(("n_components", "n_features"), SIZES)
def test_zero_is_the_start_and_size_is_the_number_of_parameters(
    Coordinates: type[MixtureCoordinates], kind: str, n_components: int, n_features: int
) -> None:
    start = random_mixture(2, n_components, n_features, kind)
    coordinates = Coordinates(start)
    assert coordinates.size == start.n_parameters
    got = coordinates.parameters_at(torch.zeros(coordinates.size, dtype=torch.float64))
    np.testing.assert_allclose(got.weights, start.weights, rtol=1e-12)
    np.testing.assert_allclose(got.means, start.means, rtol=1e-12)
    np.testing.assert_allclose(got.covariances, start.covariances, rtol=1e-12)


@pytest.mark.parametrize("Coordinates", BOTH)
@pytest.mark.parametrize("kind", TYPES)
def test_many_draws_at_once_are_each_alone(
    Coordinates: type[MixtureCoordinates], kind: str
) -> None:
    coordinates = Coordinates(random_mixture(1, 3, 2, kind))
    draws = torch.stack([_somewhere(coordinates, seed) for seed in range(4)]).unsqueeze(1)
    values, volumes = coordinates.sites(draws)
    assert volumes.shape == (4, 1)
    for i in range(4):
        alone, volume = coordinates.sites(draws[i, 0])
        torch.testing.assert_close(volumes[i, 0], volume, rtol=1e-12, atol=0)
        for name, value in alone.items():
            torch.testing.assert_close(values[name][i, 0], value, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("Coordinates", BOTH)
@pytest.mark.parametrize("kind", TYPES)
def test_guide_draws_what_it_scores(Coordinates: type[MixtureCoordinates], kind: str) -> None:
    coordinates = Coordinates(random_mixture(1, 3, 2, kind))
    guide = NormalGuide(coordinates, n_rows=20)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        trace = poutine.trace(guide).get_trace()
    u = trace.nodes["normal_guide.free"]["value"]
    log_q_of_u = torch.distributions.Normal(guide.loc, guide.log_scale.exp()).log_prob(u).sum()
    _, log_volume = coordinates.sites(u)
    torch.testing.assert_close(trace.log_prob_sum(), log_q_of_u - log_volume)
    model = GaussianMixtureModel(
        3,
        2,
        covariance_type=kind,
        prior=MixturePrior.for_data(rows_from(random_mixture(0, 3, 2, kind), 30), 3),
    )
    latent = {
        name
        for name, site in poutine.trace(model.marginal).get_trace().nodes.items()
        if site["type"] == "sample" and name not in ("x", "data")
    }
    assert latent == set(trace.nodes) - {
        "_INPUT",
        "_RETURN",
        "normal_guide.free",
        "normal_guide.loc",
        "normal_guide.log_scale",
    }


@pytest.mark.parametrize(
    ("kind", "n_features"),
    [("diag", 2), ("spherical", 2), ("tied_diag", 3), ("tied_spherical", 1), ("full", 1)],
)
def test_feature_coordinates_hold_the_prior(kind: str, n_features: int) -> None:
    loc = np.linspace(-1, 1, n_features) + 0.5
    prior = MixturePrior(
        mean_loc=loc, mean_scale=np.exp(loc), log_scale_loc=-loc, log_scale_scale=0.6
    )
    table = COVARIANCE_TYPES[kind]
    median = np.exp(-2 * (loc.mean() if "spherical" in kind else loc))
    start = MixtureParameters([1.0], [loc], np.resize(median, table.shape(1, n_features)), kind)
    guide = NormalGuide(FeatureCoordinates(start))
    sigma = np.sqrt(start.full_covariances()[0].diagonal())
    with torch.no_grad():
        guide.log_scale.fill_(np.log(0.6))
        guide.log_scale[:n_features] = torch.tensor(np.log(prior.mean_scale / sigma))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        trace = poutine.trace(guide).get_trace()
    sites = prior.sites(table, 1, like=guide.loc)
    log_prior = sum(site.log_prob(trace.nodes[name]["value"]) for name, site in sites.items())
    torch.testing.assert_close(trace.log_prob_sum(), log_prior, rtol=1e-12, atol=1e-12)


def test_kept_draws_are_matched_to_the_normal() -> None:
    guide = NormalGuide(FeatureCoordinates(random_mixture(0, 2, 2, "full")), n_particles=6)
    assert guide.noise is not None
    assert guide.noise.shape == (6, 1, guide.coordinates.size)
    torch.testing.assert_close(guide.noise.mean(0), torch.zeros_like(guide.noise[0]))
    torch.testing.assert_close(guide.noise.square().mean(0), torch.ones_like(guide.noise[0]))
    with pytest.raises(InputError, match="even number"):
        NormalGuide(guide.coordinates, n_particles=3)


@pytest.mark.parametrize("Coordinates", BOTH)
@pytest.mark.parametrize("kind", TYPES)
def test_the_losses_are_log_posterior_and_evidence_bound(
    Coordinates: type[MixtureCoordinates], kind: str
) -> None:
    start = random_mixture(1, 3, 2, kind)
    X = rows_from(start, 25)
    x, prior = torch.from_numpy(X), MixturePrior.for_data(X, 3)
    model = GaussianMixtureModel(3, 2, covariance_type=kind, initial=start, prior=prior)
    coordinates = Coordinates(start)
    point = PointGuide(coordinates)
    with torch.no_grad():
        point.point.copy_(_somewhere(coordinates))
    parameters = point.to_parameters()
    loss = pyro.infer.Trace_ELBO().differentiable_loss(model.marginal, point, x)
    log_posterior = parameters.log_prob(X).sum() + prior.log_density(parameters)
    assert -loss.item() == pytest.approx(log_posterior, rel=1e-12)

    guide = NormalGuide(coordinates, n_rows=25, n_particles=4, random_state=0)
    assert guide.noise is not None
    elbo = pyro.infer.Trace_ELBO(
        num_particles=4, vectorize_particles=True, max_plate_nesting=1
    ).differentiable_loss(model.marginal, guide, x)
    terms = []
    for noise in guide.noise[:, 0]:
        u = guide.loc + guide.log_scale.exp() * noise
        drawn = coordinates.parameters_at(u)
        log_q = guide.density().log_prob(u) - coordinates.sites(u)[1]
        log_joint = drawn.log_prob(X).sum() + prior.log_density(drawn)
        terms.append(log_joint - log_q.item())
    assert -elbo.item() == pytest.approx(np.mean(terms), rel=1e-12)


@pytest.mark.parametrize("kind", ["full", "tied_diag"])
def test_evidence_bound_is_its_mean_over_draws(kind: str) -> None:
    start = random_mixture(1, 2, 2, kind)
    X = rows_from(start, 25)
    prior, guide = MixturePrior.for_data(X, 2), NormalGuide(FeatureCoordinates(start), n_rows=25)
    x = torch.from_numpy(X)
    bound = evidence_lower_bound(guide, prior, x, n_draws=2000, random_state=0)
    again = evidence_lower_bound(guide, prior, x, n_draws=2000, random_state=1)
    error = np.hypot(bound.standard_error, again.standard_error)
    assert abs(bound.mean - again.mean) < 5 * error  # 5σ: one in 10⁶ by chance
    twice = evidence_lower_bound(
        guide, prior, x, torch.full((25,), 2.0, dtype=x.dtype), n_draws=50, random_state=0
    )
    doubled = evidence_lower_bound(guide, prior, x.repeat(2, 1), n_draws=50, random_state=0)
    assert twice.mean == pytest.approx(doubled.mean, rel=1e-12)
