"""The importance-weighted bound against the number of samples, for a study."""

from typing import Any

import numpy as np

from studies.cells import Cell
from studies.families.base import Evaluation
from studies.families.vae_extra import Extra
from suite.data import Dataset
from suite.evaluation import LADDER as RUNGS
from suite.evaluation import importance_ladder

_SEED = 0  # the same noise for every estimator and seed


def _evaluate(cell: Cell, dataset: Dataset, estimator: Any, found: Evaluation) -> Evaluation:
    """L_K for K = 1, 10, … up to `ladder_samples`, on the first `ladder_images` test data.

    Nothing where there is no likelihood (autoencoders) or none that is normalised.
    """
    networks = estimator.networks_
    if not networks.variational or not networks.likelihood.is_density:
        return Evaluation([])
    X = dataset.test[: cell.ladder_images]
    rungs = (*(K for K in RUNGS if cell.ladder_samples > K), cell.ladder_samples)
    ladder = importance_ladder(networks, X, n_samples=rungs, random_state=_SEED)
    arrays = {
        "ladder_log_likelihood": ladder.mean_log_likelihood,
        "ladder_standard_error": ladder.standard_error,
        "ladder_monte_carlo_error": ladder.monte_carlo_error,
        "ladder_effective_sample_size": ladder.mean_effective_sample_size,
    }
    return Evaluation(
        [],
        {
            "ladder_samples": np.asarray(ladder.n_samples),
            **{name: values.astype(np.float32) for name, values in arrays.items()},
        },
        {"ladder_images": len(X)},
    )


LADDER = Extra(_evaluate)
"""Every seed; about a minute at 784-400-20 for 1,000 images and 5,000 samples."""
