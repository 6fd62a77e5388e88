"""What a VAE's rate is made of in a study: information, and distance from the prior."""

from typing import Any

from studies.cells import Cell
from studies.families.base import Evaluation
from studies.families.vae_extra import Extra
from studies.results import Score
from suite.data import Dataset
from suite.evaluation import aggregated_posterior

_SEED = 0  # the same noise for every estimator and seed


def _evaluate(cell: Cell, dataset: Dataset, estimator: Any, found: Evaluation) -> Evaluation:
    """The parts of the rate on the first `aggregated_images` test data; nothing for autoencoders.

    On a subset the information is too small and the divergence too large by as much, so that
    models compare on equal subsets only.
    """
    if not estimator.networks_.variational:
        return Evaluation([])
    X = dataset.test[: cell.aggregated_images]
    parts = aggregated_posterior(estimator.networks_, X, random_state=_SEED)
    return Evaluation(
        [
            Score("mutual_information", "test", parts.mutual_information),
            Score("marginal_divergence", "test", parts.marginal_divergence),
            Score("aggregated_monte_carlo_error", "test", parts.monte_carlo_error),
        ],
        facts={"aggregated_images": len(X)},
    )


AGGREGATE = Extra(_evaluate)
"""Every seed; seconds."""
