"""How long a fit goes on, at which rates, and what it has done so far."""

from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor

from suite.vae.networks import VAENetworks, copy_weights, load_weights


@dataclass(frozen=True)
class Plan:
    """What a fit is to do.

    Parameters
    ----------
    max_epochs, batch_size
        Passes over the data, and data per step.
    learning_rate
        The optimizer's, before `factor`.
    factor
        Of the learning rate, by epoch.
    kl_warm_up
        Epochs in which the weight of the divergence rises to 1.
    patience
        Epochs without a better held-out score after which the fit ends; None for never.
    """

    max_epochs: int
    batch_size: int
    learning_rate: float
    factor: Callable[[int], float] = lambda epoch: 1.0
    kl_warm_up: int = 0
    patience: int | None = None

    def rate(self, epoch: int) -> float:
        """The learning rate in an epoch, counted from 1."""
        return self.learning_rate * self.factor(epoch)

    def kl_weight(self, epoch: int) -> float:
        """β = min(1, epoch / kl_warm_up) (Sønderby et al. 2016, section 2.3).

        Examples
        --------
        >>> plan = Plan(max_epochs=9, batch_size=1, learning_rate=1.0, kl_warm_up=4)
        >>> [plan.kl_weight(epoch) for epoch in (1, 2, 4, 5)]
        [0.25, 0.5, 1.0, 1.0]
        """
        return min(1.0, epoch / self.kl_warm_up) if self.kl_warm_up else 1.0


@dataclass
class Course:
    """What a fit has done so far.

    Parameters
    ----------
    objectives
        Minus the mean training loss of each epoch, in nats per datum.
    held_out
        The score of the held-out data after each epoch, in nats per datum; empty without any.
    best
        The weights of the epoch with the best held-out score; empty without any.
    """

    objectives: list[float] = field(default_factory=list)
    held_out: list[float] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)

    @property
    def n_epochs(self) -> int:
        """Epochs done."""
        return len(self.objectives)

    @property
    def best_epoch(self) -> int:
        """The epoch, counted from 1, with the best held-out score; the last one without any."""
        if not self.held_out:
            return self.n_epochs
        return 1 + max(range(len(self.held_out)), key=self.held_out.__getitem__)

    def is_over(self, plan: Plan) -> bool:
        """Whether the plan asks for no further epoch."""
        tired = plan.patience is not None and self.n_epochs - self.best_epoch >= plan.patience
        return self.n_epochs >= plan.max_epochs or tired

    def note_held_out(self, score: float, networks: VAENetworks) -> None:
        """Take down the held-out score of the epoch just done, and its weights if it leads."""
        self.held_out.append(score)
        if self.best_epoch == len(self.held_out):
            self.best = copy_weights(networks)

    def keep_best(self, networks: VAENetworks) -> None:
        """Put the best epoch's weights into `networks`, if any were held out."""
        if self.best:
            load_weights(networks, self.best)
