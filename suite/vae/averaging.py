"""Weights averaged over the steps of a fit, which are scored in the place of the last step's.

A step by a minibatch's gradient overshoots as often as it falls short, and an average over the last
few thousand steps takes that noise out (Polyak and Juditsky 1992; as an exponential moving average
Kingma and Ba 2015, section 7.2).
"""

from collections.abc import Iterable, Iterator, Mapping

import torch
from torch import Tensor, nn

from suite.vae.learner import Learner

_STEPS, _PRESENT = "averaged steps", "present/"


class AveragingLearner:
    """Lets another learner take the steps, and leaves their average in the networks.

    After step t the networks hold, of the weights w_1, …, w_t that the steps led to,

        ā_t = Σ_s γ^(t−s) w_s / Σ_s γ^(t−s),  which is  ā_{t−1} + (1 − γ)/(1 − γ^t) (w_t − ā_{t−1});

    the starting weights have no share in it. Steps go on from w_t: the average changes none.

    Parameters
    ----------
    learner
        Who takes the steps. It must have taken one before it asks for the next minibatch.
    module
        Whose parameters it changes, in place. Buffers, as batch normalisation has them, are not
        averaged.
    decay
        γ in (0, 1): the average reaches back about 1/(1 − γ) steps.
    """

    def __init__(self, learner: Learner, module: nn.Module, *, decay: float) -> None:
        self._learner = learner
        self._decay = decay
        self._steps = 0
        self._names = [name for name, _ in module.named_parameters()]
        self._parameters = [parameter.detach() for parameter in module.parameters()]
        # Of present weights and average, what is not in the module.
        self._other = [parameter.clone() for parameter in self._parameters]

    def epoch(self, batches: Iterable[Tensor], *, learning_rate: float, kl_weight: float) -> float:
        """See `suite.vae.learner.Learner.epoch`; the loss is that of the weights of each step."""
        self._exchange()
        loss = self._learner.epoch(
            self._averaging_after_each(batches), learning_rate=learning_rate, kl_weight=kl_weight
        )
        self._exchange()
        return loss

    def state(self) -> dict[str, Tensor]:
        """See `suite.vae.learner.Learner.state`: the learner's, and the last step's weights."""
        present = {
            _PRESENT + name: value.cpu().clone()
            for name, value in zip(self._names, self._other, strict=True)
        }
        return self._learner.state() | present | {_STEPS: torch.tensor(self._steps)}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """See `suite.vae.learner.Learner.load_state`."""
        inner = dict(state)
        self._steps = int(inner.pop(_STEPS))
        for name, value in zip(self._names, self._other, strict=True):
            value.copy_(inner.pop(_PRESENT + name))
        self._learner.load_state(inner)

    def _averaging_after_each(self, batches: Iterable[Tensor]) -> Iterator[Tensor]:
        for batch in batches:
            yield batch
            self._steps += 1
            share = (1 - self._decay) / (1 - self._decay**self._steps)
            torch._foreach_lerp_(self._other, self._parameters, share)

    def _exchange(self) -> None:
        for mine, other in zip(self._parameters, self._other, strict=True):
            kept = mine.clone()
            mine.copy_(other)
            other.copy_(kept)
