"""EM on a real table, step by step: where it was, what it knew, and the bound that it climbed."""

import numpy as np

from studies.tour.bounds import between, bound, divergence, is_mixture
from studies.tour.checks import Check, at_most, equal
from studies.tour.settings import TourSettings
from studies.tour.store import Measured
from suite.data import load
from suite.gmm import EMGaussianMixture, MixtureParameters
from suite.progress import Progress

_POINTS = 121
_ROUNDS = 6

ONE_START, ONE_OTHER, ONE_SPREAD = 88.0, 80.0, 6.0
"""Minutes: where the single free mean begins, the other component's mean, and both spreads."""


def measure_em(settings: TourSettings) -> Measured:
    """The whole ascent of a two-component mixture on Old Faithful from a bad start."""
    X = load("faithful", test_size=0.0).train.astype(np.float64)
    path = em_path(X, bad_start(X))
    log_likelihood = np.array([theta.log_prob(X).mean() for theta in path])
    lines = [_along_step(X, path[t], path[t + 1]) for t in settings.bound_frames]
    one = _one_parameter(X[:, 1])
    arrays = {
        "em_rows": X,
        "em_weights": np.array([theta.weights for theta in path]),
        "em_means": np.array([theta.means for theta in path]),
        "em_covariances": np.array([theta.covariances for theta in path]),
        "em_log_likelihood": log_likelihood,
        "step_frames": np.array(settings.bound_frames),
        "step_lines": np.array(lines),
        **one,
    }
    values = {
        "em_rows": len(X),
        "em_iterations": len(path) - 1,
        "em_start": log_likelihood[0],
        "em_first": log_likelihood[1],
        "em_end": log_likelihood[-1],
        "one_start": ONE_START,
        "one_other": ONE_OTHER,
        "one_spread": ONE_SPREAD,
        "one_end": one["one_visited"][-1],
        "em_end_short_share": path[-1].weights[np.argmin(path[-1].means[:, 0])],
    }
    values |= _divergences(X, path[0])
    checks = (*_checks(X, path, lines), _one_parameter_check(one))
    return Measured(arrays, {name: float(value) for name, value in values.items()}, checks)


def bad_start(X: np.ndarray) -> MixtureParameters:
    """Both components as wide as the data, one where no data are and one at the lower edge.

    Means at an eruption of 2 minutes after a wait of 90 (there is none such) and one of 3.5 minutes
    after 45; equal weights; the data's variances and no correlation.
    """
    covariance = np.diag(X.var(0, ddof=1))
    means = np.array([[2.0, 90.0], [3.5, 45.0]])
    return MixtureParameters(np.full(2, 0.5), means, np.tile(covariance, (2, 1, 1)), "full")


def em_path(X: np.ndarray, start: MixtureParameters) -> list[MixtureParameters]:
    """θ_0, θ_1, … of the suite's own EM, until an iteration gains under 10⁻¹⁰ nats per datum."""
    path = [start]

    def note(progress: Progress) -> None:
        path.append(progress.state().parameters)

    mixture = EMGaussianMixture(
        start.n_components, initial=start, tol=1e-10, reg_covar=0.0, max_iter=2000
    )
    mixture.fit(X, callback=note)
    return path


def _along_step(X: np.ndarray, theta: MixtureParameters, after: MixtureParameters) -> np.ndarray:
    """Along the line through θ_t (0) and θ_{t+1} (1): (4, points).

    Rows: the place, log p(X | θ), F(q_t, θ) and KL(q_t ‖ p(z | x, θ)), means over the data.
    """
    q = theta.responsibilities(X)
    places = np.linspace(-1.5, 3.0, _POINTS + 60)
    places = places[[is_mixture(theta, after, a) for a in places]]
    found = []
    for a in (*places, 0.0, 1.0):
        at = between(theta, after, a)
        found.append(
            (a, at.log_prob(X).mean(), bound(X, q, at).mean(), divergence(X, q, at).mean())
        )
    rows = np.array(sorted(found)).T
    chosen = np.linspace(0, rows.shape[1] - 1, _POINTS).round().astype(int)
    kept = np.union1d(chosen, np.flatnonzero((rows[0] == 0) | (rows[0] == 1)))
    padded = np.full((4, _POINTS + 4), np.nan)
    padded[:, : len(kept)] = rows[:, kept]
    return padded


def _one_parameter(waits: np.ndarray) -> dict[str, np.ndarray]:
    """EM with a single free number: the mean m of one of two components of the waits.

    Both have the weight ½ and the spread `ONE_SPREAD`, the other has the mean `ONE_OTHER`. The
    bound is then a parabola in m, whose top is the mean of the waits weighted by r_n1.
    """
    grid = np.linspace(42.0, 100.0, 2 * _POINTS - 1)
    variance = np.array(ONE_SPREAD**2)

    def at(m: float) -> MixtureParameters:
        means = np.array([[m], [ONE_OTHER]])
        return MixtureParameters(np.full(2, 0.5), means, variance, "tied_spherical")

    X = waits[:, None]
    visited, bounds = [ONE_START], []
    for _ in range(_ROUNDS):
        q = at(visited[-1]).responsibilities(X)
        bounds.append([bound(X, q, at(m)).mean() for m in grid])
        visited.append(float(q[:, 0] @ waits / q[:, 0].sum()))
    return {
        "one_grid": grid,
        "one_log_likelihood": np.array([at(m).log_prob(X).mean() for m in grid]),
        "one_bounds": np.array(bounds),
        "one_visited": np.array(visited),
        "one_visited_log_likelihood": np.array([at(m).log_prob(X).mean() for m in visited]),
    }


def _checks(
    X: np.ndarray, path: list[MixtureParameters], lines: list[np.ndarray]
) -> tuple[Check, ...]:
    n, k = len(X), path[0].n_components
    data = f"{n} eruptions"
    log_p = [theta.log_prob(X) for theta in path]
    tight = [bound(X, theta.responsibilities(X), theta) for theta in path]
    means = np.array([part.mean() for part in log_p])
    rounding = float(10 * n * k * np.finfo(np.float64).eps * np.abs(means).max())
    every = np.concatenate([line[:, ~np.isnan(line[0])] for line in lines], axis=1)
    return (
        equal(
            "em-touches",
            np.concatenate(tight),
            np.concatenate(log_p),
            terms=10 * k,
            data=f"{data}, every one of {len(path)} iterates",
        ),
        at_most(
            "em-never-falls",
            means[:-1],
            means[1:],
            tolerance=rounding,
            why=f"rounding of {n * k:,} terms in float64",
            data=f"{len(path) - 1} iterations",
        ),
        at_most(
            "bound-below",
            every[2],
            every[1],
            tolerance=rounding,
            why=f"rounding of {n * k:,} terms in float64",
            data=f"{every.shape[1]} points on {len(lines)} lines",
        ),
        equal(
            "bound-gap",
            every[1] - every[2],
            every[3],
            terms=n * k,
            data=f"{every.shape[1]} points on {len(lines)} lines",
        ),
        *_identity(X, path[0]),
    )


def _choices(X: np.ndarray, theta: MixtureParameters) -> dict[str, np.ndarray]:
    """Three q's at θ: drawn at random, all or nothing, and the exact posterior; each (N, K)."""
    n, k = len(X), theta.n_components
    return {
        "random": np.random.default_rng(0).dirichlet(np.ones(k), size=n),
        "hard": np.eye(k)[theta.log_joint(X).argmax(1)],
        "posterior": theta.responsibilities(X),
    }


def _divergences(X: np.ndarray, theta: MixtureParameters) -> dict[str, float]:
    """What each of them leaves between the bound and log p(x), nats per datum."""
    return {
        f"identity_{name}_{what}": float(of(X, q, theta).mean())
        for name, q in _choices(X, theta).items()
        for what, of in (("bound", bound), ("kl", divergence))
    }


def _identity(X: np.ndarray, theta: MixtureParameters) -> tuple[Check, ...]:
    """log p(x) = F + KL for three choices of q, at EM's bad start."""
    return tuple(
        equal(
            f"identity-{name}",
            theta.log_prob(X),
            bound(X, q, theta) + divergence(X, q, theta),
            terms=10 * theta.n_components,
            data=f"{len(X)} eruptions",
        )
        for name, q in _choices(X, theta).items()
    )


def _one_parameter_check(one: dict[str, np.ndarray]) -> Check:
    return at_most(
        "one-below",
        one["one_bounds"].ravel(),
        np.tile(one["one_log_likelihood"], len(one["one_bounds"])),
        tolerance=float(1e4 * np.finfo(np.float64).eps * np.abs(one["one_bounds"]).max()),
        why="rounding of 1,000 terms in float64",
        data=f"{one['one_bounds'].size:,} points",
    )
