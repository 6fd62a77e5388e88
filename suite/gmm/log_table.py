"""log N(x_n | μ_k, Σ_k) of all rows under all components, differentiable, as matrix products.

With Λ = Σ⁻¹ the squared distance is xᵀΛx − 2 (Λμ)ᵀx + μᵀΛμ. The second term is one matrix product
for all rows and components; so is the first, of Λ's entries with the products x_i x_j, which
depend on no parameter. N data, D features, K components.
"""

import math
from collections.abc import Callable
from functools import cached_property

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from suite.errors import InputError
from suite.gmm.covariance_type import CovarianceType

_STORED = 2**25  # elements of the products x_i x_j that are kept; more are made anew, in chunks
_CHUNK = 2**18  # elements of the products of one chunk of rows
_ROUNDING = {torch.float64: 1e-9, torch.float32: 1e-3}  # nats that cancellation may cost


class PreparedRows:
    """Rows, and what their densities need of them that depends on no parameter.

    Parameters
    ----------
    x
        (N, D)
    """

    def __init__(self, x: Tensor) -> None:
        self.x = x
        # The three terms cancel least near the origin; no density depends on where that is.
        self.centre = x.detach().mean(0) if len(x) else x.new_zeros(x.shape[-1])
        self.columns = (x - self.centre).T.contiguous()
        """x − centre, shape (D, N)."""

    @cached_property
    def squares(self) -> Tensor:
        """x_i², shape (D, N)."""
        return self.columns.square()

    @cached_property
    def products(self) -> Tensor:
        """x_i x_j for i ≤ j in the order of `torch.triu_indices`, shape (D (D + 1) / 2, N)."""
        return _products(self.columns)

    @cached_property
    def reach(self) -> Tensor:
        """The largest |x_i| of each column, shape (D,)."""
        if not self.columns.shape[1]:
            return self.centre
        return self.columns.detach().abs().amax(1)


def log_table(rows: PreparedRows, locs: Tensor, scales: Tensor, kind: CovarianceType) -> Tensor:
    """log N(x_n | μ_k, Σ_k), in nats.

    No tensor of N × K × D elements is made. Where the matrix products could lose more than 1e-9
    nats (1e-3 in single precision) to cancellation, for a component much narrower than the data,
    distances are measured from each mean in turn instead.

    Parameters
    ----------
    rows
        (N, D)
    locs
        μ, shape (..., K, D); leading axes are further mixtures, the same ones for `scales`.
    scales
        L with Σ = L Lᵀ, or σ: leading axes, then the shape of the covariance type.
    kind
        The covariance type.

    Returns
    -------
    (..., K, N)
    """
    n_features = locs.shape[-1]
    factors = BY_COMPONENT[kind.name](kind.factors_of_scales(scales))
    if kind.has_matrices:
        log_determinants = factors.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    else:
        log_determinants = factors.log().expand(*factors.shape[:-1], n_features).sum(-1)
    constants = log_determinants - 0.5 * n_features * math.log(2 * math.pi)
    means = locs - rows.centre
    measure = _expanded_square if _keeps_its_digits(rows, factors, kind) else _one_by_one
    return constants.unsqueeze(-1) - 0.5 * measure(rows, means, factors, kind)


def component_log_density(
    value: Tensor,
    locs: Tensor,
    scales: Tensor,
    kind: CovarianceType,
    prepared: PreparedRows | None = None,
) -> Tensor:
    """log N(x | μ_k, Σ_k) as a Pyro distribution over rows needs it.

    Parameters
    ----------
    value
        x, shape (*rows, D).
    locs, scales, kind
        As for `log_table`, but leading axes end in one of length 1, the place of the rows' plate.
    prepared
        Used if it was made from this very `value`.

    Returns
    -------
    (..., K, *rows)

    Raises
    ------
    InputError
        If the parameters have leading axes of another form, or rows have more than one axis then.
    """
    row_shape = value.shape[:-1]
    if locs.dim() > 2:
        if locs.shape[-3] != 1 or len(row_shape) != 1:
            raise InputError(
                "several draws of a mixture's parameters score one table of rows at a time: "
                "expected parameters of shape (draws, 1, K, D) and rows of shape (N, D), got "
                f"{tuple(locs.shape)} and {tuple(value.shape)}; use Predictive(parallel=False)."
            )
        own = scales.dim() - len(kind.shape(1, 1))
        locs, scales = locs.squeeze(-3), scales.squeeze(own - 1)
    if prepared is None or prepared.x is not value:
        prepared = PreparedRows(value.reshape(-1, value.shape[-1]))
    table = log_table(prepared, locs, scales, kind)
    return table.reshape(*table.shape[:-1], *row_shape)


BY_COMPONENT: dict[str, Callable[[Tensor], Tensor]] = {
    "full": lambda factors: factors,
    "tied": lambda factors: factors.unsqueeze(-3),
    "diag": lambda factors: factors,
    "spherical": lambda factors: factors.unsqueeze(-1),
    "tied_diag": lambda factors: factors.unsqueeze(-2),
    "tied_spherical": lambda factors: factors.unsqueeze(-1).unsqueeze(-1),
}
"""Scales or precision factors of each type as (..., K or 1, D, D) or (..., K or 1, D or 1)."""


def _keeps_its_digits(rows: PreparedRows, factors: Tensor, kind: CovarianceType) -> bool:
    """Whether Σ_ij |Λ_ij| |x_i| |x_j|, which bounds the terms that cancel, is small enough."""
    with torch.no_grad():
        if kind.has_matrices:
            largest = ((factors @ factors.mT).abs() @ rows.reach) @ rows.reach
        else:
            largest = (factors.square() * rows.reach.square()).sum(-1)
        limit = _ROUNDING[factors.dtype] / torch.finfo(factors.dtype).eps
        return bool((largest < limit).all())


def _expanded_square(
    rows: PreparedRows, means: Tensor, factors: Tensor, kind: CovarianceType
) -> Tensor:
    """xᵀΛx − 2 (Λμ)ᵀx + μᵀΛμ."""
    n_features = means.shape[-1]
    if not kind.has_matrices:
        precisions = factors.square()
        if precisions.shape[-1] == n_features:
            squares = precisions @ rows.squares
        else:
            squares = precisions * rows.squares.sum(0)
        scaled = precisions * means
    elif factors.shape[-3] == 1:
        whitened = factors.mT @ rows.columns
        squares = whitened.square().sum(-2)
        scaled = means @ (factors @ factors.mT).squeeze(-3)
    else:
        precisions = factors @ factors.mT
        squares = _quadratic_forms(rows, precisions)
        scaled = (precisions @ means.unsqueeze(-1)).squeeze(-1)
    return squares - 2 * (scaled @ rows.columns) + (scaled * means).sum(-1, keepdim=True)


def _quadratic_forms(rows: PreparedRows, precisions: Tensor) -> Tensor:
    """xᵀΛx for each of the matrices Λ (..., K, D, D), shape (..., K, N)."""
    n_features, n_rows = rows.columns.shape
    above = torch.triu_indices(n_features, n_features, device=precisions.device)
    twice = torch.where(above[0] == above[1], 1.0, 2.0).to(precisions.dtype)
    packed = precisions[..., above[0], above[1]] * twice
    limit = min(_STORED, n_rows * math.prod(precisions.shape[:-1]) - 1)
    if len(twice) * n_rows <= limit:
        return packed @ rows.products
    # Made anew, forward and backward, for a few rows at a time: cheap while they stay in the cache.
    parts = rows.columns.split(max(1, min(_CHUNK, limit) // len(twice)), dim=1)
    made = [
        checkpoint(_form, packed, part, use_reentrant=False, preserve_rng_state=False)
        for part in parts
    ]
    return torch.cat(made, dim=-1)


def _form(packed: Tensor, columns: Tensor) -> Tensor:
    return packed @ _products(columns)


def _products(columns: Tensor) -> Tensor:
    return torch.cat([column * columns[i:] for i, column in enumerate(columns)])


def _one_by_one(rows: PreparedRows, means: Tensor, factors: Tensor, kind: CovarianceType) -> Tensor:
    """‖Uᵀ(x − μ)‖², mean by mean: no terms that cancel, at the cost of a loop."""
    own = factors.dim() - (3 if kind.has_matrices else 2)  # the components' axis
    each = factors.expand(*factors.shape[:own], means.shape[-2], *factors.shape[own + 1 :])
    distances = []
    for mean, factor in zip(means.unbind(-2), each.unbind(own), strict=True):
        centred = rows.columns - mean.unsqueeze(-1)
        scaled = factor.mT @ centred if kind.has_matrices else factor.unsqueeze(-1) * centred
        distances.append(scaled.square().sum(-2))
    return torch.stack(distances, dim=-2)
