"""Measurements of a fitted mixture that a study may ask for beside its scores."""

from collections.abc import Callable, Mapping
from typing import Any

import torch

from studies.cells import Cell
from studies.families.mixture_criteria import criteria_scores
from studies.product_rate import measure_products
from studies.results import Score
from suite.data import Dataset
from suite.evaluation import em_rate, observed_rate
from suite.gmm import MixtureParameters

_HELD_AGAINST_PRODUCTS = "em"
"""The implementation that is arranged as matrix products."""

_Extra = Callable[[Cell, Dataset, Any], list[Score]]


def extra_scores(cell: Cell, dataset: Dataset, estimator: Any) -> list[Score]:
    """What the study asks for in `extra` and can be told of this estimator."""
    names = [name for name in cell.extra if name not in _OF_EM or cell.spec.step == "iteration"]
    return [score for name in names for score in _EXTRAS[name](cell, dataset, estimator)]


def _rates(cell: Cell, dataset: Dataset, estimator: Any) -> list[Score]:
    theory = em_rate(MixtureParameters.from_estimator(estimator), dataset.train)
    seen = observed_rate(estimator.lower_bounds_)
    scores = [Score("em_rate", "", theory.rate)]
    return scores + ([Score("observed_rate", "", seen)] if seen == seen else [])


def _products(cell: Cell, dataset: Dataset, estimator: Any) -> list[Score]:
    if cell.registered != _HELD_AGAINST_PRODUCTS:
        return []
    n_rows, n_features = dataset.train.shape
    dtype = getattr(torch, str(getattr(estimator, "dtype", "float64")))
    kind = cell.settings.get("covariance_type", "full")
    K = cell.settings.get("n_components", 1)
    products = measure_products(n_rows, n_features, K, covariance_type=kind, dtype=dtype)
    return [
        Score("product_seconds", "", products.seconds),
        Score("product_rate", "", products.rate / 1e9),
        Score("square_product_rate", "", products.square_rate / 1e9),
    ]


_EXTRAS: Mapping[str, _Extra] = {
    "criteria": criteria_scores,
    "em_rate": _rates,
    "product_rate": _products,
}
_OF_EM = ("em_rate", "product_rate")
"""Those that have a meaning only for an estimator whose steps are EM's iterations."""
