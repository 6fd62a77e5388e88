"""One definition of the mixture in every use that Pyro has for a model."""

import numpy as np
import pyro
import pytest
import torch
from pyro import poutine
from pyro.infer import ELBO, MCMC, NUTS, SVI, Predictive, Trace_ELBO, TraceEnum_ELBO, infer_discrete
from pyro.infer.autoguide import AutoDelta, AutoNormal, init_to_value
from pyro.optim import Adam
from scipy.stats import lognorm, multivariate_normal
from torch import Tensor

from suite.errors import InputError
from suite.gmm import (
    FeatureCoordinates,
    GaussianMixtureModel,
    MixtureParameters,
    MixturePrior,
    NormalGuide,
    SVIGaussianMixture,
)
from suite.gmm.evidence import evidence_lower_bound
from tests.gmm.mixtures import TYPES, random_mixture, rows_from


@pytest.fixture(autouse=True)
def _alone():
    with pyro.get_param_store().scope(), torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def _bayesian(
    kind: str = "full", n_components: int = 3, n_rows: int = 30
) -> tuple[GaussianMixtureModel, Tensor, MixtureParameters]:
    start = random_mixture(1, n_components, 2, kind)
    X = rows_from(start, n_rows)
    prior = MixturePrior.for_data(X, n_components)
    mixture = GaussianMixtureModel(
        n_components, 2, covariance_type=kind, initial=start, prior=prior
    )
    return mixture, torch.from_numpy(X), start


def _elbo(form: str) -> ELBO:
    """The one that suits: only `model` has a z to enumerate."""
    elbo: ELBO = {"model": TraceEnum_ELBO, "marginal": Trace_ELBO}[form](max_plate_nesting=1)
    return elbo


# Joint densities


@pytest.mark.parametrize("kind", TYPES)
def test_both_forms_have_the_same_joint_density(kind: str) -> None:
    mixture, x, start = _bayesian(kind)
    expected = start.log_prob(x.numpy()).sum() + mixture.prior.log_density(start)
    given = poutine.condition(mixture.marginal, mixture.start_sites())
    trace = poutine.trace(given).get_trace(x)
    assert trace.log_prob_sum().item() == pytest.approx(expected, rel=1e-12)
    enumerated = poutine.condition(mixture.model, mixture.start_sites())
    loss = TraceEnum_ELBO(max_plate_nesting=1).loss(enumerated, lambda *_: None, x)
    assert -loss == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kind", TYPES)
def test_both_forms_take_many_draws_side_by_side(kind: str) -> None:
    mixture, x, start = _bayesian(kind)
    guide = NormalGuide(FeatureCoordinates(start), n_rows=30, n_particles=4, random_state=0)
    options = {"num_particles": 4, "max_plate_nesting": 1, "vectorize_particles": True}
    summed_out = Trace_ELBO(**options).loss(mixture.marginal, guide, x)
    enumerated = TraceEnum_ELBO(**options).loss(mixture.model, guide, x)
    assert enumerated == pytest.approx(summed_out, rel=1e-12)


def test_a_draw_of_the_sites_is_a_mixture() -> None:
    mixture, _, start = _bayesian("tied")
    got = mixture.to_parameters(mixture.start_sites())
    np.testing.assert_allclose(got.covariances, start.covariances, rtol=1e-12)
    np.testing.assert_allclose(got.weights, start.weights, rtol=1e-12)


# Weights and minibatches


@pytest.mark.parametrize("form", ["model", "marginal"])
@pytest.mark.parametrize("with_prior", [False, True])
def test_weights_count_rows(form: str, with_prior: bool) -> None:
    mixture, x, start = _bayesian()
    if not with_prior:
        mixture = GaussianMixtureModel(3, 2, initial=start)
    given = poutine.condition(getattr(mixture, form), mixture.start_sites())
    times = torch.arange(len(x)) % 4
    weighted = Trace_ELBO().loss(given, mixture.guide, x, sample_weight=times.double())
    repeated = _elbo(form).loss(given, mixture.guide, x.repeat_interleave(times, dim=0))
    assert weighted == pytest.approx(repeated, rel=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("form", ["model", "marginal"])
def test_batches_that_share_out_the_rows_average_to_the_whole(form: str, weighted: bool) -> None:
    mixture, x, _ = _bayesian(n_rows=30)
    given = poutine.condition(getattr(mixture, form), mixture.start_sites())
    weights = torch.rand(30, dtype=x.dtype) if weighted else None
    elbo = Trace_ELBO() if weighted else _elbo(form)
    whole = elbo.loss(given, mixture.guide, x, sample_weight=weights)
    parts = [
        elbo.loss(given, mixture.guide, x, sample_weight=weights, subsample=rows)
        for rows in torch.randperm(30).split(6)
    ]
    assert np.mean(parts) == pytest.approx(whole, rel=1e-12)
    assert np.std(parts) > 0.1


def test_plate_draws_the_batch_where_it_is_asked_to() -> None:
    mixture, x, _ = _bayesian(n_rows=30)
    trace = poutine.trace(mixture.marginal).get_trace(x, batch_size=5)
    site = trace.nodes["x"]
    assert site["value"].shape == (5, 2)
    assert site["scale"] == 6.0
    assert all((row == x).all(1).any() for row in site["value"])


def test_an_amortised_guide_takes_batches_and_refuses_weights() -> None:
    start = random_mixture(1, 3, 2, "full")
    mixture = GaussianMixtureModel(3, 2, initial=start, guide_hidden_dims=(4,), random_state=0)
    x = torch.from_numpy(rows_from(start, 30))
    elbo = TraceEnum_ELBO(max_plate_nesting=1)
    whole = elbo.loss(mixture.model, mixture.guide, x)
    parts = [
        elbo.loss(mixture.model, mixture.guide, x, subsample=rows)
        for rows in torch.arange(30).split(10)
    ]
    assert np.mean(parts) == pytest.approx(whole, rel=1e-12)
    with pytest.raises(InputError, match="takes no sample_weight"):
        mixture.guide(x, sample_weight=torch.ones(30))


# Maximum a posteriori and variational Bayes, by Pyro's own guides


def test_autodelta_stays_where_the_estimator_found_the_maximum() -> None:
    start = random_mixture(1, 2, 2, "full")
    X = rows_from(start, 60)
    fitted = SVIGaussianMixture(2, inference="map", initial=start, tol=1e-12, max_iter=4000).fit(X)
    end = MixtureParameters.from_estimator(fitted)
    mixture = GaussianMixtureModel(2, 2, initial=end, prior=fitted.prior_)
    x = torch.from_numpy(X)
    guide = AutoDelta(mixture.marginal, init_loc_fn=init_to_value(values=mixture.start_sites()))
    loss = Trace_ELBO().differentiable_loss(mixture.marginal, guide, x)
    reached = end.log_prob(X).sum() + fitted.prior_.log_density(end)
    assert -loss.item() == pytest.approx(reached, rel=1e-10)
    gradient = torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(guide.parameters()))])
    # The rule left a change below 1e-12 nats per datum; the curvature is of order N. A gradient g
    # would still gain g² / 2N: below N · 1e-8 for |g| < 1e-3 · N.
    assert gradient.abs().max() < 1e-3 * len(X)
    pyro.clear_param_store()
    elsewhere = GaussianMixtureModel(2, 2, initial=start, prior=fitted.prior_)
    guide = AutoDelta(elsewhere.marginal, init_loc_fn=init_to_value(values=elsewhere.start_sites()))
    assert Trace_ELBO().loss(elsewhere.marginal, guide, x) > loss.item() + 1.0


@pytest.mark.parametrize("form", ["model", "marginal"])
def test_autonormal_climbs_towards_the_evidence(form: str) -> None:
    mixture, x, _ = _bayesian("diag", 2)
    model = getattr(mixture, form)
    guide = AutoNormal(
        poutine.block(model, hide=["z"]),
        init_loc_fn=init_to_value(values=mixture.start_sites()),
        init_scale=0.1,
    )
    svi = SVI(model, guide, Adam({"lr": 0.02}), _elbo(form))
    losses = [svi.step(x) for _ in range(120)]
    assert np.mean(losses[-20:]) < np.mean(losses[:20]) - 1.0
    drawn = mixture.to_parameters(guide.median())
    assert drawn.covariance_type == "diag"


# One component: the evidence is known


SIGMA = 0.7
ONE = MixturePrior(
    mean_loc=[0.5, -1.0],
    mean_scale=[2.0, 0.3],
    log_scale_loc=[np.log(SIGMA)] * 2,
    log_scale_scale=1e-7,
)


def _one_component() -> tuple[np.ndarray, float, np.ndarray, np.ndarray]:
    """Rows, log p(X) for known σ, and the exact posterior's mean and standard deviation."""
    X = np.random.default_rng(0).normal([1.0, -0.5], SIGMA, size=(20, 2))
    n, s2 = len(X), ONE.mean_scale**2
    evidence = sum(
        multivariate_normal(np.full(n, m), SIGMA**2 * np.eye(n) + v).logpdf(column)
        for m, v, column in zip(ONE.mean_loc, s2, X.T, strict=True)
    )
    precision = 1 / s2 + n / SIGMA**2
    mean = (ONE.mean_loc / s2 + X.sum(0) / SIGMA**2) / precision
    return X, float(evidence), mean, precision**-0.5


def test_elbo_of_the_exact_posterior_is_the_evidence_for_every_draw() -> None:
    X, evidence, mean, deviation = _one_component()
    mixture = GaussianMixtureModel(1, 2, covariance_type="spherical", prior=ONE)
    known = poutine.condition(
        mixture.marginal, {"scales": torch.tensor([SIGMA], dtype=torch.float64)}
    )
    guide = AutoNormal(poutine.block(known, expose=["locs"]))
    guide(torch.from_numpy(X))
    guide.locs.locs = torch.tensor(mean[None])
    guide.scales.locs = torch.tensor(deviation[None])
    log_scale = lognorm(1e-7, scale=SIGMA).logpdf(SIGMA)  # the density at the known σ
    for _ in range(5):
        elbo = -Trace_ELBO().loss(known, guide, torch.from_numpy(X)) - log_scale
        assert elbo == pytest.approx(evidence, rel=1e-12)


def test_normal_guide_holds_the_posterior_of_known_scales() -> None:
    X, evidence, mean, deviation = _one_component()
    start = MixtureParameters([1.0], [mean], [SIGMA**2], "spherical")
    guide = NormalGuide(FeatureCoordinates(start))
    with torch.no_grad():  # u = (a, b) in units of σ: b is the prior's log σ, hardly spread
        guide.log_scale.copy_(torch.tensor([*np.log(deviation / SIGMA), np.log(1e-7)]))
    bound = evidence_lower_bound(guide, ONE, torch.from_numpy(X), n_draws=50, random_state=0)
    # log σ varies by 1e-7, and log p(X | σ) by N D ≤ 40 times that, times a residual below 5.
    assert len(X) * bound.mean == pytest.approx(evidence, abs=2e-5)
    with torch.no_grad():
        guide.log_scale[0] += 0.5
    worse = evidence_lower_bound(guide, ONE, torch.from_numpy(X), n_draws=2000, random_state=0)
    # KL(N(0, s e^½) ‖ N(0, s)) = (e − 1) / 2 − ½
    gap = len(X) * (bound.mean - worse.mean)
    assert gap == pytest.approx((np.e - 2) / 2, abs=5 * len(X) * worse.standard_error)


def test_nuts_draws_the_exact_posterior() -> None:
    X, _, mean, deviation = _one_component()
    mixture = GaussianMixtureModel(1, 2, covariance_type="spherical", prior=ONE)
    known = poutine.condition(
        mixture.marginal, {"scales": torch.tensor([SIGMA], dtype=torch.float64)}
    )
    kernel = NUTS(known, jit_compile=False)
    mcmc = MCMC(kernel, num_samples=150, warmup_steps=60, disable_progbar=True)
    mcmc.run(torch.from_numpy(X))
    draws = mcmc.get_samples()["locs"][:, 0].numpy()
    effective = mcmc.diagnostics()["locs"]["n_eff"].flatten().numpy().clip(max=150)
    assert (np.abs(draws.mean(0) - mean) < 5 * deviation / np.sqrt(effective)).all()
    # A Normal's standard deviation is known to 1 / √(2n) of itself.
    assert (np.abs(draws.std(0) / deviation - 1) < 5 / np.sqrt(2 * effective)).all()


def test_nuts_runs_over_every_site() -> None:
    mixture, x, start = _bayesian("tied", 2)
    kernel = NUTS(mixture.marginal, init_strategy=init_to_value(values=mixture.start_sites()))
    mcmc = MCMC(kernel, num_samples=10, warmup_steps=10, disable_progbar=True)
    mcmc.run(x)
    draws = mcmc.get_samples()
    one = mixture.to_parameters({name: values[-1] for name, values in draws.items()})
    assert one.log_prob(x.numpy()).mean() > start.log_prob(x.numpy()).mean() - 1.0
    assert np.abs(one.means - start.means).max() > 1e-6


# Predictive and infer_discrete


@pytest.mark.parametrize("form", ["model", "marginal"])
@pytest.mark.parametrize("kind", TYPES)
def test_posterior_predictive_has_the_moments_of_its_draws(kind: str, form: str) -> None:
    mixture, _, start = _bayesian(kind)
    draws = {name: value.unsqueeze(0) for name, value in mixture.start_sites().items()}
    x = Predictive(getattr(mixture, form), draws, return_sites=["x"])(None, 20_000)["x"][0]
    mean = start.weights @ start.means
    spread = start.means - mean
    covariance = np.einsum("k,kij->ij", start.weights, start.full_covariances())
    covariance = covariance + (start.weights[:, None] * spread).T @ spread
    error = np.sqrt(np.diag(covariance) / len(x))
    assert (np.abs(x.numpy().mean(0) - mean) < 5 * error).all()  # 5σ: one in 10⁶ by chance
    moments = (x.numpy() - mean)[:, :, None] * (x.numpy() - mean)[:, None, :]
    error = moments.std(0) / np.sqrt(len(x))
    assert (np.abs(moments.mean(0) - covariance) < 5 * error).all()


def test_prior_predictive_lies_where_the_prior_says() -> None:
    mixture, _, _ = _bayesian("full")
    prior = mixture.prior
    drawn = Predictive(mixture.marginal, num_samples=300)(None, 1)
    assert drawn["correlations"].shape == (300, 1, 3, 2, 2)
    one = mixture.to_parameters({name: values[0] for name, values in drawn.items() if name != "x"})
    assert one.means.shape == (3, 2)
    x = drawn["x"][:, 0].numpy()
    # Var x = Var μ + E σ², and E σ² = exp(2 m + 2) for log σ ~ N(m, 1).
    variance = prior.mean_scale**2 + np.exp(2 * prior.log_scale_loc + 2)
    assert (np.abs(x.mean(0) - prior.mean_loc) < 5 * np.sqrt(variance / 300)).all()
    log_scales = drawn["scales"].log().flatten(0, 2).numpy()
    assert (np.abs(log_scales.mean(0) - prior.log_scale_loc) < 5 / np.sqrt(900)).all()


def test_many_draws_predict_side_by_side() -> None:
    mixture, _, start = _bayesian("full")
    far = [{**mixture.start_sites(), "locs": torch.tensor(start.means) + 1e3 * i} for i in range(3)]
    draws = {name: torch.stack([one[name] for one in far]).unsqueeze(1) for name in far[0]}
    x = Predictive(mixture.marginal, draws, parallel=True, return_sites=["x"])(None, 40)["x"]
    assert x.shape == (3, 40, 2)
    assert (x.mean((1, 2)) / 1e3).round().tolist() == [0.0, 1.0, 2.0]


def test_infer_discrete_assigns_rows_under_a_draw_of_the_parameters() -> None:
    mixture, x, start = _bayesian("tied_diag", n_rows=400)
    given = poutine.condition(mixture.model, mixture.start_sites())
    best = infer_discrete(given, first_available_dim=-2, temperature=0)
    z = poutine.trace(best).get_trace(x).nodes["z"]["value"]
    posterior = start.responsibilities(x.numpy())
    np.testing.assert_array_equal(z.numpy(), posterior.argmax(1))
    drawn = infer_discrete(given, first_available_dim=-2, temperature=1)
    z = poutine.trace(drawn).get_trace(x).nodes["z"]["value"]
    counts = np.bincount(z.numpy(), minlength=3)
    error = np.sqrt((posterior * (1 - posterior)).sum(0))
    assert (np.abs(counts - posterior.sum(0)) < 5 * error + 1e-9).all()
