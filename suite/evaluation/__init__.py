"""Scores of what estimators learned, by the same code for every estimator."""

from suite.evaluation.bounds import (
    VAEEvaluation,
    evaluate_vae,
    log_weights,
    reconstruction_error,
)
from suite.evaluation.clustering import adjusted_rand_index
from suite.evaluation.criteria import InformationCriteria, information_criteria
from suite.evaluation.em_rate import EMRate, em_rate, observed_rate, predicted_iterations
from suite.evaluation.mixture import mixture_elbo, mixture_gap, mixture_log_likelihood
from suite.evaluation.regularity import Regularity, regularity

__all__ = [
    "EMRate",
    "InformationCriteria",
    "Regularity",
    "VAEEvaluation",
    "adjusted_rand_index",
    "em_rate",
    "evaluate_vae",
    "information_criteria",
    "log_weights",
    "mixture_elbo",
    "mixture_gap",
    "mixture_log_likelihood",
    "observed_rate",
    "predicted_iterations",
    "reconstruction_error",
    "regularity",
]
