"""A Gaussian mixture as a Pyro model, to import into one's own Pyro code."""

from collections.abc import Sequence
from itertools import count

import numpy as np
import pyro
import pyro.distributions as dist
import torch
from sklearn.utils import check_random_state
from torch import Tensor, nn

from suite.gmm.amortised import AssignmentNetwork
from suite.gmm.assigned_normal import AssignedNormal
from suite.gmm.checks import check_start
from suite.gmm.covariance import covariance_type_named
from suite.gmm.parameters import MixtureParameters
from suite.random import RandomState

_numbers = count()


class GaussianMixtureModel(nn.Module):
    """p(x, z) = π_z N(x | μ_z, Σ_z) with learnable π, μ, Σ, and a guide for z.

    `model` and `guide` are ordinary Pyro functions for any algorithm of `pyro.infer`. The
    assignments z are marked for enumeration, so that with `TraceEnum_ELBO` the loss is exact:

    - without `guide_hidden_dims` the guide is empty, z is summed out of the model, and the ELBO is
      the log-likelihood (its q is the exact posterior): maximum likelihood;
    - with it the guide is q(z | x) = Categorical(softmax(network(x))), summed exactly as well: an
      amortised posterior, whose ELBO is below the log-likelihood by the mean KL(q ‖ p(z | x)).

    The parameters are free real numbers in the units of the start: π = softmax(logits),
    μ_k = μ⁰_k + L⁰_k a_k and L_k = L⁰_k B_k with Σ_k = L_k L_kᵀ, B_k lower triangular with diagonal
    exp(·), a_k = 0 and B_k = I at the start. So one step size suits badly scaled data, no
    covariance ever fails to be positive definite, and the densities stay on the scale of x.

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
    name
        What the parameters are called in Pyro's parameter store, before a dot. None: a name that no
        other model of this process has, so that models live side by side.
    dtype
        Of the parameters; x must have the same.

    Raises
    ------
    InputError
        If the covariance type is unknown or `initial` has a collapsed covariance.

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
        self.network = (
            None
            if guide_hidden_dims is None
            else AssignmentNetwork(initial, guide_hidden_dims, random_state=random, dtype=dtype)
        )

    def model(self, x: Tensor | None = None, n_samples: int = 1) -> Tensor:
        """z ~ Categorical(π), x ~ N(μ_z, Σ_z) for each row.

        Parameters
        ----------
        x
            (N, D). None: draw `n_samples` rows.

        Returns
        -------
        x, given or drawn.
        """
        logits, locs, scales = self._registered()
        with pyro.plate("data", n_samples if x is None else len(x)):
            z = pyro.sample("z", dist.Categorical(logits=logits), infer={"enumerate": "parallel"})
            component = AssignedNormal(z, locs, scales, self.kind)
            return pyro.sample("x", component, obs=x)

    def guide(self, x: Tensor | None = None, n_samples: int = 1) -> None:
        """q(z | x): empty without a network, for then z is summed out of the model."""
        if self.network is None or x is None:
            return
        network = pyro.module(f"{self.name}.network", self.network)
        with pyro.plate("data", len(x)):
            q = dist.Categorical(logits=network(x))
            pyro.sample("z", q, infer={"enumerate": "parallel"})

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

    def to_parameters(self) -> MixtureParameters:
        """What has been learned so far."""
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

    def _registered(self) -> tuple[Tensor, Tensor, Tensor]:
        logits, free_means, free_scales = (
            pyro.param(f"{self.name}.{name}", getattr(self, name))
            for name in ("logits", "free_means", "free_scales")
        )
        return self._constrained(logits, free_means, free_scales)

    def _constrained(
        self, logits: Tensor, free_means: Tensor, free_scales: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        locs = self.kind.shift(self.start_means, self.start_scales, free_means)
        return logits, locs, self.kind.stretch(self.start_scales, free_scales)


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
