"""What a fitted mixture costs and is worth: criteria, regularity, components in use."""

from typing import Any

import numpy as np

from studies.cells import Cell
from studies.results import Score
from suite.data import Dataset
from suite.evaluation import information_criteria, regularity
from suite.gmm import MixtureParameters


def criteria_scores(cell: Cell, dataset: Dataset, estimator: Any) -> list[Score]:
    """BIC, ICL and how regular the optimum is, on the training rows."""
    parameters = MixtureParameters.from_estimator(estimator)
    rows = dataset.train
    criteria = information_criteria(parameters, rows)
    shape = regularity(parameters, rows)
    used = np.unique(parameters.log_joint(rows).argmax(axis=1)).size
    return [
        Score("total_log_likelihood", "train", criteria.total_log_likelihood),
        Score("bic", "train", criteria.bic),
        Score("icl", "train", criteria.icl),
        Score("n_parameters", "", criteria.n_parameters),
        Score("smallest_spread", "train", shape.smallest_spread),
        Score("smallest_count", "train", shape.smallest_count),
        Score("regular", "", float(shape.is_regular)),
        Score("components_in_use", "train", used),
    ]
