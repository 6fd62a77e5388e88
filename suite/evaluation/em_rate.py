"""How fast EM converges: its rate in theory, and the rate that a fit shows.

Near a fixed point θ* one EM step M shrinks the error by its Jacobian,

    θ_{t+1} − θ* ≈ J (θ_t − θ*),    J = ∂M/∂θ (θ*) = I − I_complete⁻¹ I_observed,

the fraction of the information that is missing (Dempster, Laird and Rubin, 1977, section 3). Its
largest eigenvalue ρ is the rate: the error shrinks by ρ an iteration and the log-likelihood, flat
at its maximum, falls short by ρ² times as much each time.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from suite.errors import InputError
from suite.evaluation.em_map import Chart
from suite.gmm.parameters import MixtureParameters

_ROUNDING = 64 * np.finfo(float).eps
"""Relative error of a mean log-likelihood: gains below it are noise."""

_LEAST_GAINS = 3
_NOISE_MARGIN = 1e3
"""A gain so many times the rounding has three digits."""

_LAST_DECADES = 1.0


@dataclass(frozen=True, eq=False)
class EMRate:
    """The Jacobian of one EM step at a mixture.

    Parameters
    ----------
    rate
        ρ, its spectral radius: 0 where one step suffices, near 1 where components overlap.
    eigenvalues
        All of them, largest first: at a maximum they are real and from 0 to 1, a fraction of
        missing information for every direction of the P free parameters.
    displacement
        The largest change of any free parameter by one EM step: 0 at a fixed point.
    """

    rate: float
    eigenvalues: np.ndarray
    displacement: float


def em_rate(parameters: MixtureParameters, X: ArrayLike) -> EMRate:
    """The rate of EM's convergence to `parameters`, which it must have reached.

    One EM step is differentiated automatically in the mixture's free parameters: the first K − 1
    weights, the means, and what is free in the covariances. Eigenvalues do not depend on that
    choice. The cost is P tangent steps of O(N K D²).

    Parameters
    ----------
    parameters
        A fixed point of EM without regularisation on X.
    X
        (N, D)

    Raises
    ------
    InputError
        If X does not fit the mixture.

    Examples
    --------
    >>> one = MixtureParameters([1.0], [[2.0]], [1.0], "spherical")
    >>> em_rate(one, [[1.0], [3.0]]).rate
    0.0
    """
    rows = torch.tensor(np.asarray(X, dtype=np.float64))
    if rows.ndim != 2 or rows.shape[1] != parameters.n_features:
        raise InputError(
            f"expected rows of {parameters.n_features} features, got an array of shape "
            f"{tuple(rows.shape)}."
        )
    chart = Chart(parameters.n_components, parameters.n_features, parameters.covariance_type)
    point = chart.free(parameters)

    def step(free: Tensor) -> Tensor:
        return chart.em_step(rows, free)

    columns = [
        torch.func.jvp(step, (point,), (axis,))[1] for axis in torch.eye(len(point)).to(point)
    ]
    jacobian = torch.stack(columns, dim=1).numpy()
    eigenvalues = np.linalg.eigvals(jacobian)
    eigenvalues = eigenvalues[np.argsort(-np.abs(eigenvalues))]
    return EMRate(
        rate=float(np.abs(eigenvalues[0])),
        eigenvalues=eigenvalues.real,
        displacement=float((step(point) - point).abs().max()),
    )


def observed_rate(bounds: ArrayLike) -> float:
    """The rate that a fit's bounds show near its end; NaN if they end before it can be told.

    The gains L_{t+1} − L_t shrink by ρ² an iteration: ρ is fitted by least squares to their
    logarithms over the last decade above rounding, but at least three of them.

    Parameters
    ----------
    bounds
        (T,), the bound after each iteration in nats per datum, of one start.

    Examples
    --------
    >>> round(observed_rate([-1 - 0.5 ** (2 * t) for t in range(40)]), 6)
    0.5
    """
    values = np.asarray(bounds, dtype=np.float64)
    gains = np.diff(values)
    floor = _NOISE_MARGIN * _ROUNDING * max(1.0, float(np.abs(values).max(initial=0.0)))
    noisy = np.flatnonzero(gains < floor)
    clear = gains[: noisy[0]] if len(noisy) else gains
    if len(clear) < _LEAST_GAINS:
        return float("nan")
    near_end = np.flatnonzero(clear > clear[-1] * 10.0**_LAST_DECADES)
    first = near_end[-1] + 1 if len(near_end) else 0
    last = clear[min(first, len(clear) - _LEAST_GAINS) :]
    slope = np.polyfit(np.arange(len(last)), np.log(last), 1)[0]
    return float(np.exp(slope / 2))


def predicted_iterations(gap: float, target: float, rate: float) -> float:
    """Iterations until a shortfall of `gap` nats has shrunk to `target`:

        t = log(gap / target) / (−2 log ρ),

    0 if it has already, infinite for ρ ≥ 1. It holds near the maximum, where the shortfall shrinks
    by ρ² an iteration.

    Parameters
    ----------
    gap, target
        Shortfalls from the maximum, in nats.
    rate
        ρ, as `em_rate` gives it.

    Examples
    --------
    >>> round(predicted_iterations(1.0, 0.01, 0.1), 6)
    1.0
    """
    if gap <= target or rate <= 0:
        return 0.0
    return float(np.log(gap / target) / (-2 * np.log(rate))) if rate < 1 else float("inf")
