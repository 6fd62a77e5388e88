"""The derivation of the VAE's loss on real images, each line by two ways that share no code.

log p(x) is summed over a fine grid of codes, means under q(z | x) are taken by Gauss-Hermite
quadrature, and formulas are written out in NumPy: against them stand the functions that training
and evaluation use.
"""

import math

import numpy as np
import torch
from scipy.special import expit, xlog1py, xlogy
from torch import Tensor

from studies.tour.checks import Check, at_most, equal, equal_on_average
from studies.tour.quadrature import (
    Grid,
    Nodes,
    grid_of,
    log_normal,
    mean_log_likelihood,
    nodes_of,
)
from studies.tour.settings import TourSettings
from studies.tour.store import Measured
from suite.evaluation import log_weights
from suite.random import torch_generator
from suite.vae import VAENetworks
from suite.vae.torch_vae import kl_from_prior

_ASKED = 1e-4
"""Nats that log p(x) may change by with twice the step; halving it changes far less."""

_STEP = 1e-4
"""Of central differences, in units of the code."""

_CONTOURS = 4
_WINDOW = 161


def measure_derivation(
    networks: VAENetworks, images: np.ndarray, settings: TourSettings
) -> Measured:
    """Every line on `images` (N, D) of bits, with a fitted VAE of two code dimensions.

    Parameters
    ----------
    networks
        In float64, with smooth activations.
    """
    x = torch.as_tensor(images, dtype=torch.float64)
    with torch.no_grad():
        loc, scale = networks.encode(x)
    # Wide enough that no q has a share of more than 1e-15 beyond the edge.
    reach = math.ceil(float((loc.abs() + 8 * scale).max()))
    grid = grid_of(networks, x, step=settings.grid_step, reach=reach)
    nodes, fewer = nodes_of(settings.nodes), nodes_of(settings.nodes // 2)
    with torch.no_grad():
        expected = mean_log_likelihood(networks, x, loc, scale, nodes).numpy()
        coarse = mean_log_likelihood(networks, x, loc, scale, fewer).numpy()
    lines = _Lines(networks, x, grid, loc, scale, nodes, fewer, expected)
    lines.quadrature = float(np.abs(expected - coarse).max())
    lines.integral = float(np.abs(grid.log_marginal() - grid.log_marginal(2)).max())
    checks = (
        *lines.marginal(settings),
        *lines.bound(),
        *lines.rate(settings),
        *lines.gradient(),
        lines.likelihood(),
    )
    log_p, elbo = grid.log_marginal(), lines.elbo
    values = {
        "images": len(x),
        "draws": settings.draws,
        "grid_places": len(grid.axis) ** 2,
        "nodes": len(nodes.weights),
        "log_p": log_p.mean(),
        "elbo": elbo.mean(),
        "gap": (log_p - elbo).mean(),
        "gap_least": (log_p - elbo).min(),
        "gap_most": (log_p - elbo).max(),
        "expected_log_likelihood": expected.mean(),
        "rate": lines.kl.mean(),
    }
    arrays = {"derivation_gaps": log_p - elbo, **_contours(grid, loc, scale)}
    return Measured(arrays, {name: float(value) for name, value in values.items()}, checks)


class _Lines:
    """What several lines share; each method checks one or two of them."""

    quadrature: float
    """What halving the nodes changes at most, nats."""
    integral: float
    """What doubling the grid's step changes at most, nats."""

    def __init__(
        self,
        networks: VAENetworks,
        x: Tensor,
        grid: Grid,
        loc: Tensor,
        scale: Tensor,
        nodes: Nodes,
        fewer: Nodes,
        expected: np.ndarray,
    ) -> None:
        self.networks, self.x, self.grid = networks, x, grid
        self.nodes, self.fewer = nodes, fewer
        self.loc, self.scale, self.expected = loc, scale, expected
        self.kl = closed_form_kl(loc.numpy(), scale.numpy())
        self.elbo = expected - self.kl
        self.terms = grid.log_prior.size
        self.images = f"{len(x)} images"

    def marginal(self, settings: TourSettings) -> tuple[Check, ...]:
        """log p(x) as an integral over codes, against averages of importance weights."""
        log_p = self.grid.log_marginal()
        log_w = log_weights(
            self.networks, self.x, settings.draws, torch_generator(settings.seed)
        ).numpy()
        half = self.grid.log_marginal(2)
        return (
            equal(
                "grid",
                log_p,
                half,
                terms=self.terms,
                more=_ASKED,
                because="a ten-thousandth of a nat, asked of the grid",
                data=f"{self.images}, {self.terms:,} and {self.terms // 4:,} codes",
            ),
            equal_on_average(
                "importance",
                np.ones(len(log_p)),
                np.exp(log_w - log_p),
                data=f"{self.images}, {settings.draws:,} draws each",
                unit="1",
            ),
        )

    def bound(self) -> tuple[Check, ...]:
        """log p(x) = ELBO + KL(q ‖ p(z | x)), and Jensen's inequality."""
        log_p = self.grid.log_marginal()
        return (
            equal(
                "identity",
                log_p,
                self.elbo + self._kl_from_posterior(log_p),
                terms=self.terms,
                more=2 * (self.quadrature + self.integral) + self._grid_mass_error(),
                because="what twice the step and half the nodes change",
                data=f"{self.images}, {self.terms:,} codes",
            ),
            at_most(
                "jensen",
                self.elbo,
                log_p,
                tolerance=self.quadrature + self.integral,
                why="what twice the step and half the nodes change",
                data=self.images,
            ),
        )

    def rate(self, settings: TourSettings) -> tuple[Check, ...]:
        """The split into two terms, and the second one in closed form."""
        loc, scale = self.loc.numpy(), self.scale.numpy()
        places, weights = self.nodes.places.numpy(), self.nodes.weights.numpy()
        z = loc[:, None] + scale[:, None] * places
        q = log_normal(z, loc[:, None], scale[:, None])
        prior = log_normal(z, np.zeros(2), np.ones(2))
        with torch.no_grad():
            likelihood = torch.stack(
                [
                    self.networks.log_likelihood(x, torch.from_numpy(z_n))
                    for x, z_n in zip(self.x, z, strict=True)
                ]
            ).numpy()
        joint = ((likelihood + prior - q) * weights).sum(1)
        random = np.random.default_rng(settings.seed)
        epsilon = random.standard_normal((settings.draws, 1, 2))
        drawn = loc + scale * epsilon
        ratio = log_normal(drawn, loc, scale) - log_normal(drawn, np.zeros(2), np.ones(2))
        kl_of_code = kl_from_prior(self.loc, self.scale).numpy()
        return (
            equal("split", joint, self.elbo, terms=len(weights), data=self.images),
            equal("kl", kl_of_code, self.kl, terms=10, data=self.images),
            equal_on_average(
                "kl-sampled",
                kl_of_code,
                ratio,
                data=f"{self.images}, {settings.draws:,} draws each",
            ),
        )

    def gradient(self) -> tuple[Check, ...]:
        """Derivatives of E_q[log p(x | z)]: through the draw, against those of the integral."""
        through, less = (self._through(nodes) for nodes in (self.nodes, self.fewer))
        found = []
        for index, name in enumerate(("loc", "scale")):
            fine, coarse = (self._difference(index, step) for step in (_STEP, 2 * _STEP))
            # Each value is a sum over the grid, rounded, and divided by twice the step.
            rounding = math.sqrt(self.terms) * np.finfo(np.float64).eps / _STEP
            asked = float(np.abs(coarse - fine).max() + np.abs(through[index] - less[index]).max())
            found.append(
                equal(
                    f"reparameterisation-{name}",
                    through[index],
                    fine,
                    terms=self.terms,
                    more=asked + float(rounding * np.abs(self.expected).max()),
                    because="what twice the step and half the nodes change",
                    data=f"{self.images}, the first coordinate of {name}",
                    unit="nats per datum and unit of code",
                )
            )
        return tuple(found)

    def likelihood(self) -> Check:
        """Σ_d x_d log p_d + (1 − x_d) log(1 − p_d) with NumPy, against the code's logits."""
        with torch.no_grad():
            (logits,) = self.networks.decode(self.loc)
            of_code = self.networks.log_likelihood(self.x, self.loc).numpy()
        p, x = expit(logits.numpy()), self.x.numpy()
        by_hand = (xlogy(x, p) + xlog1py(1 - x, -p)).sum(1)
        return equal("bernoulli", of_code, by_hand, terms=x.shape[1], data=f"{self.images} of bits")

    def _through(self, nodes: Nodes) -> list[np.ndarray]:
        """The derivatives of E_q[log p(x | z)] in loc_1 and scale_1 through the draws: two (N,)."""
        loc, scale = (part.clone().requires_grad_() for part in (self.loc, self.scale))
        total = mean_log_likelihood(self.networks, self.x, loc, scale, nodes).sum()
        return [part[:, 0].numpy() for part in torch.autograd.grad(total, (loc, scale))]

    def _kl_from_posterior(self, log_p: np.ndarray) -> np.ndarray:
        """Σ q (log q − log p(z | x)) over the grid, where p(z | x) is p(x, z) / p(x)."""
        found = []
        for n, log_likelihood in enumerate(self.grid.log_likelihood):
            log_q = log_normal(self.grid.codes, self.loc[n].numpy(), self.scale[n].numpy())
            log_posterior = log_likelihood + self.grid.log_prior - log_p[n]
            mass = np.exp(log_q + self.grid.log_cell)
            found.append((mass * (log_q - log_posterior)).sum())
        return np.array(found)

    def _grid_mass_error(self) -> float:
        """How far the masses of the q's on the grid are from one, in nats of what they weigh."""
        worst = 0.0
        for loc, scale in zip(self.loc.numpy(), self.scale.numpy(), strict=True):
            mass = np.exp(log_normal(self.grid.codes, loc, scale) + self.grid.log_cell).sum()
            worst = max(worst, abs(mass - 1.0))
        return worst * float(np.abs(self.grid.log_likelihood).max())

    def _difference(self, index: int, step: float) -> np.ndarray:
        """The central difference of ∫ q(z) log p(x | z) dz in loc_1 (0) or scale_1 (1): (N,)."""
        up, down = (self._integral(index, sign * step) for sign in (1.0, -1.0))
        return (up - down) / (2 * step)

    def _integral(self, index: int, shift: float) -> np.ndarray:
        """∫ q(z) log p(x | z) dz over the grid, with loc_1 (0) or scale_1 (1) shifted."""
        places = [self.loc.numpy().copy(), self.scale.numpy().copy()]
        places[index][:, 0] += shift
        codes = self.grid.codes
        found = [
            (np.exp(log_normal(codes, m, s) + self.grid.log_cell) * log_likelihood).sum()
            for m, s, log_likelihood in zip(*places, self.grid.log_likelihood, strict=True)
        ]
        return np.array(found)


def closed_form_kl(loc: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """½ Σ_j (loc_j² + scale_j² − 1 − log scale_j²), by NumPy: (N, J) -> (N,)."""
    found: np.ndarray = 0.5 * (loc**2 + scale**2 - 1 - 2 * np.log(scale)).sum(-1)
    return found


def _contours(grid: Grid, loc: Tensor, scale: Tensor) -> dict[str, np.ndarray]:
    """The exact posterior around a few images' q: densities relative to their highest value."""
    joint = grid.log_likelihood + grid.log_prior
    half, side = _WINDOW // 2, len(grid.axis)
    windows, origins = [], []
    for n in range(min(_CONTOURS, len(joint))):
        i, j = (int(k) for k in np.unravel_index(joint[n].argmax(), joint[n].shape))
        i, j = (min(max(k, half), side - half - 1) for k in (i, j))
        part = joint[n, i - half : i + half + 1, j - half : j + half + 1]
        windows.append(np.exp(part - joint[n].max()).astype(np.float32))
        origins.append([grid.axis[i], grid.axis[j]])
    return {
        "posterior_windows": np.array(windows),
        "posterior_centres": np.array(origins),
        "posterior_step": np.array(grid.axis[1] - grid.axis[0]),
        "posterior_loc": loc[:_CONTOURS].numpy(),
        "posterior_scale": scale[:_CONTOURS].numpy(),
    }
