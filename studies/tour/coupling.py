"""Why the likelihood of a mixture has no maximum in closed form, in numbers."""

import math

import numpy as np

from studies.tour.checks import Check, equal
from studies.tour.em_steps import ONE_SPREAD, bad_start
from studies.tour.settings import TourSettings
from studies.tour.store import Measured
from suite.data import load
from suite.gmm import MixtureParameters

_STEP = 1e-4
_SPREADS = (1.0, 1e-2, 1e-4, 1e-8, 1e-80)
_SIDE = 81
_SHIFT = 10.0


def measure_coupling(settings: TourSettings) -> Measured:
    """The stationarity equations, the peaks without end and the landscape with two of them."""
    X = load("faithful", test_size=0.0).train.astype(np.float64)
    theta = bad_start(X)
    spikes = [_spike(X, spread) for spread in _SPREADS]
    arrays = {
        "spike_spreads": np.array(_SPREADS),
        "spike_log_likelihood": np.array(spikes),
        **_landscape(X[:, 1]),
    }
    moved = _weighted_means(X, _with_second_wait(theta, _SHIFT))[0, 1]
    values = {
        "product_digits": math.floor(len(X) * math.log10(theta.n_components)) + 1,
        "shift_given": _SHIFT,
        "shift_felt": float(moved - _weighted_means(X, theta)[0, 1]),
    }
    return Measured(arrays, values, (_gradient_check(X, theta), _swap_check(X, theta)))


def _gradient_check(X: np.ndarray, theta: MixtureParameters) -> Check:
    """∂/∂μ_k of the mean log-likelihood is 1/N Σ_n r_nk Σ_k⁻¹ (x_n − μ_k)."""
    r = theta.responsibilities(X)
    formula, differences = [], []
    for k in range(theta.n_components):
        scores = np.linalg.solve(theta.covariances[k], (X - theta.means[k]).T).T
        formula += list((r[:, k, None] * scores).mean(0))
        for d in range(X.shape[1]):
            up, down = (
                _moved(theta, k, d, sign * _STEP).log_prob(X).mean() for sign in (1.0, -1.0)
            )
            differences.append((up - down) / (2 * _STEP))
    # A central difference is off by h²/6 times a third derivative, which is bounded by the cube of
    # the steepest score over the data, and by the rounding of both values over 2 h.
    steepest = max(
        float(np.abs(np.linalg.solve(c, (X - m).T)).max())
        for c, m in zip(theta.covariances, theta.means, strict=True)
    )
    least = min(float(np.sqrt(np.linalg.eigvalsh(c)[0])) for c in theta.covariances)
    third = (steepest + 1 / least) ** 3
    error = _STEP**2 / 6 * third + len(X) * np.finfo(np.float64).eps * 10 / _STEP
    return equal(
        "stationarity",
        np.array(formula),
        np.array(differences),
        terms=len(X),
        more=float(error),
        because="the error of a central difference",
        data=f"{len(X)} eruptions, all {len(formula)} coordinates of the means",
        unit="nats per datum and minute",
    )


def _swap_check(X: np.ndarray, theta: MixtureParameters) -> Check:
    return equal(
        "swap",
        theta.log_prob(X),
        theta.permuted([1, 0]).log_prob(X),
        terms=10,
        data=f"{len(X)} eruptions",
    )


def _moved(theta: MixtureParameters, k: int, d: int, by: float) -> MixtureParameters:
    means = np.array(theta.means)
    means[k, d] += by
    return MixtureParameters(theta.weights, means, theta.covariances, theta.covariance_type)


def _with_second_wait(theta: MixtureParameters, by: float) -> MixtureParameters:
    return _moved(theta, 1, 1, by)


def _weighted_means(X: np.ndarray, theta: MixtureParameters) -> np.ndarray:
    """Σ_n r_nk x_n / Σ_n r_nk, (K, D): what the stationarity equations say of the means."""
    r = theta.responsibilities(X)
    means: np.ndarray = (r.T @ X) / r.sum(0)[:, None]
    return means


def _spike(X: np.ndarray, spread: float) -> float:
    """The mean log-likelihood with one component on the first datum, this wide (minutes)."""
    covariances = np.stack([np.eye(2) * spread**2, np.cov(X.T)])
    theta = MixtureParameters(np.full(2, 0.5), np.stack([X[0], X.mean(0)]), covariances, "full")
    return float(theta.log_prob(X).mean())


def _landscape(waits: np.ndarray) -> dict[str, np.ndarray]:
    """The log-likelihood over two means, with equal weights and one spread, and EM's way on it."""
    spread = ONE_SPREAD
    axis = np.linspace(waits.min(), waits.max(), _SIDE)
    log_density = -0.5 * ((waits - axis[:, None]) / spread) ** 2
    constant = -math.log(2 * spread * math.sqrt(2 * math.pi))
    surface = np.array(
        [
            (np.logaddexp(log_density[i], log_density[j]) + constant).mean()
            for i in range(_SIDE)
            for j in range(_SIDE)
        ]
    ).reshape(_SIDE, _SIDE)
    way = [np.array([62.0, 60.0])]
    for _ in range(40):
        r = 1 / (
            1 + np.exp((((waits - way[-1][0]) ** 2) - (waits - way[-1][1]) ** 2) / (2 * spread**2))
        )
        way.append(np.array([r @ waits / r.sum(), (1 - r) @ waits / (1 - r).sum()]))
    return {
        "landscape_axis": axis,
        "landscape": surface,
        "landscape_way": np.array(way),
        "landscape_spread": np.array(spread),
    }
