"""What a study's VAE that was trained without its likelihood's normaliser is worth as a density."""

import copy
from typing import Any

import numpy as np

from studies.cells import Cell
from studies.families.base import Evaluation
from studies.families.vae_extra import Extra
from studies.results import Score
from suite.data import Dataset
from suite.evaluation import evaluate_vae

_SEED = 0  # the same importance noise as that of every other score

_FORGOTTEN = {
    "bernoulli-grey": "continuous-bernoulli",
    "continuous-bernoulli-unnormalised": "continuous-bernoulli",
}
"""The density whose normaliser a likelihood leaves out; both read the decoder's logits alike."""


def _evaluate(cell: Cell, dataset: Dataset, estimator: Any, found: Evaluation) -> Evaluation:
    """The same weights scored by the density of grey pixels that their training forgot.

    Nothing where the likelihood is normalised, and nothing for autoencoders.
    """
    networks = estimator.networks_
    if not networks.variational or networks.likelihood_name not in _FORGOTTEN:
        return Evaluation([])
    density = copy.deepcopy(networks)
    density.likelihood_name = _FORGOTTEN[networks.likelihood_name]
    scored = evaluate_vae(
        density, dataset.test, n_samples=cell.importance_samples, random_state=_SEED
    )
    scores = {
        "normalised_log_likelihood": scored.mean_log_likelihood,
        "normalised_elbo": scored.mean_elbo,
    }
    if len(scored.elbo) > 1:
        scores |= {
            "normalised_log_likelihood_standard_error": scored.standard_error,
            "normalised_elbo_standard_error": scored.elbo_standard_error,
        }
    return Evaluation(
        [Score(name, "test", float(value)) for name, value in scores.items()],
        {
            "normalised_log_likelihood_per_datum": scored.log_likelihood.astype(np.float32),
            "normalised_elbo_per_datum": scored.elbo.astype(np.float32),
        },
        {"normalised_by": density.likelihood_name},
    )


NORMALISED = Extra(_evaluate)
"""Every seed; as long as the usual scores take."""
