"""Scores of what estimators learned, by the same code for every estimator."""

from suite.evaluation.bounds import (
    VAEEvaluation,
    evaluate_vae,
    log_weights,
    reconstruction_error,
)
from suite.evaluation.clustering import adjusted_rand_index
from suite.evaluation.mixture import mixture_elbo, mixture_gap, mixture_log_likelihood

__all__ = [
    "VAEEvaluation",
    "adjusted_rand_index",
    "evaluate_vae",
    "log_weights",
    "mixture_elbo",
    "mixture_gap",
    "mixture_log_likelihood",
    "reconstruction_error",
]
