"""Pictures of what a VAE or an autoencoder of a study learned, beside those of every run."""

from typing import Any

import numpy as np
from scipy.special import ndtri

from studies.cells import Cell
from studies.families.base import Evaluation
from studies.families.vae_extra import Extra
from studies.families.vae_images import grey
from suite.data import Dataset
from suite.evaluation import latent_use

_N_WORST = 10
_N_SAMPLES = 64
_N_TRAVERSALS = 8
_TRAVERSED = np.linspace(-3, 3, 9)
_MANIFOLD_SIDE = 20
_N_AVERAGED = 10_000


def _evaluate(cell: Cell, dataset: Dataset, estimator: Any, found: Evaluation) -> Evaluation:
    """Worst images, draws, traversals, manifold and mean images; for the first seed."""
    if cell.seed > 0:
        return Evaluation([])
    worst, worst_by = _worst(dataset, estimator, found)
    traversals, traversal_order = _traversals(dataset, estimator)
    return Evaluation(
        [],
        worst
        | traversals
        | _manifold(estimator)
        | _draws(cell, estimator)
        | {
            "mean_image": dataset.test.mean(0, dtype=np.float64).astype(np.float32),
            "mean_sample": _mean_sample(cell, estimator),
        },
        {"worst_by": worst_by, "traversal_order": traversal_order, "averaged_samples": _N_AVERAGED},
    )


def _worst(
    dataset: Dataset, estimator: Any, found: Evaluation
) -> tuple[dict[str, np.ndarray], str]:
    """The test data of lowest ELBO, or of largest reconstruction error where there is no ELBO."""
    by = "elbo" if "elbo_per_datum" in found.arrays else "reconstruction_error"
    scores = found.arrays[f"{by}_per_datum"]
    badness = -scores if by == "elbo" else scores
    rows = np.argsort(-badness, kind="stable")[:_N_WORST]
    return {
        "worst_originals": grey(dataset.test[rows]),
        "worst_reconstructions": grey(estimator.reconstruct(dataset.test[rows])),
        "worst_scores": scores[rows],
    }, by


def _traversals(dataset: Dataset, estimator: Any) -> tuple[dict[str, np.ndarray], str]:
    """From z = 0 along one dimension at a time: those of largest rate, or variance of codes."""
    networks = estimator.networks_
    if networks.variational:
        order, use = "rate", latent_use(networks, dataset.test).rate
    else:
        order, use = "variance of the codes", estimator.transform(dataset.test).var(0)
    dims = np.argsort(-use, kind="stable")[:_N_TRAVERSALS]
    Z = np.zeros((len(dims), len(_TRAVERSED), networks.latent_dim), np.float32)
    Z[np.arange(len(dims)), :, dims] = _TRAVERSED
    images = estimator.inverse_transform(Z.reshape(-1, networks.latent_dim))
    return {
        "traversals": grey(images.reshape(*Z.shape[:2], -1)),
        "traversal_dims": dims.astype(np.int64),
    }, order


def _manifold(estimator: Any) -> dict[str, np.ndarray]:
    """E[x | z] where both coordinates of z are at quantiles of N(0, 1), the top row's z₂ largest.

    The i-th of n quantiles is Φ⁻¹((i − ½) / n): each picture stands for as much of the prior.
    """
    if estimator.networks_.latent_dim != 2:
        return {}
    quantiles = ndtri((np.arange(_MANIFOLD_SIDE) + 0.5) / _MANIFOLD_SIDE)
    second, first = np.meshgrid(quantiles[::-1], quantiles, indexing="ij")
    Z = np.stack([first.ravel(), second.ravel()], axis=1)
    return {"manifold": grey(estimator.inverse_transform(Z.astype(np.float32)))}


def _draws(cell: Cell, estimator: Any) -> dict[str, np.ndarray]:
    """x ~ p(x | z) at the z of `samples`; nothing where p(x | z) is no distribution of x."""
    networks = estimator.networks_
    if not networks.variational or not networks.likelihood.is_density:
        return {}
    drawn = estimator.sample(_N_SAMPLES, random_state=cell.start_seed, draw=True)
    return {"sample_draws": grey(drawn)}


def _mean_sample(cell: Cell, estimator: Any) -> np.ndarray:
    images = estimator.sample(_N_AVERAGED, random_state=cell.start_seed)
    mean: np.ndarray = images.mean(0, dtype=np.float64).astype(np.float32)
    return mean


PICTURES = Extra(_evaluate)
"""The first seed only; seconds."""
