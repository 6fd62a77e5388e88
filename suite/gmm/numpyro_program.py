"""A Gaussian mixture as a NumPyro program on JAX, to import into one's own NumPyro code.

Its twin is `suite.gmm.pyro_model`: the same density and free parameters. N data, D features, K
components.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import torch
from jax import lax
from jax.scipy.linalg import solve_triangular

from suite.gmm.covariance import covariance_type_named
from suite.gmm.parameters import MixtureParameters

Free = dict[str, Any]
"""The free parameters, "logits" (K,), "free_means" (K, D) and "free_scales", as arrays."""

_ROWS_AT_ONCE = 64  # rows are filled up to a multiple, so that like tables share one compilation


class MixtureTable(NamedTuple):
    """What the NumPyro program scores, and the start in whose units its parameters are.

    Parameters
    ----------
    rows
        (N', D), filled up with copies of the first row.
    shares
        (N',), not negative, summing to one: the rows' weights, 0 for those copies.
    logits, means, scales
        log π⁰, μ⁰ and L⁰ or σ⁰, in the shape of the covariance type.
    reg_covar
        As for `SVIGaussianMixture`.
    """

    rows: Any
    shares: Any
    logits: Any
    means: Any
    scales: Any
    reg_covar: Any

    @classmethod
    def of(
        cls,
        X: np.ndarray,
        start: MixtureParameters,
        *,
        sample_weight: np.ndarray | None = None,
        reg_covar: float = 0.0,
        dtype: str = "float64",
    ) -> Self:
        """The table of rows X (N, D), each of the same weight or of that given (N,).

        Raises
        ------
        InputError
            If the start has a collapsed covariance.
        """
        weights = np.ones(len(X)) if sample_weight is None else sample_weight
        missing = -len(X) % _ROWS_AT_ONCE
        kind = covariance_type_named(start.covariance_type)
        smallest = np.finfo(dtype).tiny  # a logit of −∞ has no way back
        arrays = (
            np.concatenate([X, np.repeat(X[:1], missing, axis=0)]),
            np.concatenate([weights / weights.sum(), np.zeros(missing)]),
            np.log(np.maximum(start.weights, smallest)),
            start.means,
            kind.scales(torch.tensor(start.covariances)).numpy(),
            np.asarray(reg_covar),
        )
        return cls(*(np.asarray(array, dtype=dtype) for array in arrays))

    @property
    def free(self) -> Free:
        """The free parameters of the start itself."""
        return {
            "logits": self.logits,
            "free_means": np.zeros(self.means.shape, self.means.dtype),
            "free_scales": np.zeros(self.scales.shape, self.scales.dtype),
        }


def mixture_program(table: MixtureTable, *, covariance_type: str) -> None:
    """x ~ Σ_k π_k N(μ_k, Σ_k), as a NumPyro program whose log density is 1/N log p(X).

    π = softmax(logits), μ_k = μ⁰_k + L⁰_k a_k and L_k = L⁰_k B_k with Σ_k = L_k L_kᵀ, as in
    `GaussianMixtureModel`; logits, a and B are `numpyro.param` sites.

    Parameters
    ----------
    table
        The rows, and the start.
    covariance_type
        A name in `COVARIANCE_TYPES`.
    """
    shape = _SHAPES[covariance_type_named(covariance_type).has_matrices]
    free = {name: numpyro.param(name, jnp.asarray(value)) for name, value in table.free.items()}
    start, stretch = (
        jnp.expand_dims(scales, _COMPONENT_AXES[covariance_type])
        for scales in (table.scales, free["free_scales"])
    )
    locs = table.means + shape.along(start, free["free_means"])
    scales = shape.stretched(start, stretch)
    penalty = _penalty(free["logits"], shape.inverse_traces(scales, locs), table.reg_covar)
    numpyro.factor("regularisation", lax.stop_gradient(penalty) - penalty)
    mixture = dist.MixtureSameFamily(
        dist.Categorical(logits=free["logits"]), shape.components(locs, scales)
    )
    with numpyro.plate("data", len(table.rows)), numpyro.handlers.scale(scale=table.shares):
        numpyro.sample("x", mixture, obs=table.rows)


def no_guide(table: MixtureTable) -> None:
    """Nothing is latent: the assignments are summed out of the program."""


def _penalty(logits: Any, inverse_traces: Any, reg_covar: Any) -> Any:
    """½ reg_covar Σ_k π_k tr Σ_k⁻¹ with π held fixed: as in `suite.gmm.svi_steps`.

    The program takes it less its own value: its gradient counts, the bound is without it.
    """
    weights = lax.stop_gradient(jax.nn.softmax(logits))
    return 0.5 * reg_covar * (weights * inverse_traces).sum()


@dataclass(frozen=True)
class _Shape:
    """What depends on whether covariances are matrices: scales are (K or 1, D, D), (…, D or 1)."""

    along: Callable[[Any, Any], Any]
    stretched: Callable[[Any, Any], Any]
    components: Callable[[Any, Any], Any]
    inverse_traces: Callable[[Any, Any], Any]


def _stretched_matrices(scales: Any, free: Any) -> Any:
    """L B with B lower triangular, its diagonal exp(·)."""
    diagonal = jnp.exp(jnp.diagonal(free, axis1=-2, axis2=-1))
    return scales @ (jnp.tril(free, -1) + diagonal[..., None] * jnp.eye(free.shape[-1]))


def _inverse_traces_of_matrices(scales: Any, locs: Any) -> Any:
    """tr Σ⁻¹ = ‖L⁻¹‖²."""
    identity = jnp.broadcast_to(jnp.eye(scales.shape[-1], dtype=scales.dtype), scales.shape)
    return jnp.square(solve_triangular(scales, identity, lower=True)).sum((-2, -1))


_SHAPES = {
    True: _Shape(
        along=lambda scales, free: (scales @ free[..., None])[..., 0],
        stretched=_stretched_matrices,
        components=lambda locs, scales: dist.MultivariateNormal(locs, scale_tril=scales),
        inverse_traces=_inverse_traces_of_matrices,
    ),
    False: _Shape(
        along=lambda scales, free: scales * free,
        stretched=lambda scales, free: scales * jnp.exp(free),
        components=lambda locs, scales: dist.Normal(locs, scales).to_event(1),
        inverse_traces=lambda scales, locs: jnp.broadcast_to(
            1 / jnp.square(scales), locs.shape
        ).sum(-1),
    ),
}

_COMPONENT_AXES: dict[str, tuple[int, ...]] = {
    "full": (),
    "tied": (0,),
    "diag": (),
    "spherical": (1,),
    "tied_diag": (0,),
    "tied_spherical": (0, 1),
}
"""The axes that scales of a type lack to be (K or 1, D, D) or (K or 1, D or 1)."""
