"""The best Gaussian posterior for each datum on its own, as no encoder need reach it."""

import math

import torch
from torch import Tensor

from suite.evaluation.latent_model import LatentModel
from suite.evaluation.noise import DatumNoise

DRAWS_PER_STEP = 16
"""Draws of z per datum and gradient step, half of them the mirror image of the other half."""


def refined_posteriors(
    networks: LatentModel, x: Tensor, noise: DatumNoise, *, n_steps: int, learning_rate: float
) -> tuple[Tensor, Tensor]:
    """loc and scale (N, J) of q*(z) = N(loc, diag(scale²)) that maximise each datum's ELBO.

    Adam climbs from the encoder's output, in units of the encoder's scale, with a learning rate
    that falls to 0 as half a cosine and fresh noise in every step. The gradient is the pathwise
    one of log p(x, z) − log q(z) with q's own parameters held fixed in its density, which has the
    same mean and no variance where q is the exact posterior (Roeder, Wu and Duvenaud 2017).

    Parameters
    ----------
    x
        (N, D), each datum's problem being its own.
    noise
        A stream for each.
    """
    with torch.no_grad():
        first_loc, first_scale = networks.encode(x)
    shift = torch.zeros_like(first_loc, requires_grad=True)
    stretch = torch.zeros_like(first_loc, requires_grad=True)
    optimizer = torch.optim.Adam([shift, stretch], lr=learning_rate)
    for step in range(n_steps):
        optimizer.param_groups[0]["lr"] = (
            0.5 * learning_rate * (1 + math.cos(math.pi * step / n_steps))
        )
        loc, scale = first_loc + first_scale * shift, first_scale * stretch.exp()
        half = noise.normal(DRAWS_PER_STEP // 2, loc.shape[-1])
        loss = -_bound(networks, x, loc, scale, torch.cat([half, -half], dim=1)).sum()
        # Of these two alone: the networks' own gradients are not touched.
        shift.grad, stretch.grad = torch.autograd.grad(loss, (shift, stretch))
        optimizer.step()
    with torch.no_grad():
        return first_loc + first_scale * shift, first_scale * stretch.exp()


def _bound(networks: LatentModel, x: Tensor, loc: Tensor, scale: Tensor, epsilon: Tensor) -> Tensor:
    """The ELBO up to a constant, (N,), with the gradient described above."""
    z = loc[:, None] + scale[:, None] * epsilon
    own = (z - loc.detach()[:, None]) / scale.detach()[:, None]
    log_ratio = 0.5 * (own.square() - z.square()).sum(-1)
    return (networks.log_likelihood(x[:, None], z) + log_ratio).mean(1)
