"""Pyro's mean-field bound without what it computes and then leaves out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from pyro import poutine
from pyro.infer import TraceMeanField_ELBO
from pyro.infer.util import is_validation_enabled
from pyro.poutine import Trace
from pyro.poutine.util import prune_subsample_sites
from torch import Tensor


class ClosedFormELBO(TraceMeanField_ELBO):
    """`TraceMeanField_ELBO` for programs whose every divergence has a closed form.

    Pyro's own takes log p(z) and log q(z) at each latent site and the parts of a score function,
    in case that a divergence has none; then it adds up closed forms and log p(x). This takes
    log p(x) alone; the divergences, the sum and the checks, where they are on, are Pyro's.

    Raises
    ------
    KeyError
        By its loss, where a divergence has no closed form; take `TraceMeanField_ELBO` there.
    """

    def differentiable_loss(
        self, model: Callable[..., Any], guide: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Tensor:
        """Minus the bound, summed over rows, in nats: one tensor, that torch.jit can trace too."""
        # Pyro adds the surrogate's gradient to a number read out, which tracing would fix.
        total = torch.zeros(())
        for traces in self._get_traces(model, guide, args, kwargs):
            _, loss = self._differentiable_loss_particle(*traces)
            total = total + loss / self.num_particles
        return total

    def _get_trace(
        self,
        model: Callable[..., Any],
        guide: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> tuple[Trace, Trace]:
        if is_validation_enabled():
            checked: tuple[Trace, Trace] = super()._get_trace(model, guide, args, kwargs)
            return checked
        guide_trace = poutine.trace(guide).get_trace(*args, **kwargs)
        replayed = poutine.replay(model, trace=guide_trace)
        model_trace = poutine.trace(replayed).get_trace(*args, **kwargs)
        guide_trace, model_trace = map(prune_subsample_sites, (guide_trace, model_trace))
        model_trace.compute_log_prob(lambda name, site: site["is_observed"])
        return model_trace, guide_trace
