"""What each kind of inference climbs: a model, a guide, an ELBO and the parameters to move."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from pyro.infer import ELBO, Trace_ELBO, TraceEnum_ELBO
from torch import Tensor, nn

from suite.gmm.parameters import MixtureParameters, MixtureState
from suite.gmm.prior import MixturePrior
from suite.gmm.pyro_model import GaussianMixtureModel
from suite.gmm.start_coordinates import ComponentCoordinates, FeatureCoordinates
from suite.gmm.variational import NormalGuide, PointGuide

_GUIDE_SPEED = 10.0  # the network's step size in units of the mixture's: q has to keep up with θ


@dataclass(frozen=True)
class Wanted:
    """What an estimator asks for.

    Parameters
    ----------
    start
        Where to begin.
    n_rows
        N, or the sum of the rows' weights.
    prior
        Of the parameters; None for maximum likelihood.
    hidden_dims
        Widths of an amortised posterior's network; None for the exact posterior.
    n_particles
        How many draws of the parameters variational Bayes averages over.
    learning_rate
        Adam's first step size.
    random
        For the network and the draws.
    dtype, device
        Of everything.
    """

    start: MixtureParameters
    n_rows: float
    prior: MixturePrior | None
    hidden_dims: Sequence[int] | None
    n_particles: int
    learning_rate: float
    random: np.random.RandomState
    dtype: torch.dtype
    device: torch.device


@dataclass(frozen=True, eq=False)
class Climb:
    """An objective as Pyro takes it, and how to read off what has been learned.

    Parameters
    ----------
    mixture
        The Pyro model.
    model, guide, elbo
        What `elbo.differentiable_loss` is called with.
    own
        The mixture's free parameters.
    groups
        All parameters to move, as torch's optimizers take them.
    parameters
        Gives the mixture learned so far.
    learned_guide
        What of the guide is worth keeping: an amortised network, or q over the parameters.
    """

    mixture: GaussianMixtureModel
    model: Callable[..., Any]
    guide: Callable[..., Any]
    elbo: ELBO
    own: list[nn.Parameter]
    groups: list[dict[str, Any]]
    parameters: Callable[[], MixtureParameters]
    learned_guide: nn.Module | None = None

    def loss(self, X: Tensor, sample_weight: Tensor | None, subsample: Tensor | None) -> Tensor:
        """−ELBO, a total over all rows, estimated from those of `subsample` if given."""
        loss: Tensor = self.elbo.differentiable_loss(
            self.model, self.guide, X, sample_weight=sample_weight, subsample=subsample
        )
        return loss

    def state(self, X: Tensor) -> MixtureState:
        """The mixture learned so far, and the network's q(z | x) of all rows if there is one."""
        network = self.mixture.network
        if network is None:
            return MixtureState(self.parameters())
        with torch.no_grad():
            q = network(X).softmax(1)
        return MixtureState(self.parameters(), q.cpu().numpy())


def _maximum_likelihood(wanted: Wanted) -> Climb:
    mixture = _mixture(wanted)
    own = mixture.own_parameters()
    groups: list[dict[str, Any]] = [{"params": own}]
    if mixture.network is None:  # z summed out in closed form: Pyro has nothing to enumerate
        return Climb(
            mixture,
            mixture.marginal,
            mixture.guide,
            Trace_ELBO(max_plate_nesting=1),
            own,
            groups,
            mixture.to_parameters,
        )
    speed = _GUIDE_SPEED * wanted.learning_rate
    groups.append({"params": list(mixture.network.parameters()), "lr": speed})
    elbo = TraceEnum_ELBO(max_plate_nesting=1)
    return Climb(
        mixture,
        mixture.model,
        mixture.guide,
        elbo,
        own,
        groups,
        mixture.to_parameters,
        mixture.network,
    )


def _maximum_a_posteriori(wanted: Wanted) -> Climb:
    mixture = _mixture(wanted)
    coordinates = ComponentCoordinates(wanted.start, dtype=wanted.dtype)
    guide = PointGuide(coordinates.to(wanted.device))
    elbo = Trace_ELBO(max_plate_nesting=1)
    return _over_parameters(mixture, guide, elbo, None)


def _variational_bayes(wanted: Wanted) -> Climb:
    guide = NormalGuide(
        FeatureCoordinates(wanted.start, dtype=wanted.dtype).to(wanted.device),
        n_rows=wanted.n_rows,
        n_particles=wanted.n_particles,
        random_state=wanted.random,
    ).to(wanted.device)
    elbo = Trace_ELBO(
        num_particles=wanted.n_particles, vectorize_particles=True, max_plate_nesting=1
    )
    return _over_parameters(_mixture(wanted), guide, elbo, guide)


INFERENCES: dict[str, Callable[[Wanted], Climb]] = {
    "mle": _maximum_likelihood,
    "map": _maximum_a_posteriori,
    "vb": _variational_bayes,
}
"""Every kind of inference by name."""


def _over_parameters(
    mixture: GaussianMixtureModel,
    guide: PointGuide | NormalGuide,
    elbo: ELBO,
    learned: nn.Module | None,
) -> Climb:
    own = list(guide.parameters())
    return Climb(
        mixture,
        mixture.marginal,
        guide,
        elbo,
        own,
        [{"params": own}],
        guide.to_parameters,
        learned,
    )


def _mixture(wanted: Wanted) -> GaussianMixtureModel:
    start = wanted.start
    mixture = GaussianMixtureModel(
        start.n_components,
        start.n_features,
        covariance_type=start.covariance_type,
        initial=start,
        guide_hidden_dims=wanted.hidden_dims,
        random_state=wanted.random,
        prior=wanted.prior,
        dtype=wanted.dtype,
    )
    return mixture.to(wanted.device)
