"""The Pyro model in the hands of others: any algorithm, side by side, exact gradients."""

import copy
import json

import numpy as np
import pyro
import pytest
import torch
from pyro import poutine
from pyro.infer import SVI, Predictive, Trace_ELBO, TraceEnum_ELBO, infer_discrete
from pyro.optim import Adam
from torch import Tensor

from suite.errors import InputError
from suite.gmm import GaussianMixtureModel, MixturePrior
from suite.gmm.assigned_normal import AssignedNormal
from suite.gmm.covariance import COVARIANCE_TYPES
from tests.gmm.mixtures import TYPES, random_mixture, rows_from


@pytest.fixture(autouse=True)
def _own_store():
    with pyro.get_param_store().scope():
        yield


def _model_off_its_start(kind: str, **options: object) -> tuple[GaussianMixtureModel, Tensor]:
    start = random_mixture(0, 3, 2, kind)
    mixture = GaussianMixtureModel(3, 2, covariance_type=kind, initial=start, **options)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in mixture.parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
            parameter.add_(0.2 * noise)
    return mixture, torch.from_numpy(rows_from(start, 30))


def _log_joint(mixture: GaussianMixtureModel, x: Tensor) -> Tensor:
    """log π_k + log N(x | μ_k, Σ_k), shape (N, K), by torch's own distributions."""
    log_weights, means, covariances = mixture.tensors()
    n_features = means.shape[1]
    eye = torch.eye(n_features, dtype=x.dtype)
    full = {
        "full": lambda: covariances,
        "tied": lambda: covariances.expand(3, n_features, n_features),
        "diag": lambda: covariances.diag_embed(),
        "spherical": lambda: covariances[:, None, None] * eye,
        "tied_diag": lambda: covariances.diag_embed().expand(3, n_features, n_features),
        "tied_spherical": lambda: (covariances * eye).expand(3, n_features, n_features),
    }[mixture.kind.name]()
    normal = torch.distributions.MultivariateNormal(means, covariance_matrix=full)
    return log_weights + normal.log_prob(x.unsqueeze(1))


def _gradients(objective: Tensor, mixture: GaussianMixtureModel) -> Tensor:
    gradients = torch.autograd.grad(objective, mixture.own_parameters(), retain_graph=True)
    return torch.cat([gradient.flatten() for gradient in gradients])


@pytest.mark.parametrize("form", ["model", "marginal"])
@pytest.mark.parametrize("kind", TYPES)
def test_gradient_is_that_of_the_log_likelihood_and_fishers_identity(kind: str, form: str) -> None:
    mixture, x = _model_off_its_start(kind)
    elbo = TraceEnum_ELBO(max_plate_nesting=1) if form == "model" else Trace_ELBO()
    loss = elbo.differentiable_loss(getattr(mixture, form), mixture.guide, x)
    joint = _log_joint(mixture, x)
    likelihood = joint.logsumexp(1).sum()
    # Fisher: ∇ log p(x) = Σ_k p(k | x) ∇ log p(x, k), with the posterior held fixed.
    fisher = (joint.softmax(1).detach() * joint).sum()
    torch.testing.assert_close(-loss, likelihood, rtol=1e-12, atol=0)
    expected = _gradients(likelihood, mixture)
    scale = float(expected.abs().max())
    for objective in (-loss, fisher):
        torch.testing.assert_close(
            _gradients(objective, mixture), expected, rtol=1e-9, atol=1e-11 * scale
        )
    with mixture.prepared(x):  # what a fit does: the rows' own part is computed once
        again = elbo.differentiable_loss(getattr(mixture, form), mixture.guide, x)
    torch.testing.assert_close(again, loss, rtol=1e-14, atol=0)


def test_second_derivatives_are_exact_too() -> None:
    mixture, x = _model_off_its_start("full")
    loss = Trace_ELBO().differentiable_loss(mixture.marginal, mixture.guide, x)
    likelihood = _log_joint(mixture, x).logsumexp(1).sum()
    direction = [torch.ones_like(parameter) for parameter in mixture.own_parameters()]
    products = []
    for objective in (-loss, likelihood):
        first = torch.autograd.grad(objective, mixture.own_parameters(), create_graph=True)
        along = sum((g * d).sum() for g, d in zip(first, direction, strict=True))
        products.append(torch.autograd.grad(along, mixture.own_parameters()))
    for ours, theirs in zip(*products, strict=True):
        scale = float(theirs.abs().max())
        torch.testing.assert_close(ours, theirs, rtol=1e-8, atol=1e-10 * scale)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("hidden", [(), (4,)])
def test_amortised_bound_is_the_exact_sum_over_the_guide(kind: str, hidden: tuple) -> None:
    mixture, x = _model_off_its_start(kind, guide_hidden_dims=hidden, random_state=0)
    loss = TraceEnum_ELBO(max_plate_nesting=1).differentiable_loss(mixture.model, mixture.guide, x)
    assert mixture.network is not None
    log_q = mixture.network(x).log_softmax(1)
    joint = _log_joint(mixture, x)
    elbo = (log_q.exp() * (joint - log_q)).sum()
    torch.testing.assert_close(-loss, elbo, rtol=1e-12, atol=0)
    gap = (log_q.exp() * (log_q - joint.log_softmax(1))).sum()
    torch.testing.assert_close(joint.logsumexp(1).sum() - elbo, gap, rtol=1e-9, atol=1e-10)
    assert gap > 0
    everything = list(mixture.parameters())
    expected = torch.autograd.grad(elbo, everything, retain_graph=True)
    got = torch.autograd.grad(-loss, everything)
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9 * float(other.abs().max()))


@pytest.mark.parametrize("kind", TYPES)
def test_free_parameters_of_zero_are_the_start(kind: str) -> None:
    start = random_mixture(3, 3, 2, kind)
    got = GaussianMixtureModel(3, 2, covariance_type=kind, initial=start).to_parameters()
    np.testing.assert_allclose(got.weights, start.weights, rtol=1e-14)
    np.testing.assert_array_equal(got.means, start.means)
    np.testing.assert_allclose(got.covariances, start.covariances, rtol=1e-12)


def test_plain_pyro_trains_two_models_side_by_side() -> None:
    x = torch.from_numpy(rows_from(random_mixture(0, 2, 2, "full"), 60))
    first, second = (GaussianMixtureModel(2, 2, random_state=seed) for seed in (0, 1))
    untouched = first.to_parameters().to_dict()
    losses = {}
    for model in (second, first):
        svi = SVI(model.model, model.guide, Adam({"lr": 0.05}), TraceEnum_ELBO())
        losses[model.name] = [svi.step(x) for _ in range(30)]
        if model is second:
            assert json.dumps(first.to_parameters().to_dict()) == json.dumps(untouched)
    for name, values in losses.items():
        assert values[-1] < values[0] - 1.0, name
    assert first.name != second.name
    assert len(pyro.get_param_store()) == 6
    assert first.to_parameters().to_dict() != untouched


def test_infer_discrete_draws_the_exact_posterior() -> None:
    start = random_mixture(0, 3, 2, "full")
    mixture = GaussianMixtureModel(3, 2, initial=start)
    x = torch.from_numpy(rows_from(start, 200))
    most_probable = infer_discrete(mixture.model, first_available_dim=-2, temperature=0)
    z = poutine.trace(most_probable).get_trace(x).nodes["z"]["value"]
    np.testing.assert_array_equal(z.numpy(), start.responsibilities(x.numpy()).argmax(1))


def test_marginals_are_the_responsibilities() -> None:
    start = random_mixture(1, 3, 2, "tied")
    mixture = GaussianMixtureModel(3, 2, covariance_type="tied", initial=start)
    x = torch.from_numpy(rows_from(start, 20))
    elbo = TraceEnum_ELBO(max_plate_nesting=1)
    posterior = elbo.compute_marginals(mixture.model, mixture.guide, x)["z"]
    np.testing.assert_allclose(
        posterior.probs.detach().numpy(), start.responsibilities(x.numpy()), rtol=1e-9, atol=1e-14
    )


@pytest.mark.parametrize("kind", TYPES)
def test_prior_draws_have_the_mixtures_mean_and_covariance(kind: str) -> None:
    start = random_mixture(2, 3, 2, kind)
    mixture = GaussianMixtureModel(3, 2, covariance_type=kind, initial=start)
    n_samples = 20_000
    with torch.random.fork_rng():
        torch.manual_seed(0)
        x = Predictive(mixture.model, num_samples=1)(None, n_samples)["x"][0].detach().numpy()
    mean = start.weights @ start.means
    spread = start.means - mean
    covariance = np.einsum("k,kij->ij", start.weights, start.full_covariances())
    covariance = covariance + (start.weights[:, None] * spread).T @ spread
    standard_error = np.sqrt(np.diag(covariance) / n_samples)
    assert (np.abs(x.mean(0) - mean) < 5 * standard_error).all()  # 5σ: one in 10⁶ by chance
    moments = (x - mean)[:, :, None] * (x - mean)[:, None, :]
    moment_error = moments.std(0) / np.sqrt(n_samples)
    assert (np.abs(moments.mean(0) - covariance) < 5 * moment_error).all()


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(
    ("shape", "enumerated"),
    [((3, 1), True), ((3, 1), False), ((10,), False), ((4, 10), False), ((1, 10), False)],
)
def test_assigned_normal_is_the_indexed_multivariate_normal(
    kind: str, shape: tuple, enumerated: bool
) -> None:
    mixture = random_mixture(4, 3, 2, kind)
    table = COVARIANCE_TYPES[kind]
    covariances = torch.tensor(mixture.covariances)
    locs = torch.tensor(mixture.means)
    generator = torch.Generator().manual_seed(0)
    z = torch.randint(3, shape, generator=generator)
    if enumerated:
        z = torch.arange(3).unsqueeze(1)
    x = torch.from_numpy(rows_from(mixture, 10))
    expected = torch.distributions.MultivariateNormal(
        locs[z], covariance_matrix=torch.tensor(mixture.full_covariances())[z]
    ).log_prob(x)
    got = AssignedNormal(z, locs, table.scales(covariances), table).log_prob(x)
    torch.testing.assert_close(got, expected, rtol=1e-10, atol=1e-12)


def test_model_copies_and_refuses_a_start_that_does_not_fit() -> None:
    mixture = GaussianMixtureModel(2, 2, random_state=0)
    again = copy.deepcopy(mixture)
    np.testing.assert_array_equal(again.to_parameters().means, mixture.to_parameters().means)
    prior = MixturePrior.for_data(rows_from(random_mixture(0, 2, 2, "full"), 9), 2)
    bayesian = GaussianMixtureModel(2, 2, prior=prior, random_state=0)
    x = torch.zeros(3, 2)
    poutine.trace(bayesian.marginal).get_trace(x.double())
    single = copy.deepcopy(bayesian).float()
    assert poutine.trace(single.marginal).get_trace(x).nodes["locs"]["value"].dtype == x.dtype
    with pytest.raises(InputError, match="initial must be a mixture of 3 components"):
        GaussianMixtureModel(3, 2, initial=random_mixture(0, 2, 2, "full"))
    with pytest.raises(InputError, match="covariance_type must be one of"):
        GaussianMixtureModel(2, 2, covariance_type="round")


def test_building_a_model_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    GaussianMixtureModel(2, 3, guide_hidden_dims=(4,), random_state=0)
    assert torch.equal(before, torch.get_rng_state())
