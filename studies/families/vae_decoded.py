"""What pixels a study's VAE or autoencoder decodes, in the units of the data."""

from typing import Any

import numpy as np

from studies.cells import Cell
from studies.families.base import Evaluation
from studies.families.vae_extra import Extra
from studies.results import Score
from suite.data import Dataset

N_BINS = 50
"""Of equal width on [0, 1]."""


def _evaluate(cell: Cell, dataset: Dataset, estimator: Any, found: Evaluation) -> Evaluation:
    """Squared error and brightness of the reconstructions of all test data, with histograms.

    A reconstruction is E[x | z] at the posterior mean, or at the code. Its squared error is summed
    over features, Σ_d (x_d − E[x_d | z])². What a decoder of real values puts outside [0, 1] is
    counted, and lies in the outermost bins.
    """
    X = dataset.test
    decoded = estimator.reconstruct(X)
    errors = np.square(X - decoded, dtype=np.float64).sum(1)
    outside = np.mean((decoded < 0) | (decoded > 1))
    scores = {
        "squared_error": errors.mean(),
        "brightness": X.mean(dtype=np.float64),
        "decoded_brightness": decoded.mean(dtype=np.float64),
        "decoded_outside": outside,
    }
    return Evaluation(
        [Score(name, "test", float(value)) for name, value in scores.items()],
        {
            "squared_error_per_datum": errors.astype(np.float32),
            "pixel_histogram": _shares(X),
            "decoded_histogram": _shares(decoded),
        },
    )


def _shares(values: np.ndarray) -> np.ndarray:
    """The share of all values in each bin: (N_BINS,), their sum is 1."""
    counts, _ = np.histogram(np.clip(values, 0, 1), bins=N_BINS, range=(0, 1))
    shares: np.ndarray = (counts / values.size).astype(np.float32)
    return shares


DECODED = Extra(_evaluate)
"""Every seed; one pass through both networks."""
