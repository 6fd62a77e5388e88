"""The prior: its density by scipy, its units, and what it refuses."""

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from suite.errors import InputError
from suite.gmm import COVARIANCE_TYPES, MixtureParameters, MixturePrior
from suite.gmm.prior import mixture_of_sites, site_values
from tests.gmm.mixtures import TYPES, random_mixture, rows_from

PRIOR = MixturePrior(
    mean_loc=[0.5, -1.0],
    mean_scale=[2.0, 3.0],
    log_scale_loc=[0.1, -0.4],
    log_scale_scale=0.7,
    concentration=1.5,
    correlations=2.5,
)


def _log_lkj_2(correlation: np.ndarray, eta: float) -> np.ndarray:
    """LKJ for two features: ρ has density ∝ (1 − ρ²)^(η − 1), so (1 + ρ)/2 ~ Beta(η, η)."""
    return stats.beta(eta, eta).logpdf((1 + correlation) / 2) - np.log(2)


def _by_scipy(mixture: MixtureParameters) -> float:
    prior, kind = PRIOR, mixture.covariance_type
    n_components = mixture.n_components
    total = stats.norm(prior.mean_loc, prior.mean_scale).logpdf(mixture.means).sum()
    total += stats.dirichlet(np.full(n_components, prior.concentration)).logpdf(mixture.weights)
    loc = prior.log_scale_loc.mean() if "spherical" in kind else prior.log_scale_loc
    covariances = mixture.covariances
    if COVARIANCE_TYPES[kind].has_matrices:
        scales = np.sqrt(covariances.diagonal(axis1=-2, axis2=-1))
        correlation = covariances[..., 0, 1] / scales.prod(-1)
        total += _log_lkj_2(correlation, prior.correlations).sum()
    else:
        scales = np.sqrt(covariances)
    log_normal = stats.norm(loc, prior.log_scale_scale).logpdf(np.log(scales)) - np.log(scales)
    return float(total + log_normal.sum())


@pytest.mark.parametrize("kind", TYPES)
def test_density_is_that_of_scipy(kind: str) -> None:
    mixture = random_mixture(0, 3, 2, kind)
    assert PRIOR.log_density(mixture) == pytest.approx(_by_scipy(mixture), rel=1e-12)


def test_one_component_has_no_weights_and_one_feature_no_correlations() -> None:
    prior = MixturePrior(mean_loc=[0.0], mean_scale=[1.0], log_scale_loc=[0.0])
    total, _ = integrate.dblquad(
        lambda log_sigma, mean: np.exp(
            prior.log_density(
                MixtureParameters([1.0], [[mean]], [[[np.exp(2 * log_sigma)]]], "full")
            )
            + log_sigma
        ),
        -6,
        6,
        -6,
        6,
        epsabs=1e-5,
    )
    assert total == pytest.approx(1.0, abs=1e-4)  # the quadrature's own tolerance, ten times


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(("n_components", "n_features"), [(1, 1), (1, 2), (3, 1), (3, 2)])
def test_sites_and_mixture_are_each_others_inverse(
    kind: str, n_components: int, n_features: int
) -> None:
    mixture = random_mixture(0, n_components, n_features, kind)
    table = COVARIANCE_TYPES[kind]
    scales = table.scales(torch.tensor(mixture.covariances))
    values = site_values(table, torch.tensor(mixture.weights), torch.tensor(mixture.means), scales)
    prior = MixturePrior.for_data(rows_from(mixture, 10), n_components)
    sites = prior.sites(table, n_components, like=scales)
    assert values.keys() == sites.keys()
    for name, site in sites.items():
        assert site.event_shape == values[name].shape, name
        assert site.support.check(values[name]).all(), name
    log_weights, locs, again = mixture_of_sites(table, values)
    np.testing.assert_allclose(log_weights.exp(), mixture.weights, rtol=1e-14)
    np.testing.assert_array_equal(locs, mixture.means)
    torch.testing.assert_close(again, scales, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("kind", ["full", "tied", "diag", "tied_diag"])
def test_default_goes_with_the_units_of_the_data(kind: str) -> None:
    mixture = random_mixture(0, 3, 2, kind)
    X, units = rows_from(mixture, 50), np.array([1000.0, 0.01])
    factor = np.outer(units, units) if COVARIANCE_TYPES[kind].has_matrices else units**2
    scaled = MixtureParameters(
        mixture.weights, mixture.means * units, mixture.covariances * factor, kind
    )
    here, there = MixturePrior.for_data(X, 3), MixturePrior.for_data(X * units, 3)
    # The density of each mean and of each scale is divided by its unit.
    n_scales = {"full": 3, "tied": 1, "diag": 3, "tied_diag": 1}[kind]
    jacobian = (3 + n_scales) * np.log(units).sum()
    got = there.log_density(scaled)
    assert got == pytest.approx(here.log_density(mixture) - jacobian, rel=1e-10)


def test_default_takes_weights_for_repeated_rows() -> None:
    X = rows_from(random_mixture(0, 2, 3, "full"), 12)
    times = np.arange(12) % 3
    weighted = MixturePrior.for_data(X, 2, sample_weight=times)
    repeated = MixturePrior.for_data(np.repeat(X, times, axis=0), 2)
    for name in ("mean_loc", "mean_scale", "log_scale_loc"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), rtol=1e-12)


def test_lkj_density_is_normalised_in_three_dimensions() -> None:
    # Over 3 × 3 correlation matrices ∫ det(R)^(η − 1) dR is known (Joe, 2006); at η = 1 the density
    # over R is 1 / (π²/2), and the volume from Ω's entries to R's is Ω_22.
    prior = MixturePrior(
        mean_loc=np.zeros(3), mean_scale=np.ones(3), log_scale_loc=np.zeros(3), correlations=1.0
    )
    mixture = random_mixture(3, 1, 3, "full")
    covariance = mixture.covariances[0]
    scales = np.sqrt(np.diag(covariance))
    omega = np.linalg.cholesky(covariance / np.outer(scales, scales))
    rest = stats.norm().logpdf(mixture.means).sum()
    rest += (stats.norm().logpdf(np.log(scales)) - np.log(scales)).sum()
    log_lkj = prior.log_density(mixture) - rest
    assert log_lkj == pytest.approx(np.log(omega[1, 1]) - np.log(np.pi**2 / 2), rel=1e-10)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"concentration": 0.5}, "no maximum a posteriori"),
        ({"concentration": np.nan}, "concentration must be at least 1"),
        ({"correlations": 0.9}, "correlations must be at least 1"),
        ({"mean_scale": [1.0, 0.0]}, "must be positive"),
        ({"log_scale_scale": -1.0}, "must be positive"),
        ({"mean_loc": [np.inf, 0.0]}, "finite"),
        ({"mean_loc": [0.0]}, r"shape \(D,\)"),
    ],
)
def test_what_is_no_prior_is_refused(changes: dict, message: str) -> None:
    values = {"mean_loc": [0.0, 0.0], "mean_scale": [1.0, 1.0], "log_scale_loc": [0.0, 0.0]}
    with pytest.raises(InputError, match=message):
        MixturePrior(**(values | changes))


def test_rows_that_are_none_are_refused() -> None:
    with pytest.raises(InputError, match="rows of shape"):
        MixturePrior.for_data([1.0, 2.0], 2)
