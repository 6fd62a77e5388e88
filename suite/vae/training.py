"""The training loop that both VAE twins and the plain autoencoder share.

Minibatch order, redrawn bits, epochs, schedules, early stopping, the callback, checkpoints and the
check for divergence are here, so that the twins differ in one thing only: how they compute the
loss of a minibatch.
"""

import math
from collections.abc import Callable, Iterator

from torch import Tensor

from suite.progress import Callback, notify
from suite.vae.checkpoint import Checkpoint
from suite.vae.course import Course, Plan
from suite.vae.learner import Learner, Loss
from suite.vae.likelihoods import is_bits
from suite.vae.networks import VAENetworks
from suite.vae.streams import Streams, minibatches

__all__ = ["Loss", "Plan", "Streams", "minibatches", "train"]


def train(
    networks: VAENetworks,
    learner: Learner,
    X: Tensor,
    *,
    plan: Plan,
    streams: Streams,
    course: Course | None = None,
    held_out: Callable[[], float] | None = None,
    checkpoint: Checkpoint | None = None,
    callback: Callback | None = None,
) -> Course:
    """Let `learner` train `networks` in place, epoch after epoch.

    Parameters
    ----------
    X
        All training data (N, D), where the networks are.
    course
        What an interrupted fit had done; None starts at the first epoch.
    held_out
        Scores the networks on held-out data after each epoch, in nats per datum.
    checkpoint
        Where to write down how far the fit has come.
    callback
        Called after each epoch with minus the epoch's mean loss and the live networks.

    Raises
    ------
    FloatingPointError
        If a loss or a weight is not finite.
    """
    course = Course() if course is None else course
    # On bits, drawing them anew would change nothing.
    redraws = networks.likelihood.redraw is not None and not is_bits(X)
    while not course.is_over(plan):
        epoch = course.n_epochs + 1
        batches = _batches(networks, X, plan.batch_size, streams, redraws)
        rate = plan.rate(epoch)
        networks.train()
        loss = learner.epoch(batches, learning_rate=rate, kl_weight=plan.kl_weight(epoch))
        networks.eval()
        _check_finite(-loss, networks, epoch, rate)
        course.objectives.append(-loss)
        if held_out is not None:
            course.note_held_out(held_out(), networks)
        stopped = notify(callback, epoch, -loss, lambda: networks)
        if checkpoint is not None and (stopped or checkpoint.is_due(course, plan)):
            checkpoint.write(course, networks, learner, streams)
        if stopped:
            break
    course.keep_best(networks)
    return course


def _batches(
    networks: VAENetworks, X: Tensor, batch_size: int, streams: Streams, redraws: bool
) -> Iterator[Tensor]:
    """The minibatches of one epoch, in a new order, with new bits where X is grey."""
    redraw = networks.likelihood.redraw if redraws else None
    for rows in minibatches(len(X), batch_size, streams.order, X.device):
        x = X.index_select(0, rows)
        yield x if redraw is None else redraw(x, streams.bits)


def _check_finite(
    objective: float, networks: VAENetworks, epoch: int, learning_rate: float
) -> None:
    finite = all(bool(weight.isfinite().all()) for weight in networks.parameters())
    if not (math.isfinite(objective) and finite):
        raise FloatingPointError(
            f"the fit diverged in epoch {epoch} (objective {objective:g} nats per datum); lower "
            f"learning_rate (now {learning_rate:g}) or bring the columns of X to a common scale."
        )
