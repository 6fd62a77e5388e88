"""Whether a variational autoencoder's training loss is the bound that it is said to be."""

from collections.abc import Mapping
from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence

from suite.evaluation.parity import (
    QUANTILE,
    Agreement,
    agreement,
    not_available,
    rounding_unit,
)
from suite.objective import NotComparable, PointObjective
from suite.random import torch_generator

if TYPE_CHECKING:
    from suite.vae.networks import VAENetworks

_DECODER = "decoder."
_QUANTITIES = ("elbo", "distortion", "rate", "gradient")
_NOISE_SEED = 0
_UNSAID = "float32"  # what a VAE that names no dtype computes in


def vae_parity(
    estimator: Any, networks: "VAENetworks", X: ArrayLike | Tensor
) -> tuple[Agreement, ...]:
    """An estimator's bound, its two parts and its gradient at given weights and noise.

    The estimator is asked by its `objective_at` (`suite.objective.ObjectiveAtPoint`), with X as
    one minibatch. The reference is −distortion − rate of the same z, with

        distortion = −(1/N) Σ_n log p(x_n | z_n),  rate = (1/N) Σ_n KL(q(z | x_n) ‖ p(z)),

    as in `suite.evaluation.VAEEvaluation`, computed in float64 with the divergence by
    `torch.distributions`, and its gradient in all weights by autograd.

    - "elbo": the objective.
    - "rate": minus the objective with all of the decoder's weights at zero, which makes p(x | z)
      the same for every z, less its known distortion; so the loss itself tells its rate.
    - "distortion": minus "elbo" less "rate".
    - "gradient": the largest difference of any weight's array, in 2-norms.

    Parameters
    ----------
    estimator
        Not fitted, with the settings that `networks` were built with.
    networks
        The encoder and decoder at the weights to compare at. They are left as they are.
    X
        (N, D), what the likelihood scores; bits for a Bernoulli on bits.

    Returns
    -------
    One `Agreement` for each of the four; all "not available" without an `objective_at`.

    Raises
    ------
    Exception
        Whatever the estimator raises: it cannot be checked then.

    Examples
    --------
    >>> from suite.vae import TorchVAE, build_networks
    >>> networks = build_networks(3, 1, generator=torch.Generator().manual_seed(0))
    >>> bits = [[0.0, 0.0, 1.0], [1.0, 1.0, 0.0]]
    >>> [part.outcome for part in vae_parity(TorchVAE(1), networks, bits)]
    ['agrees', 'agrees', 'agrees', 'agrees']
    """
    ask = getattr(estimator, "objective_at", None)
    if ask is None:
        why = "it has no objective_at, by which to ask for it"
        return tuple(not_available(quantity, why) for quantity in _QUANTITIES)
    data = torch.as_tensor(np.asarray(X), dtype=torch.float64)
    weights = dict(networks.state_dict())
    try:
        own = ask(data, weights, random_state=_NOISE_SEED)
        blind = ask(data, _without_decoder(weights), random_state=_NOISE_SEED)
    except NotComparable as error:
        return tuple(not_available(quantity, str(error)) for quantity in _QUANTITIES)
    exact = deepcopy(networks).double()
    noise = _noise(len(data), networks.latent_dim, estimator)
    return _compared(own, blind, exact, data, noise, rounding_unit(estimator, unsaid=_UNSAID))


def _compared(
    own: PointObjective,
    blind: PointObjective,
    exact: "VAENetworks",
    data: Tensor,
    noise: Tensor,
    epsilon: float,
) -> tuple[Agreement, ...]:
    """What the estimator says, with its decoder and without, against networks in float64."""
    distortion, rate = _parts(exact, data, noise)
    (distortion + rate).backward()
    gradient = {n: np.asarray(-p.grad) for n, p in exact.named_parameters() if p.grad is not None}
    bound = -(distortion + rate).item()
    constant = _blind_distortion(exact, data, noise)
    own_rate = -blind.objective - constant
    value, slope = _tolerances(exact, len(data), epsilon)
    # The parts are told apart by subtraction, and so are no better known than the whole.
    part = partial(
        agreement,
        tolerance=2 * value,
        how="objective_at",
        least_scale=max(1.0, abs(bound), abs(constant)),
    )
    return (
        agreement("elbo", own.objective, bound, tolerance=value, how="objective_at"),
        part("distortion", -own.objective - own_rate, distortion.item()),
        part("rate", own_rate, rate.item()),
        _gradient(own.gradient, gradient, slope),
    )


def _noise(n_rows: int, latent_dim: int, estimator: Any) -> Tensor:
    """The ε that `ObjectiveAtPoint` prescribes."""
    double = str(getattr(estimator, "dtype", _UNSAID)).endswith("float64")
    dtype = torch.float64 if double else torch.float32
    generator = torch_generator(_NOISE_SEED)
    return torch.randn((n_rows, latent_dim), generator=generator, dtype=dtype).double()


def _parts(networks: "VAENetworks", x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Distortion and rate, the means over rows."""
    loc, scale = networks.encode(x)
    distortion = -networks.log_likelihood(x, loc + scale * noise).mean()
    prior = Normal(torch.zeros_like(loc), torch.ones_like(scale))
    return distortion, kl_divergence(Normal(loc, scale), prior).sum(-1).mean()


def _blind_distortion(networks: "VAENetworks", x: Tensor, noise: Tensor) -> float:
    blind = deepcopy(networks)
    blind.load_state_dict(_without_decoder(blind.state_dict()))
    with torch.no_grad():
        return _parts(blind, x, noise)[0].item()


def _without_decoder(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {n: torch.zeros_like(w) if n.startswith(_DECODER) else w for n, w in weights.items()}


def _gradient(
    found: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray], tolerance: float
) -> Agreement:
    """The largest 2-norm of a difference, relative to the reference's, of any weight's array."""
    if set(found) != set(expected):
        names = sorted(set(found) ^ set(expected))
        message = f"weights with a gradient on one side only: {', '.join(names)}"
        return Agreement("gradient", "differs", np.nan, tolerance, "objective_at", message)
    errors = [
        np.linalg.norm(np.asarray(found[name]) - part) / (np.linalg.norm(part) or 1.0)
        for name, part in expected.items()
    ]
    none = np.zeros(len(errors))
    return agreement("gradient", errors, none, tolerance=tolerance, how="objective_at")


def _tolerances(networks: "VAENetworks", n_rows: int, epsilon: float) -> tuple[float, float]:
    """Of values and of the gradient: λ √n ε, n the terms that a value is summed from.

    These are the products of every layer, the data's and the code's dimensions and the rows. The
    rows' gradients cancel in their mean, about √N-fold.
    """
    widths = [m.in_features for m in networks.modules() if isinstance(m, nn.Linear)]
    n_terms = sum(widths) + networks.n_features + networks.latent_dim + n_rows
    value = float(QUANTILE * np.sqrt(n_terms) * epsilon)
    return value, float(value * np.sqrt(n_rows))
