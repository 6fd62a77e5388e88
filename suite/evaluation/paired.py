"""Two models compared image by image: the spread over images drops out of the difference."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from torch import Tensor

from suite.bootstrap import bca_mean_interval
from suite.errors import InputError
from suite.evaluation.latent_model import LatentModel, placed
from suite.evaluation.log_mean import log_mean_exp
from suite.evaluation.weights import DECODED_AT_ONCE, check_variational, grouped_draws, joined
from suite.random import RandomState, draw_seed, torch_generator

FloatArray = NDArray[np.floating[Any]]

_RESAMPLES = 9999


@dataclass(frozen=True, eq=False)
class PairedComparison:
    """The differences of two models' scores on the same N data, first less second, in nats.

    Parameters
    ----------
    differences
        (N,), nats.
    mean
        Their mean, nats per datum.
    standard_error
        How far `mean` would move with other data from the same source: their standard deviation
        divided by √N.
    unpaired_standard_error
        What it would be had the two been scored on data of their own; the ratio of the two is what
        pairing gains.
    low, high
        The ends of the confidence interval of `mean`.
    confidence
        Its level.
    method
        "bca" or "t": what the interval is by.
    monte_carlo_error
        How far `mean` would move with other draws of z; NaN where only scores were given.
    """

    differences: FloatArray
    mean: float
    standard_error: float
    unpaired_standard_error: float
    low: float
    high: float
    confidence: float
    method: str
    monte_carlo_error: float

    @property
    def better(self) -> float:
        """The share of data on which the first scores higher; equal scores count half."""
        return float((self.differences > 0).mean() + 0.5 * (self.differences == 0).mean())


def paired_comparison(
    first: ArrayLike,
    second: ArrayLike,
    *,
    confidence: float = 0.95,
    method: str = "bca",
    random_state: RandomState = 0,
) -> PairedComparison:
    """Compare two models' scores of the same data, such as estimates of log p(x), (N,) each.

    Parameters
    ----------
    first, second
        The scores, in one order; the difference is first − second.
    confidence
        The interval's level, between 0 and 1.
    method
        "bca" is the bias-corrected and accelerated bootstrap over data (Efron 1987), "t" Student's
        interval, which takes the mean to be normal. Where all differences are equal, or the
        bootstrap is not defined, the interval is Student's.
    random_state
        Of the bootstrap.

    Raises
    ------
    InputError
        If the scores are not finite, not of one length of at least 2, or an option is unknown.

    Examples
    --------
    >>> found = paired_comparison([-90.0, -110.0, -70.0], [-91.0, -112.0, -70.5], method="t")
    >>> round(found.mean, 3), round(found.low, 2), round(found.high, 2)
    (1.167, -0.73, 3.06)
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    _check(a, b, confidence, method)
    differences = a - b
    ends = _INTERVALS[method](differences, confidence, random_state)
    if ends is None:
        method, ends = "t", _student(differences, confidence, random_state)
    root = math.sqrt(len(a))
    return PairedComparison(
        differences=differences,
        mean=float(differences.mean()),
        standard_error=float(differences.std(ddof=1)) / root,
        unpaired_standard_error=math.hypot(a.std(ddof=1), b.std(ddof=1)) / root,
        low=ends[0],
        high=ends[1],
        confidence=confidence,
        method=method,
        monte_carlo_error=math.nan,
    )


def compare_log_likelihoods(
    first: LatentModel,
    second: LatentModel,
    X: ArrayLike | Tensor,
    *,
    n_samples: int = 100,
    common_noise: bool = True,
    confidence: float = 0.95,
    method: str = "bca",
    random_state: RandomState = 0,
    batch_size: int = DECODED_AT_ONCE,
    device: str | None = None,
) -> PairedComparison:
    """Compare two models' importance-weighted bounds on log p(x) for each row of X (N, D).

    The bounds are `evaluate_vae`'s with S = `n_samples`, and both are biased downwards: a model
    with a poor encoder by more, so that a difference as small as the gaps wants a larger S.

    Parameters
    ----------
    first, second
        Trained networks; the difference is first − second.
    common_noise
        True draws z for both from the same ε, for models with equally many latent dimensions:
        twins that have learned the same then differ by nothing, and similar ones by less Monte
        Carlo error. False draws for each its own.
    confidence, method
        As in `paired_comparison`.
    random_state
        Of the draws, which are not `evaluate_vae`'s for the same one, and of the bootstrap.
    batch_size, device
        As in `evaluate_vae`.

    Raises
    ------
    InputError
        If a likelihood gives such data no probability, the two score by different likelihoods, or
        common noise is asked of models with different numbers of latent dimensions.

    Examples
    --------
    >>> from suite.vae import PyroVAE, TorchVAE
    >>> X = np.repeat([[0.0, 0.0, 1.0], [1.0, 1.0, 0.0]], 20, axis=0)
    >>> settings = {"hidden_dims": (8,), "max_epochs": 5, "batch_size": 4, "random_state": 0}
    >>> twins = [kind(1, **settings).fit(X).networks_ for kind in (TorchVAE, PyroVAE)]
    >>> bool(abs(compare_log_likelihoods(*twins, X).mean) < 1e-4)
    True
    """
    if first.likelihood.name != second.likelihood.name:
        raise InputError(
            f"both models must have one likelihood, got {first.likelihood.name!r} and "
            f"{second.likelihood.name!r}: their scores are not in the same units."
        )
    if common_noise and first.latent_dim != second.latent_dim:
        raise InputError(
            f"common noise needs equally many latent dimensions, got {first.latent_dim} and "
            f"{second.latent_dim}; pass common_noise=False."
        )
    seed = draw_seed(random_state)
    streams = torch_generator(seed), torch_generator(seed if common_noise else seed + 1)
    with placed(first, device), placed(second, device), torch.no_grad():
        check_variational(first)
        n = len(first.as_scored(X))
        groups = [
            grouped_draws(networks, X, n_samples, stream, batch_size=batch_size)
            for networks, stream in zip((first, second), streams, strict=True)
        ]
        scored = (
            _scores(a.log_weights.cpu().double(), b.log_weights.cpu().double(), common_noise)
            for a, b in zip(*groups, strict=True)
        )
        bound_a, bound_b, variance = joined(scored, n).numpy()
    found = paired_comparison(
        bound_a, bound_b, confidence=confidence, method=method, random_state=seed
    )
    error = float(np.sqrt(variance.sum()) / len(variance))
    return replace(found, monte_carlo_error=error)


def _scores(log_a: Tensor, log_b: Tensor, common_noise: bool) -> Tensor:
    """Both bounds and the Monte Carlo variance of their difference, (3, B), by the delta method.

    log w̄ moves by w_s / w̄ − 1 per draw; with common noise the two move together.
    """
    bound_a, bound_b = log_mean_exp(log_a), log_mean_exp(log_b)
    a, b = (log_a - bound_a[:, None]).exp(), (log_b - bound_b[:, None]).exp()
    if log_a.shape[1] == 1:
        variance = torch.full_like(bound_a, math.nan)
    else:
        summed = (a - b).var(1) if common_noise else a.var(1) + b.var(1)
        variance = summed / log_a.shape[1]
    return torch.stack([bound_a, bound_b, variance])


def _student(
    differences: FloatArray, confidence: float, random_state: RandomState
) -> tuple[float, float]:
    mean, error = differences.mean(), differences.std(ddof=1) / math.sqrt(len(differences))
    reach = stats.t.isf((1 - confidence) / 2, len(differences) - 1) * error
    return float(mean - reach), float(mean + reach)


def _bootstrap(
    differences: FloatArray, confidence: float, random_state: RandomState
) -> tuple[float, float] | None:
    generator = np.random.default_rng(draw_seed(random_state))
    return bca_mean_interval(
        differences, confidence=confidence, resamples=_RESAMPLES, generator=generator
    )


_Interval = Callable[[FloatArray, float, RandomState], tuple[float, float] | None]
_INTERVALS: Mapping[str, _Interval] = {"bca": _bootstrap, "t": _student}


def _check(a: FloatArray, b: FloatArray, confidence: float, method: str) -> None:
    if a.ndim != 1 or a.shape != b.shape or len(a) < 2:
        raise InputError(
            f"expected two equally long lists of at least 2 scores, got shapes {a.shape} and "
            f"{b.shape}; score the same data with both models."
        )
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise InputError("scores must be finite, got NaN or infinite ones; leave those data out.")
    if not 0 < confidence < 1:
        raise InputError(f"confidence must be between 0 and 1, got {confidence!r}.")
    if method not in _INTERVALS:
        known = " or ".join(map(repr, _INTERVALS))
        raise InputError(f"method must be {known}, got {method!r}.")
