"""Priors of a Gaussian mixture's parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyro.distributions as dist
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from suite.errors import InputError
from suite.gmm.covariance import covariance_type_named
from suite.gmm.covariance_type import CovarianceType
from suite.gmm.parameters import MixtureParameters


@dataclass(frozen=True, kw_only=True, eq=False)
class MixturePrior:
    """π ~ Dirichlet, μ ~ Normal, Σ = diag(σ) Ω Ωᵀ diag(σ) with σ ~ LogNormal, Ω ~ LKJ-Cholesky.

    All are independent. The sites of `GaussianMixtureModel` are

    - `weights`, π (K,): Dirichlet(concentration, …, concentration); no site if K = 1;
    - `locs`, μ (K, D): Normal(mean_loc, mean_scale), each entry on its own;
    - `scales`, σ: log σ ~ Normal(log_scale_loc, log_scale_scale); (K, D) for full and diag, (D,)
      for tied and tied_diag, (K,) for spherical and () for tied_spherical, for which log_scale_loc
      is the mean of the D given here;
    - `correlations`, Ω, the Cholesky factor of the correlations: LKJCholesky(correlations) of shape
      (K, D, D) for full and (D, D) for tied; no site for the other types or if D = 1 (Lewandowski,
      Kurowicka and Joe, 2009). Its density is over the entries of Ω below the diagonal.

    Parameters
    ----------
    mean_loc, mean_scale
        (D,), in the units of the data.
    log_scale_loc
        (D,), log of the units of the data: the median of σ is its exponential.
    log_scale_scale
        The standard deviation of log σ, one positive number.
    concentration
        Of the Dirichlet, at least 1. Below 1 its density is infinite where a weight is zero, so
        that a maximum a posteriori does not exist: any empty component reaches it.
    correlations
        Of the LKJ distribution, at least 1; 1 is uniform over correlation matrices.

    Raises
    ------
    InputError
        If a value is not as above.

    Examples
    --------
    >>> prior = MixturePrior.for_data([[0.0], [1.0], [2.0], [3.0]], 2)
    >>> float(prior.mean_loc[0]), round(float(prior.mean_scale[0]), 3)
    (1.5, 1.118)
    """

    mean_loc: np.ndarray
    mean_scale: np.ndarray
    log_scale_loc: np.ndarray
    log_scale_scale: float = 1.0
    concentration: float = 1.0
    correlations: float = 2.0

    def __post_init__(self) -> None:
        for name in ("mean_loc", "mean_scale", "log_scale_loc"):
            values = np.array(getattr(self, name), dtype=np.float64)
            values.flags.writeable = False
            object.__setattr__(self, name, values)
        _check(self)

    @classmethod
    def for_data(
        cls,
        X: ArrayLike,
        n_components: int,
        *,
        concentration: float = 1.0,
        correlations: float = 2.0,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """The default prior: weak, and in the units of the data.

        With m_d and s_d the mean and standard deviation of column d,

            μ_kd ~ Normal(m_d, s_d),  log σ_kd ~ Normal(log(s_d / K^(1/D)), 1):

        a mean lies where the data lie, and K components of the median size fill the data's volume,
        each scale within a factor of 7 (two standard deviations) of that. A rescaling of the data
        rescales the prior with it. A constant column counts as one of standard deviation 1.

        Parameters
        ----------
        X
            (N, D)
        n_components
            K.
        concentration, correlations
            As for `MixturePrior`.
        sample_weight
            (N,), by which the means and standard deviations are weighted; None: all equal.
        """
        rows = np.asarray(X, dtype=np.float64)
        if rows.ndim != 2 or not len(rows) or n_components < 1:
            raise InputError(
                "expected rows of shape (N, D) and n_components of at least 1, got an array of "
                f"shape {rows.shape} and {n_components}."
            )
        weights = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        mean = np.average(rows, axis=0, weights=weights)
        spread = np.sqrt(np.average((rows - mean) ** 2, axis=0, weights=weights))
        spread = np.where(spread > 0, spread, 1.0)
        return cls(
            mean_loc=mean,
            mean_scale=spread,
            log_scale_loc=np.log(spread) - np.log(n_components) / rows.shape[1],
            concentration=concentration,
            correlations=correlations,
        )

    @property
    def n_features(self) -> int:
        """D."""
        return len(self.mean_loc)

    def sites(
        self, kind: CovarianceType, n_components: int, *, like: Tensor
    ) -> dict[str, dist.TorchDistribution]:
        """The prior of every site by its name, in the order of the model.

        Parameters
        ----------
        kind
            The covariance type, which decides the shapes.
        n_components
            K.
        like
            A tensor of the dtype and on the device wanted.
        """
        loc, scale, log_loc = (
            torch.tensor(values, dtype=like.dtype, device=like.device)
            for values in (self.mean_loc, self.mean_scale, self.log_scale_loc)
        )
        shape = site_shapes(kind, n_components, self.n_features)
        if shape["scales"][-1:] != (self.n_features,) or kind.name == "spherical":
            log_loc = log_loc.mean()
        sites: dict[str, dist.TorchDistribution] = {}
        if "weights" in shape:
            sites["weights"] = dist.Dirichlet(loc.new_full(shape["weights"], self.concentration))
        sites["locs"] = dist.Normal(loc, scale).expand(shape["locs"]).to_event(2)
        log_normal = dist.LogNormal(log_loc, self.log_scale_scale)
        sites["scales"] = log_normal.expand(shape["scales"]).to_event(len(shape["scales"]))
        if "correlations" in shape:
            batch = shape["correlations"][:-2]
            concentration = loc.new_tensor(self.correlations)
            lkj = dist.LKJCholesky(self.n_features, concentration)
            sites["correlations"] = lkj.expand(batch).to_event(len(batch))
        return sites

    def log_density(self, parameters: MixtureParameters) -> float:
        """log p(π, μ, σ, Ω) at `parameters`, in nats: a total, over the sites' own coordinates."""
        kind = covariance_type_named(parameters.covariance_type)
        weights, means, covariances = (
            torch.tensor(values)
            for values in (parameters.weights, parameters.means, parameters.covariances)
        )
        values = site_values(kind, weights, means, kind.scales(covariances))
        sites = self.sites(kind, parameters.n_components, like=means)
        return float(sum(site.log_prob(values[name]) for name, site in sites.items()))


def site_shapes(
    kind: CovarianceType, n_components: int, n_features: int
) -> dict[str, tuple[int, ...]]:
    """The shape of every latent site that a mixture of this type and size has."""
    shape = kind.shape(n_components, n_features)
    shapes: dict[str, tuple[int, ...]] = {}
    if n_components > 1:
        shapes["weights"] = (n_components,)
    shapes["locs"] = (n_components, n_features)
    shapes["scales"] = shape[:-1] if kind.has_matrices else shape
    if kind.has_matrices and n_features > 1:
        shapes["correlations"] = shape
    return shapes


def site_values(
    kind: CovarianceType, weights: Tensor, locs: Tensor, scales: Tensor
) -> dict[str, Tensor]:
    """What the sites are at weights π, means μ and scales L (or σ); leading axes are kept."""
    values = {"weights": weights} if weights.shape[-1] > 1 else {}
    values["locs"] = locs
    if not kind.has_matrices:
        return values | {"scales": scales}
    lengths = scales.square().sum(-1).sqrt()
    values["scales"] = lengths
    if locs.shape[-1] > 1:
        values["correlations"] = scales / lengths.unsqueeze(-1)
    return values


def mixture_of_sites(
    kind: CovarianceType, values: Mapping[str, Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    """log π, μ and L (or σ) from the sites' values: the inverse of `site_values`."""
    locs, scales = values["locs"], values["scales"]
    if "weights" in values:
        weights = values["weights"]
        # A weight of zero would have no gradient; the smallest number is as good.
        log_weights = weights.clamp(min=torch.finfo(weights.dtype).tiny).log()
    else:
        log_weights = locs.new_zeros(locs.shape[:-1])
    if "correlations" in values:
        scales = scales.unsqueeze(-1) * values["correlations"]
    elif kind.has_matrices:  # one feature: a matrix of one entry
        scales = scales.unsqueeze(-1)
    return log_weights, locs, scales


def parameters_of_sites(values: Mapping[str, Tensor], kind: CovarianceType) -> MixtureParameters:
    """The mixture that one draw of the sites is; leading axes of length 1 are dropped."""
    n_components, n_features = values["locs"].shape[-2:]
    shapes = site_shapes(kind, n_components, n_features)
    one = {name: values[name].detach().cpu().double().reshape(shapes[name]) for name in shapes}
    log_weights, locs, scales = mixture_of_sites(kind, one)
    weights, covariances = log_weights.softmax(0), kind.covariances(scales)
    return MixtureParameters(weights.numpy(), locs.numpy(), covariances.numpy(), kind.name)


def _check(prior: MixturePrior) -> None:
    n_features = prior.mean_loc.shape
    shapes = {name: getattr(prior, name).shape for name in ("mean_scale", "log_scale_loc")}
    if len(n_features) != 1 or any(shape != n_features for shape in shapes.values()):
        raise InputError(
            "mean_loc, mean_scale and log_scale_loc must each have shape (D,), got "
            f"{n_features}, {shapes['mean_scale']} and {shapes['log_scale_loc']}."
        )
    values = (prior.mean_loc, prior.mean_scale, prior.log_scale_loc, prior.log_scale_scale)
    if not all(np.isfinite(value).all() for value in values):
        raise InputError("a prior's values must be finite, got NaN or infinity.")
    if not ((prior.mean_scale > 0).all() and prior.log_scale_scale > 0):
        raise InputError("mean_scale and log_scale_scale must be positive.")
    if not 1 <= prior.concentration < np.inf:
        raise InputError(
            f"concentration must be at least 1, got {prior.concentration}: below 1 the density "
            "is infinite where a weight is zero, and there is no maximum a posteriori."
        )
    if not 1 <= prior.correlations < np.inf:
        raise InputError(
            f"correlations must be at least 1, got {prior.correlations}: below 1 the density is "
            "infinite at perfect correlation, and there is no maximum a posteriori."
        )
