"""A Gaussian mixture as a Pyro model, to import into one's own Pyro code."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from typing import Self

import numpy as np
import pyro
import pyro.distributions as dist
import torch
from pyro import poutine
from sklearn.utils import check_random_state
from torch import Tensor, nn

from suite.errors import InputError
from suite.gmm.amortised import AssignmentNetwork
from suite.gmm.assigned_normal import AssignedNormal
from suite.gmm.checks import check_start
from suite.gmm.covariance import covariance_type_named
from suite.gmm.log_table import PreparedRows
from suite.gmm.mixture_of_normals import MixtureOfNormals
from suite.gmm.parameters import MixtureParameters
from suite.gmm.prior import MixturePrior, mixture_of_sites, parameters_of_sites, site_values
from suite.random import RandomState

_numbers = count()


class GaussianMixtureModel(nn.Module):
    """p(x, z) = π_z N(x | μ_z, Σ_z) with learnable or random π, μ, Σ, and a guide for z.

    `model`, `marginal` and `guide` are ordinary Pyro functions for any algorithm of `pyro.infer`:
    `model` has the assignments z as a site, marked for enumeration, `marginal` sums them out in
    closed form. Their joint densities are the same, and both are exact.

    Without a prior, π, μ and Σ are parameters, which an ELBO moves to maximum likelihood:

    - without `guide_hidden_dims` the guide is empty, z is summed out, and the ELBO is the
      log-likelihood (its q is the exact posterior);
    - with it the guide is q(z | x) = Categorical(softmax(network(x))), summed exactly as well
      (`TraceEnum_ELBO` on `model`): an amortised posterior, whose ELBO is below the log-likelihood
      by the mean KL(q ‖ p(z | x)).

    The parameters are free real numbers in the units of the start: π = softmax(logits),
    μ_k = μ⁰_k + L⁰_k a_k and L_k = L⁰_k B_k with Σ_k = L_k L_kᵀ, B_k lower triangular with diagonal
    exp(·), a_k = 0 and B_k = I at the start. So one step size suits badly scaled data, no
    covariance ever fails to be positive definite, and the densities stay on the scale of x.

    With a prior they are latent sites instead, `weights`, `locs`, `scales` and `correlations`
    (`MixturePrior`), for a guide over them (`PointGuide`, `NormalGuide`, or Pyro's own), NUTS,
    `Predictive` and `infer_discrete`; `start_sites` gives a value to begin at.

    Parameters
    ----------
    n_components
        K.
    n_features
        D.
    covariance_type
        "full", "tied", "diag", "spherical", "tied_diag" or "tied_spherical".
    initial
        Where to start. None: equal weights, means drawn from N(0, I), unit covariances, which suits
        standardised data.
    guide_hidden_dims
        None: no guide. Else the widths of the hidden layers of the guide's network; () is a
        linear one.
    random_state
        For the means where there is no `initial`, and for the network.
    prior
        Of π, μ and Σ, which are then latent sites. None: they are parameters.
    name
        What the parameters are called in Pyro's parameter store, before a dot. None: a name that no
        other model of this process has, so that models live side by side.
    dtype
        Of the parameters; x must have the same.

    Raises
    ------
    InputError
        If the covariance type is unknown, `initial` has a collapsed covariance, or the prior is for
        another number of features.

    Examples
    --------
    >>> from pyro.infer import SVI, TraceEnum_ELBO
    >>> from pyro.optim import Adam
    >>> x = torch.tensor([[-2.0], [-1.9], [2.0], [2.1]], dtype=torch.float64)
    >>> mixture = GaussianMixtureModel(2, 1, random_state=0)
    >>> svi = SVI(mixture.model, mixture.guide, Adam({"lr": 0.1}), TraceEnum_ELBO())
    >>> first, *_, last = [svi.step(x) for _ in range(100)]
    >>> last < first
    True
    >>> pyro.clear_param_store()

    The same definition under a prior, here for NUTS:

    >>> from pyro.infer import MCMC, NUTS
    >>> from pyro.infer.autoguide import init_to_value
    >>> prior = MixturePrior.for_data(x, 2)
    >>> start = MixtureParameters([0.5, 0.5], [[-2.0], [2.0]], 0.25, "tied_spherical")
    >>> mixture = GaussianMixtureModel(
    ...     2, 1, covariance_type="tied_spherical", initial=start, prior=prior
    ... )
    >>> begin = init_to_value(values=mixture.start_sites())
    >>> nuts = NUTS(mixture.marginal, init_strategy=begin)
    >>> with torch.random.fork_rng():
    ...     sampler = MCMC(nuts, num_samples=5, warmup_steps=5, disable_progbar=True)
    ...     sampler.run(x)
    >>> tuple(sampler.get_samples()["locs"].shape)
    (5, 2, 1)
    """

    start_means: Tensor
    start_scales: Tensor

    def __init__(
        self,
        n_components: int,
        n_features: int,
        *,
        covariance_type: str = "full",
        initial: MixtureParameters | None = None,
        guide_hidden_dims: Sequence[int] | None = None,
        random_state: RandomState = None,
        prior: MixturePrior | None = None,
        name: str | None = None,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__()
        random = check_random_state(random_state)
        self.name = f"gaussian_mixture_{next(_numbers)}" if name is None else name
        self.kind = covariance_type_named(covariance_type)
        if initial is None:
            initial = _standard_start(n_components, n_features, covariance_type, random)
        check_start(initial, n_components, n_features, covariance_type)
        self._set_start(initial, dtype)
        self.prior = prior
        if prior is not None and prior.n_features != n_features:
            raise InputError(
                f"the prior is for {prior.n_features} features, the model for {n_features}; make "
                "one with MixturePrior.for_data."
            )
        self._sites: dict[str, dist.TorchDistribution] | None = None
        self._prepared: PreparedRows | None = None
        self.network = (
            None
            if guide_hidden_dims is None
            else AssignmentNetwork(initial, guide_hidden_dims, random_state=random, dtype=dtype)
        )

    def model(
        self,
        x: Tensor | None = None,
        n_samples: int = 1,
        *,
        sample_weight: Tensor | None = None,
        batch_size: int | None = None,
        subsample: Tensor | None = None,
    ) -> Tensor:
        """z ~ Categorical(π), x ~ N(μ_z, Σ_z) for each row, after θ ~ prior if there is one.

        Parameters
        ----------
        x
            (N, D). None: draw `n_samples` rows.
        n_samples
            How many rows to draw where there are none.
        sample_weight
            (N,), not negative: how often each row counts. Pyro cannot weight rows whose z it
            enumerates, and so z is summed out here, as in `marginal`: the site is gone.
        batch_size
            How many rows to draw, without replacement, by `pyro.plate`, which scales the densities
            by N / batch_size. None: all.
        subsample
            The indices (batch_size,) of these rows, where the choice is the caller's.

        Returns
        -------
        x, given or drawn.
        """
        if sample_weight is not None:
            return self.marginal(
                x,
                n_samples,
                sample_weight=sample_weight,
                batch_size=batch_size,
                subsample=subsample,
            )
        log_weights, locs, scales = self._components()
        with self._plate(x, n_samples, batch_size, subsample) as rows:
            z = pyro.sample(
                "z", dist.Categorical(logits=log_weights), infer={"enumerate": "parallel"}
            )
            component = AssignedNormal(z, locs, scales, self.kind, prepared=self._prepared)
            return pyro.sample("x", component, obs=_taken(x, rows))

    def marginal(
        self,
        x: Tensor | None = None,
        n_samples: int = 1,
        *,
        sample_weight: Tensor | None = None,
        batch_size: int | None = None,
        subsample: Tensor | None = None,
    ) -> Tensor:
        """The same model with z summed out in closed form: x ~ Σ_k π_k N(μ_k, Σ_k).

        It needs no enumeration, so that any algorithm takes it and `Trace_ELBO` costs little: use
        it for NUTS, guides of one's own and sample weights, and `model` where z is wanted.
        Arguments and result are those of `model`.
        """
        log_weights, locs, scales = self._components()
        mixture = MixtureOfNormals(log_weights, locs, scales, self.kind, prepared=self._prepared)
        with self._plate(x, n_samples, batch_size, subsample) as rows:
            if sample_weight is None:
                return pyro.sample("x", mixture, obs=_taken(x, rows))
            # Pyro wants scales above zero: this one takes part by less than any rounding.
            weights = sample_weight.clamp(min=torch.finfo(sample_weight.dtype).tiny)
            with poutine.scale(scale=_taken(weights, rows)):
                return pyro.sample("x", mixture, obs=_taken(x, rows))

    def guide(
        self,
        x: Tensor | None = None,
        n_samples: int = 1,
        *,
        sample_weight: Tensor | None = None,
        batch_size: int | None = None,
        subsample: Tensor | None = None,
    ) -> None:
        """q(z | x): empty without a network, for then z is summed out of the model."""
        if self.network is None or x is None:
            return
        if sample_weight is not None:
            raise InputError(
                "an amortised guide takes no sample_weight: Pyro cannot weight rows whose z it "
                "enumerates; leave out guide_hidden_dims, or repeat the rows."
            )
        network = pyro.module(f"{self.name}.network", self.network)
        with self._plate(x, n_samples, batch_size, subsample) as rows:
            q = dist.Categorical(logits=network(_taken(x, rows)))
            pyro.sample("z", q, infer={"enumerate": "parallel"})

    @contextmanager
    def prepared(self, x: Tensor) -> Iterator[None]:
        """Within this context, steps on this very `x` reuse what depends on the rows alone.

        That is a fit's larger part where it takes many steps on the same rows; `x` must not change.
        """
        self._prepared = PreparedRows(x)
        try:
            yield
        finally:
            self._prepared = None

    def start_sites(self) -> dict[str, Tensor]:
        """The latent sites' values at the start: for `init_to_value`, with a prior."""
        with torch.no_grad():
            return site_values(
                self.kind, self.logits.softmax(0), self.start_means, self.start_scales
            )

    def tensors(self) -> tuple[Tensor, Tensor, Tensor]:
        """log π (K,), μ (K, D) and Σ in the shape of its type, differentiable."""
        _, locs, scales = self._constrained(self.logits, self.free_means, self.free_scales)
        return self.logits.log_softmax(0), locs, self.kind.covariances(scales)

    def own_parameters(self) -> list[nn.Parameter]:
        """The mixture's free parameters, without the guide's network."""
        return [self.logits, self.free_means, self.free_scales]

    def scales(self) -> Tensor:
        """L with Σ = L Lᵀ, or σ, differentiable."""
        return self.kind.stretch(self.start_scales, self.free_scales)

    def to_parameters(self, sites: Mapping[str, Tensor] | None = None) -> MixtureParameters:
        """The mixture that has been learned so far.

        Parameters
        ----------
        sites
            With a prior: one draw of the latent sites, from a guide, NUTS or the prior. None: the
            free parameters of maximum likelihood, which under a prior stay at the start.
        """
        if sites is not None:
            return parameters_of_sites(sites, self.kind)
        with torch.no_grad():
            log_weights, means, covariances = self.tensors()
        weights = log_weights.cpu().double().exp()
        return MixtureParameters(
            (weights / weights.sum()).numpy(),
            means.cpu().numpy(),
            covariances.cpu().numpy(),
            self.kind.name,
        )

    def _set_start(self, initial: MixtureParameters, dtype: torch.dtype) -> None:
        weights, means, covariances = (
            torch.tensor(values, dtype=dtype)
            for values in (initial.weights, initial.means, initial.covariances)
        )
        scales = self.kind.scales(covariances)
        self.register_buffer("start_means", means)
        self.register_buffer("start_scales", scales)
        # A weight of zero would be a logit of −∞, from which no gradient leads back.
        self.logits = nn.Parameter(weights.clamp(min=torch.finfo(dtype).tiny).log())
        # Contiguous: Pyro's parameter store would train a contiguous copy of any other layout.
        self.free_means = nn.Parameter(torch.zeros(means.shape, dtype=dtype))
        self.free_scales = nn.Parameter(torch.zeros(scales.shape, dtype=dtype))

    def _components(self) -> tuple[Tensor, Tensor, Tensor]:
        """log π (up to a constant), μ and L or σ: parameters, or draws from the prior."""
        if self.prior is None:
            logits, free_means, free_scales = (
                pyro.param(f"{self.name}.{name}", getattr(self, name))
                for name in ("logits", "free_means", "free_scales")
            )
            return self._constrained(logits, free_means, free_scales)
        if self._sites is None:  # making them at every step would cost as much as the densities
            self._sites = self.prior.sites(self.kind, len(self.start_means), like=self.start_means)
        values = {site: pyro.sample(site, prior) for site, prior in self._sites.items()}
        return mixture_of_sites(self.kind, values)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        self._sites = None  # to be made anew in the new dtype or on the new device
        moved: Self = super()._apply(fn, recurse)
        return moved

    def _plate(
        self,
        x: Tensor | None,
        n_samples: int,
        batch_size: int | None,
        subsample: Tensor | None,
    ) -> AbstractContextManager[Tensor]:
        size = n_samples if x is None else len(x)
        plate: AbstractContextManager[Tensor] = pyro.plate(
            "data", size, subsample_size=batch_size, subsample=subsample
        )
        return plate

    def _constrained(
        self, logits: Tensor, free_means: Tensor, free_scales: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        locs = self.kind.shift(self.start_means, self.start_scales, free_means)
        return logits, locs, self.kind.stretch(self.start_scales, free_scales)


def _taken(values: Tensor | None, rows: Tensor) -> Tensor | None:
    # All rows are handed on as they are: what was prepared for them is known by identity.
    return values if values is None or len(rows) == len(values) else values[rows]


def _standard_start(
    n_components: int, n_features: int, covariance_type: str, random: np.random.RandomState
) -> MixtureParameters:
    covariances = np.ones(covariance_type_named(covariance_type).shape(n_components, n_features))
    if covariance_type_named(covariance_type).has_matrices:
        covariances = covariances * np.eye(n_features)
    return MixtureParameters(
        np.full(n_components, 1 / n_components),
        random.standard_normal((n_components, n_features)),
        covariances,
        covariance_type,
    )
