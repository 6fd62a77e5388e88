"""Scores of what estimators learned, by the same code for every estimator."""

from suite.evaluation.ais import AISEstimate, ais_log_likelihood
from suite.evaluation.annealing import Annealing
from suite.evaluation.bidirectional import BidirectionalCheck, bidirectional_check
from suite.evaluation.bounds import (
    VAEEvaluation,
    evaluate_vae,
    reconstruction_error,
)
from suite.evaluation.clustering import adjusted_rand_index
from suite.evaluation.criteria import InformationCriteria, information_criteria
from suite.evaluation.em_rate import EMRate, em_rate, observed_rate, predicted_iterations
from suite.evaluation.gaps import InferenceGaps, inference_gaps
from suite.evaluation.ladder import LADDER, ImportanceLadder, importance_ladder
from suite.evaluation.latent_model import LatentModel
from suite.evaluation.linear_gaussian import (
    LinearGaussian,
    LinearGaussianPosterior,
    linear_gaussian_log_likelihood,
    linear_gaussian_posterior,
    probabilistic_pca,
)
from suite.evaluation.mixture import mixture_elbo, mixture_gap, mixture_log_likelihood
from suite.evaluation.regularity import Regularity, regularity
from suite.evaluation.weights import log_weights

__all__ = [
    "LADDER",
    "AISEstimate",
    "Annealing",
    "BidirectionalCheck",
    "EMRate",
    "ImportanceLadder",
    "InferenceGaps",
    "InformationCriteria",
    "LatentModel",
    "LinearGaussian",
    "LinearGaussianPosterior",
    "Regularity",
    "VAEEvaluation",
    "adjusted_rand_index",
    "ais_log_likelihood",
    "bidirectional_check",
    "em_rate",
    "evaluate_vae",
    "importance_ladder",
    "inference_gaps",
    "information_criteria",
    "linear_gaussian_log_likelihood",
    "linear_gaussian_posterior",
    "log_weights",
    "mixture_elbo",
    "mixture_gap",
    "mixture_log_likelihood",
    "observed_rate",
    "predicted_iterations",
    "probabilistic_pca",
    "reconstruction_error",
    "regularity",
]
