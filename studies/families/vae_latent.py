"""How a VAE of a study uses its latent dimensions."""

from typing import Any

import numpy as np

from studies.cells import Cell
from studies.families.base import Evaluation
from studies.families.vae_extra import Extra
from studies.results import Score
from suite.data import Dataset
from suite.evaluation import latent_use


def _evaluate(cell: Cell, dataset: Dataset, estimator: Any, found: Evaluation) -> Evaluation:
    """Rates and active units on all test data; nothing for an autoencoder, which has no rate."""
    if not estimator.networks_.variational:
        return Evaluation([])
    use = latent_use(estimator.networks_, dataset.test)
    return Evaluation(
        [Score("active_units", "test", float(use.n_active))],
        {
            "rate_per_dimension": use.rate.astype(np.float32),
            "posterior_mean_variance": use.posterior_mean_variance.astype(np.float32),
        },
    )


LATENT_USE = Extra(_evaluate)
"""Every seed; one pass through the encoder."""
