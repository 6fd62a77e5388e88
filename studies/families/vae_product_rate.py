"""How fast a VAE's matrix products and its other parts are, in the fit's process right after it."""

from typing import Any

import torch

from studies.cells import Cell
from studies.epoch_parts import measure_epoch_parts
from studies.epoch_products import layers_of, measure_epoch_products
from studies.families.base import Evaluation
from studies.families.vae_extra import Extra
from studies.results import Score
from suite.data import Dataset

_HELD_AGAINST_PRODUCTS = "torch-vae"
"""The implementation whose time is told by them: it does the least beside them."""


def _evaluate(cell: Cell, dataset: Dataset, estimator: Any, found: Evaluation) -> Evaluation:
    """Nothing of other implementations, nor of networks that are no perceptrons."""
    if cell.registered != _HELD_AGAINST_PRODUCTS:
        return Evaluation([])
    layers = layers_of(estimator.networks_)
    if layers is None:
        return Evaluation([])
    networks, batch_size = estimator.networks_, estimator.batch_size
    products = measure_epoch_products(layers, len(dataset.train), batch_size, dtype=networks.dtype)
    scores = [
        Score("epoch_product_seconds", "", products.seconds),
        Score("epoch_product_rate", "", products.rate / 1e9),
        Score("square_product_rate", "", products.square_rate / 1e9),
    ]
    if estimator.optimizer == "adam":
        X = torch.as_tensor(dataset.train, dtype=networks.dtype)
        parts = measure_epoch_parts(networks, X, batch_size)
        scores += [
            Score("epoch_optimizer_seconds", "", parts.optimizer),
            Score("epoch_minibatch_seconds", "", parts.minibatches),
            Score("epoch_likelihood_seconds", "", parts.likelihood),
        ]
    return Evaluation(scores)


PRODUCT_RATE = Extra(_evaluate)
"""The time and the rate of the matrix products of one epoch, and the time of its other parts."""
