"""Training as Pyro's tutorials have it: `SVI.step` with `pyro.optim.Adam`."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pyro
import torch
from pyro.infer import ELBO, SVI
from torch import Tensor

from suite.vae.learner import mean_loss
from suite.vae.pyro_model import VAEModel


class SVILearner:
    """One `pyro.optim.Adam`, which holds an optimizer of torch for each weight tensor.

    Its loss is the minibatch's sum, as Pyro's is, and Adam's ε is `batch_size` times its default:
    that takes the steps that a mean takes with the default, but for a last minibatch that is
    smaller and so counts less. Pyro's parameter store is this learner's own within an epoch, and
    as it was outside.

    Parameters
    ----------
    model
        With `register=True`.
    bound
        What is maximised.
    batch_size
        Data to a minibatch.
    session
        Entered for each epoch.
    """

    def __init__(
        self,
        model: VAEModel,
        bound: ELBO,
        *,
        batch_size: int,
        session: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._model = model
        self._optimizer = pyro.optim.Adam({"lr": 0.0, "eps": 1e-8 * batch_size})
        self._svi = SVI(model.model, model.guide, self._optimizer, bound)
        self._store: dict[str, Any] | None = None
        self._loaded: dict[str, dict[str, Tensor]] = {}
        self._session = session

    @torch.enable_grad()
    def epoch(self, batches: Iterable[Tensor], *, learning_rate: float, kl_weight: float) -> float:
        """See `suite.vae.learner.Learner.epoch`."""
        self._model.kl_weight = kl_weight
        self._optimizer.pt_optim_args["lr"] = learning_rate
        self._hand_over_loaded()
        for optimizer in self._optimizer.optim_objs.values():
            optimizer.param_groups[0]["lr"] = learning_rate
        losses, sizes = [], []
        with self._session(), pyro.get_param_store().scope(self._store) as self._store:
            for x in batches:
                losses.append(torch.tensor(self._svi.step(x) / len(x), dtype=torch.float64))
                sizes.append(len(x))
        return mean_loss(losses, sizes)

    def state(self) -> dict[str, Tensor]:
        """See `suite.vae.learner.Learner.state`: the moments and step counts of every optimizer."""
        with pyro.get_param_store().scope(self._store):
            states = self._optimizer.get_state()
        return {
            f"{name}/{part}": value.detach().cpu().clone()
            for name, state in states.items()
            for part, value in state["state"][0].items()
        }

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """See `suite.vae.learner.Learner.load_state`."""
        for key, value in state.items():
            name, _, part = key.rpartition("/")
            self._loaded.setdefault(name, {})[part] = value.clone()

    def _hand_over_loaded(self) -> None:
        """Give Pyro what was loaded, as the state dicts of optimizers at the present rate."""
        blank = torch.optim.Adam([torch.zeros(1)], **self._optimizer.pt_optim_args)
        groups = blank.state_dict()["param_groups"]
        self._optimizer.set_state(
            {
                name: {"state": {0: parts}, "param_groups": groups}
                for name, parts in self._loaded.items()
            }
        )
        self._loaded = {}
