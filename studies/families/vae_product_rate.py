"""How fast a VAE's matrix products alone are, in the process of the fit and right after it."""

from typing import Any

from studies.cells import Cell
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
    products = measure_epoch_products(
        layers, len(dataset.train), estimator.batch_size, dtype=estimator.networks_.dtype
    )
    return Evaluation(
        [
            Score("epoch_product_seconds", "", products.seconds),
            Score("epoch_product_rate", "", products.rate / 1e9),
            Score("square_product_rate", "", products.square_rate / 1e9),
        ]
    )


PRODUCT_RATE = Extra(_evaluate)
"""The time and the rate of the matrix products of one epoch."""
