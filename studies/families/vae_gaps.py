"""What the bound of a study's VAE loses, and to what."""

from typing import Any

import numpy as np

from studies.cells import Cell
from studies.families.base import Evaluation
from studies.families.vae_extra import Extra
from studies.results import Score
from suite.data import Dataset
from suite.evaluation import inference_gaps

_SEED = 0  # the same noise for every estimator


def _evaluate(cell: Cell, dataset: Dataset, estimator: Any, found: Evaluation) -> Evaluation:
    """Approximation and amortisation gaps on the first `gaps_images` test data, for one seed.

    Nothing where there is no likelihood or none that is normalised.
    """
    networks = estimator.networks_
    if cell.seed > 0 or not networks.variational or not networks.likelihood.is_density:
        return Evaluation([])
    X = dataset.test[: cell.gaps_images]
    gaps = inference_gaps(networks, X, random_state=_SEED)
    scores = []
    for name in ("approximation_gap", "amortisation_gap"):
        values: np.ndarray = getattr(gaps, name)
        scores.append(Score(name, "test", float(values.mean())))
        if len(values) > 1:
            error = float(values.std(ddof=1) / np.sqrt(len(values)))
            scores.append(Score(f"{name}_standard_error", "test", error))
    return Evaluation(scores, facts={"gaps_images": len(X)})


GAPS = Extra(_evaluate)
"""The first seed only."""
