"""What an entry in the table of likelihoods says of itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from pyro.distributions.torch_distribution import TorchDistributionMixin
from torch import Tensor

from suite.vae.likelihoods.redrawing import BitStream

Parameters = tuple[Tensor, ...]
"""What a decoder gives: (logits,), each (…, D); or (loc, log_scale), of shapes (…, D) and ()."""

Kind = Literal["bits", "density", "none"]
"""Of what a score is a log probability: of bits (a mass), of real values such as grey pixels (a
density), or of nothing, where it is not normalised. Scores of two kinds never compare."""


@dataclass(frozen=True)
class Likelihood:
    """One way of scoring data x of shape (…, D), given what the decoder made of z.

    Parameters
    ----------
    name
        What `likelihood=` calls it.
    description
        One sentence for tables and captions.
    kind
        Of what `log_prob` is the normalised log probability; see `Kind`.
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
    kind: Kind
    learned_scale: bool
    log_prob: Callable[[Tensor, Parameters], Tensor]
    mean: Callable[[Parameters], Tensor]
    draw: Callable[[Parameters, torch.Generator], Tensor]
    distribution: Callable[[Parameters], TorchDistributionMixin]
    check_training: Callable[[Tensor], None]
    check_scoring: Callable[[Tensor], None]
    redraw: Callable[[Tensor, torch.Generator | BitStream], Tensor] | None
    start: Callable[[Tensor], tuple[Tensor, Tensor | None]]

    @property
    def is_density(self) -> bool:
        """Whether scores are normalised log probabilities, of mass or density, of the data.

        Where False, no score is a log-likelihood and none compares with one.
        """
        return self.kind != "none"
