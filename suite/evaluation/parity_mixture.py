"""Whether a mixture estimator computes the likelihood and the slope that it says it climbs."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular
from sklearn.exceptions import ConvergenceWarning

from suite.evaluation.mixture import mixture_elbo
from suite.evaluation.parity import Agreement, agreement, not_available, rounding_unit
from suite.evaluation.parity_reference import (
    Gradient,
    MixtureTolerances,
    as_gradient,
    flat,
    reference_gradient,
)
from suite.gmm.parameters import MixtureParameters
from suite.objective import NotComparable, PointObjective
from suite.progress import Progress

Make = Callable[[int], Any]
"""An unfitted estimator that begins at the start and takes so many steps at most."""

Steps = Literal["em", "ascent", "unknown"]
"""What an estimator's steps are: of EM; of another ascent that reports its objective before each
update, as all of the suite do; or nothing is known of them."""

MIXTURE_QUANTITIES = ("log_likelihood", "bound", "gradient")
"""What is compared, in this order."""


def mixture_parity(
    make: Make, start: MixtureParameters, X: ArrayLike, *, steps: Steps = "unknown"
) -> tuple[Agreement, ...]:
    """An estimator's log-likelihood, bound and gradient at `start`, against the exact ones.

    - "log_likelihood": `score_samples` of each row, after a fit of no step.
    - "bound": the first objective that `fit` reports, which is the one at the start; where it is
      not known to be, `objective_at`'s.
    - "gradient" of the mean log-likelihood (or bound), in units of the start: by `objective_at`
      where the estimator has it (`suite.objective`); of EM, from its first step, which moves
      along the gradient (Xu and Jordan, 1996); else, or where that step collapses a component, by
      Fisher's identity from `predict_proba`.

    Parameters
    ----------
    make
        Makes the estimator; it has to regularise by `reg_covar` alone, and start at `start`.
    start
        Where to compare.
    X
        (N, D)
    steps
        What is known of the estimator's steps.

    Returns
    -------
    One `Agreement` for each of the three; all "not available" where an estimator of unknown steps
    refuses a fit of none.

    Raises
    ------
    Exception
        Whatever else the estimator raises: it cannot be checked then.

    Examples
    --------
    >>> from suite.gmm import EMGaussianMixture
    >>> X = [[0.0], [0.2], [0.4], [5.0], [5.2], [5.4]]
    >>> start = MixtureParameters([0.5, 0.5], [[1.0], [4.0]], [1.0, 1.0], "spherical")
    >>> def make(max_iter):
    ...     kind = "spherical"
    ...     return EMGaussianMixture(2, covariance_type=kind, initial=start, max_iter=max_iter)
    >>> [a.outcome for a in mixture_parity(make, start, X, steps="em")]
    ['agrees', 'agrees', 'agrees']
    """
    rows = np.asarray(X, dtype=np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of a fit that is not meant to
        try:
            at_start = make(0).fit(rows)
        except (TypeError, ValueError) as error:
            if steps != "unknown":
                raise
            why = f"it cannot be put at given parameters by a fit of no steps: {error}"
            return tuple(not_available(quantity, why) for quantity in MIXTURE_QUANTITIES)
        own, why = _own_objective(make(0), rows, start)
        first = None if steps == "unknown" else _first_step(make(1), start, rows)
    return _compared(_Told(at_start, own, why, first, steps == "em"), start, rows)


@dataclass(frozen=True, eq=False)
class _FirstStep:
    """What a fit of one step has reported and learned."""

    objective: float | None
    learned: MixtureParameters | None
    reg_covar: float
    failure: str = ""


@dataclass(frozen=True, eq=False)
class _Told:
    """All that an estimator has told: put at the start, asked, and let go one step."""

    at_start: Any
    own: PointObjective | None
    why: str
    first: _FirstStep | None
    is_em: bool


def _compared(told: _Told, start: MixtureParameters, rows: np.ndarray) -> tuple[Agreement, ...]:
    q = None if told.own is None else told.own.responsibilities
    reference = reference_gradient(start, rows, q)
    tolerances = MixtureTolerances.of(start, rows, reference, rounding_unit(told.at_start))
    likelihood = agreement(
        "log_likelihood",
        told.at_start.score_samples(rows),
        start.log_prob(rows),
        tolerance=tolerances.log_likelihood,
        how="score_samples",
    )
    if told.why:
        return (
            likelihood,
            not_available("bound", told.why),
            not_available("gradient", told.why),
        )
    slope, way = _gradient(told, start, rows)
    return (
        likelihood,
        _bound(told, mixture_elbo(start, rows, q), tolerances.bound),
        agreement("gradient", flat(slope), flat(reference), tolerance=tolerances.gradient, how=way),
    )


def _first_step(estimator: Any, start: MixtureParameters, rows: np.ndarray) -> _FirstStep:
    """What the first step from `start` does; a step that collapses a component leads nowhere."""
    seen: list[float] = []

    def note(progress: Progress) -> None:
        seen.append(float(progress.objective))

    try:
        estimator.fit(rows, callback=note)
    except (ValueError, np.linalg.LinAlgError) as error:
        return _FirstStep(seen[0] if seen else None, None, 0.0, f"its first step fails: {error}")
    learned = MixtureParameters.from_estimator(estimator)
    # Estimators that outlive a collapse keep what they had before it.
    moved = None if np.array_equal(learned.means, start.means) else learned
    return _FirstStep(seen[0], moved, float(getattr(estimator, "reg_covar", 0.0)))


def _own_objective(
    estimator: Any, rows: np.ndarray, start: MixtureParameters
) -> tuple[PointObjective | None, str]:
    """What it says itself, if it can be asked; and why nothing can be compared, if so."""
    ask = getattr(estimator, "objective_at", None)
    if ask is None:
        return None, ""
    try:
        return ask(rows, start), ""
    except NotComparable as error:
        return None, str(error)


def _bound(told: _Told, exact: float, tolerance: float) -> Agreement:
    if told.first is not None and told.first.objective is None:
        return not_available("bound", told.first.failure)
    if told.first is not None and told.first.objective is not None:
        how = "first objective of fit"
        return agreement("bound", told.first.objective, exact, tolerance=tolerance, how=how)
    if told.own is not None:
        how = "objective_at"
        return agreement("bound", told.own.objective, exact, tolerance=tolerance, how=how)
    return not_available("bound", "it has no objective_at, by which to ask for it")


def _gradient(told: _Told, start: MixtureParameters, rows: np.ndarray) -> tuple[Gradient, str]:
    """The gradient by the estimator's own code, and which way it was got."""
    if told.own is not None:
        return told.own.gradient, "objective_at"
    if told.is_em and told.first is not None and told.first.learned is not None:
        slope = _of_em_step(start, told.first.learned, told.first.reg_covar)
        return slope, "first step of EM"
    q = np.asarray(told.at_start.predict_proba(rows), dtype=np.float64)
    return _by_fisher(start, rows, q), "Fisher's identity, by predict_proba"


def _of_em_step(start: MixtureParameters, new: MixtureParameters, reg_covar: float) -> Gradient:
    """The gradient that one EM step from `start` to `new` has followed.

    With N_k = Σ_n r_nk: π' = N_k / N, μ'_k − μ_k = Σ_n r_nk (x_n − μ_k) / N_k, and the scatter
    about the old mean is Σ'_k − reg_covar I + (μ'_k − μ_k)(μ'_k − μ_k)ᵀ. A tied Σ' is the weighted
    mean over components, whose share of it each may as well be given: only the sum counts.
    """
    moves = new.means - start.means
    ridge = reg_covar * np.eye(start.n_features)
    scatters = new.full_covariances() - ridge + moves[:, :, np.newaxis] * moves[:, np.newaxis]
    factors = np.linalg.cholesky(start.full_covariances())
    identity = np.eye(start.n_features)
    means, scales = np.empty_like(moves), np.empty_like(scatters)
    for k, (factor, weight) in enumerate(zip(factors, new.weights, strict=True)):
        means[k] = weight * solve_triangular(factor, moves[k], lower=True)
        half = solve_triangular(factor, scatters[k], lower=True)
        scales[k] = weight * (solve_triangular(factor, half.T, lower=True) - identity)
    return as_gradient(new.weights - start.weights, means, scales, start.covariance_type)


def _by_fisher(start: MixtureParameters, rows: np.ndarray, q: np.ndarray) -> Gradient:
    """∇ log p(x) = Σ_k r_k ∇ log p(x, z = k), the mean over rows (Fisher's identity)."""
    factors = np.linalg.cholesky(start.full_covariances())
    identity = np.eye(start.n_features)
    means = np.empty((start.n_components, start.n_features))
    scales = np.empty_like(factors)
    for k, (factor, mean) in enumerate(zip(factors, start.means, strict=True)):
        u = solve_triangular(factor, (rows - mean).T, lower=True)
        r = q[:, k] / len(rows)
        means[k] = u @ r
        scales[k] = (u * r) @ u.T - r.sum() * identity
    return as_gradient(q.mean(0) - start.weights, means, scales, start.covariance_type)
