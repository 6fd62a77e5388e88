"""Pyro's importance-weighted bound, as a loss to differentiate."""

import math
from collections.abc import Callable
from typing import Any

import torch
from pyro.infer import RenyiELBO
from pyro.infer.util import get_dependent_plate_dims, torch_sum
from torch import Tensor


class ImportanceWeightedELBO(RenyiELBO):
    """`RenyiELBO(alpha=0)` for programs that reparameterise every latent site.

    Pyro's own calls `backward` itself, and only for weights that its parameter store holds. This
    gives the loss to a torch optimizer:  −Σ_b log 1/K Σ_k w_kb  over the rows b of the plates that
    all sites share. Value and gradient are the same, for the derivative of a log-sum-exp are the
    normalised weights that Pyro multiplies by.

    Parameters
    ----------
    num_particles, max_plate_nesting, vectorize_particles
        As Pyro's.
    """

    def __init__(
        self,
        num_particles: int = 2,
        max_plate_nesting: float = math.inf,
        vectorize_particles: bool = False,
    ) -> None:
        super().__init__(
            alpha=0,
            num_particles=num_particles,
            max_plate_nesting=max_plate_nesting,
            vectorize_particles=vectorize_particles,
        )

    def differentiable_loss(
        self, model: Callable[..., Any], guide: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Tensor:
        """Minus the bound, summed over rows, in nats."""
        particles = [
            _log_weights(*traces) for traces in self._get_traces(model, guide, args, kwargs)
        ]
        together = self.vectorize_particles and self.num_particles > 1
        log_w = particles[0] if together else torch.stack(particles)
        return -(log_w.logsumexp(0) - math.log(self.num_particles)).sum()


def _log_weights(model_trace: Any, guide_trace: Any) -> Tensor:
    """log p(x, z) − log q(z | x) by row, and by particle where those are in a plate."""
    sum_dims = get_dependent_plate_dims(model_trace.nodes.values())
    total = torch.zeros(())
    for trace, sign in ((model_trace, 1), (guide_trace, -1)):
        for site in trace.nodes.values():
            if site["type"] == "sample":
                total = total + sign * torch_sum(site["log_prob"], sum_dims)
    return total
