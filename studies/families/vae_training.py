"""The bound on the training data by the evaluation's code, to hold a VAE's own word against."""

import numpy as np
import torch

from studies.cells import Cell
from studies.results import Score
from suite.data import Dataset
from suite.evaluation import evaluate_vae, train_test_gap
from suite.vae import VAENetworks

_SEED = 0  # the same bits and noise for every estimator


def training_scores(cell: Cell, dataset: Dataset, networks: VAENetworks) -> list[Score]:
    """ELBO on the first training rows, as many as are traced, and its standard error over them.

    With them how much worse as many test rows are scored, by one draw of z per row on either side
    (`suite.evaluation.train_test_gap`). Grey pixels are drawn into bits once where training draws
    them anew each epoch. Nothing where the likelihood is no density: the estimator's own figure
    then is none either.
    """
    X = _as_trained(networks, dataset.train[: cell.trace_limit])
    found = evaluate_vae(networks, X, n_samples=1, random_state=_SEED)
    if not found.is_density or len(X) < 2:
        return []
    scores = [
        Score("elbo", "train", found.mean_elbo),
        Score("elbo_standard_error", "train", found.elbo_standard_error),
    ]
    held_out = dataset.test[: cell.trace_limit]
    if len(held_out) < 2:
        return scores
    test = evaluate_vae(networks, held_out, n_samples=1, random_state=_SEED)
    gap = train_test_gap(found, test)
    return [
        *scores,
        Score("elbo_generalisation_gap", "test", gap.elbo),
        Score("elbo_generalisation_gap_standard_error", "test", gap.elbo_standard_error),
    ]


def _as_trained(networks: VAENetworks, X: np.ndarray) -> np.ndarray:
    redraw = networks.likelihood.redraw
    if redraw is None or np.isin(X, (0, 1)).all():
        return X
    bits: np.ndarray = redraw(torch.as_tensor(X), torch.Generator().manual_seed(_SEED)).numpy()
    return bits
