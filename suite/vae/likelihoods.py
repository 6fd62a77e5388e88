"""What a pixel is taken to be: the table of likelihoods p(x | z) that a decoder can end in.

An entry says everything that the estimators, the Pyro model and the evaluation need to know of a
likelihood, so that no other module asks for one by name. A new likelihood is one entry here.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import pyro.distributions as dist
import torch
from pyro.distributions.torch_distribution import TorchDistributionMixin
from torch import Tensor
from torch.nn import functional

from suite.errors import InputError

Parameters = tuple[Tensor, ...]
"""What a decoder gives: (logits,), each (…, D); or (loc, log_scale), of shapes (…, D) and ()."""


@dataclass(frozen=True)
class Likelihood:
    """One way of scoring data x of shape (…, D), given what the decoder made of z.

    Parameters
    ----------
    name
        What `likelihood=` calls it.
    description
        One sentence for tables and captions.
    is_density
        Whether `log_prob` is a normalised log probability, of mass or density, of the data that
        it accepts. Where False, no score is a log-likelihood and none compares with one.
    learned_scale
        Whether the decoder holds a scale of its own, one positive number for all of x.
    log_prob
        log p(x | z) in nats, summed over D: (x, parameters) -> (…). The batch dimensions of x and
        of the parameters broadcast.
    mean
        E[x | z] of shape (…, D).
    draw
        A draw of x given the parameters, from a generator.
    distribution
        The same likelihood for Pyro, with D as its event dimension.
    check_training
        Raises `InputError` for data that `fit` cannot use.
    check_scoring
        Raises `InputError` for data that `log_prob` does not score.
    redraw
        Where training data are pixel probabilities, draws the bits of a minibatch anew each time
        that it is seen: (x, generator) -> bits. None where data are used as they are.
    start
        The decoder's output bias (D,) and its log scale (or None) before training, from the data.
    """

    name: str
    description: str
    is_density: bool
    learned_scale: bool
    log_prob: Callable[[Tensor, Parameters], Tensor]
    mean: Callable[[Parameters], Tensor]
    draw: Callable[[Parameters, torch.Generator], Tensor]
    distribution: Callable[[Parameters], TorchDistributionMixin]
    check_training: Callable[[Tensor], None]
    check_scoring: Callable[[Tensor], None]
    redraw: Callable[[Tensor, torch.Generator], Tensor] | None
    start: Callable[[Tensor], tuple[Tensor, Tensor | None]]


def likelihood_named(name: str) -> Likelihood:
    """The likelihood that `name` stands for.

    Raises
    ------
    InputError
        If there is none; the message lists the names.

    Examples
    --------
    >>> likelihood_named("bernoulli-grey").is_density
    False
    """
    if name not in LIKELIHOODS:
        known = ", ".join(map(repr, LIKELIHOODS))
        raise InputError(f"likelihood must be one of {known}, got {name!r}.")
    return LIKELIHOODS[name]


def is_bits(x: Tensor) -> bool:
    """Whether every entry is 0 or 1.

    Examples
    --------
    >>> is_bits(torch.tensor([0.0, 1.0])), is_bits(torch.tensor([0.0, 0.5]))
    (True, False)
    """
    return bool(((x == 0) | (x == 1)).all())


def redraw_bits(x: Tensor, generator: torch.Generator) -> Tensor:
    """Independent bits with P(bit = 1) = x, of x's shape and dtype."""
    uniform = torch.rand(x.shape, generator=generator, dtype=x.dtype, device=x.device)
    return (uniform < x).to(x.dtype)


def _bernoulli_log_prob(x: Tensor, parameters: Parameters) -> Tensor:
    """Σ_d x_d l_d − log(1 + exp l_d), which is Σ_d x_d log p_d + (1 − x_d) log(1 − p_d)."""
    (logits,) = parameters
    # Beyond the threshold softplus(l) is l: 50 keeps that exact in float64, where 20 does not.
    log_normaliser = functional.softplus(logits, threshold=50)
    if logits.shape == x.shape:
        return (x * logits - log_normaliser).sum(-1)
    # Several z per x: a matrix product spares the (…, D) tensor of products.
    return torch.einsum("...d,...d->...", x, logits) - log_normaliser.sum(-1)


def _bernoulli_mean(parameters: Parameters) -> Tensor:
    return parameters[0].sigmoid()


def _bernoulli_draw(parameters: Parameters, generator: torch.Generator) -> Tensor:
    return redraw_bits(_bernoulli_mean(parameters), generator)


def _bernoulli_distribution(parameters: Parameters) -> TorchDistributionMixin:
    return dist.Bernoulli(logits=parameters[0], validate_args=False).to_event(1)


def _bernoulli_start(X: Tensor) -> tuple[Tensor, None]:
    """The logit of the mean image, clipped to [0.001, 0.999] (Burda et al. 2016, their code)."""
    return X.mean(0).clamp(0.001, 0.999).logit(), None


def _gaussian_log_prob(x: Tensor, parameters: Parameters) -> Tensor:
    """−½ Σ_d ((x_d − μ_d)/σ)² − D log σ − ½ D log 2π."""
    loc, log_scale = parameters
    squares = ((x - loc) * (-log_scale).exp()).square().sum(-1)
    return -0.5 * squares - x.shape[-1] * (log_scale + 0.5 * math.log(2 * math.pi))


def _gaussian_mean(parameters: Parameters) -> Tensor:
    return parameters[0]


def _gaussian_draw(parameters: Parameters, generator: torch.Generator) -> Tensor:
    loc, log_scale = parameters
    noise = torch.randn(loc.shape, generator=generator, dtype=loc.dtype, device=loc.device)
    return loc + log_scale.exp() * noise


def _gaussian_distribution(parameters: Parameters) -> TorchDistributionMixin:
    loc, log_scale = parameters
    return dist.Normal(loc, log_scale.exp(), validate_args=False).to_event(1)


def _gaussian_start(X: Tensor) -> tuple[Tensor, Tensor]:
    """The mean row, and the root mean square of what is left (1 where nothing is)."""
    mean = X.mean(0)
    variance = (X - mean).square().mean()
    return mean, 0.5 * (variance if variance > 0 else torch.ones_like(variance)).log()


def _check_unit_interval(X: Tensor) -> None:
    low, high = float(X.min()), float(X.max())
    if low < 0 or high > 1:
        raise InputError(
            f"a Bernoulli likelihood needs pixels in [0, 1], got values from {low:g} to {high:g}; "
            "divide 0…255 pixels by 255, or use likelihood='gaussian'."
        )


def _check_bits(X: Tensor) -> None:
    _check_unit_interval(X)
    if not is_bits(X):
        raise InputError(
            "likelihood 'bernoulli' scores bits, but X has values between 0 and 1; binarise X "
            "(suite.data.binarise) or fit with likelihood='bernoulli-grey'."
        )


def _accept_any(X: Tensor) -> None:
    """Every finite number will do; that they are finite has been checked."""


_ENTRIES = (
    Likelihood(
        name="bernoulli",
        description="Bernoulli on bits; grey training pixels are redrawn as bits whenever seen",
        is_density=True,
        learned_scale=False,
        log_prob=_bernoulli_log_prob,
        mean=_bernoulli_mean,
        draw=_bernoulli_draw,
        distribution=_bernoulli_distribution,
        check_training=_check_unit_interval,
        check_scoring=_check_bits,
        redraw=redraw_bits,
        start=_bernoulli_start,
    ),
    Likelihood(
        name="bernoulli-grey",
        description="Bernoulli cross-entropy on grey pixels: a convention, not a density",
        is_density=False,
        learned_scale=False,
        log_prob=_bernoulli_log_prob,
        mean=_bernoulli_mean,
        draw=_bernoulli_draw,
        distribution=_bernoulli_distribution,
        check_training=_check_unit_interval,
        check_scoring=_check_unit_interval,
        redraw=None,
        start=_bernoulli_start,
    ),
    Likelihood(
        name="gaussian",
        description="Gaussian with one learned scale for all features",
        is_density=True,
        learned_scale=True,
        log_prob=_gaussian_log_prob,
        mean=_gaussian_mean,
        draw=_gaussian_draw,
        distribution=_gaussian_distribution,
        check_training=_accept_any,
        check_scoring=_accept_any,
        redraw=None,
        start=_gaussian_start,
    ),
)

LIKELIHOODS: dict[str, Likelihood] = {entry.name: entry for entry in _ENTRIES}
"""Every likelihood by name."""
