"""Scores of what estimators learned, by the same code for every estimator.

Mixtures, from their parameters alone:

    mixture_log_likelihood, mixture_elbo, mixture_gap    log p(x), the bound, and what it lacks
    information_criteria    AIC, BIC and ICL (InformationCriteria)
    regularity              whether an optimum is regular or spurious (Regularity)
    em_rate, predicted_iterations, observed_rate         how fast EM converges (EMRate)
    adjusted_rand_index     agreement of two partitions

VAEs, and whatever else is a LatentModel:

    evaluate_vae            ELBO as distortion and rate, bound on log p(x) (VAEEvaluation)
    importance_ladder       that bound for 1, 10, … 5000 samples (ImportanceLadder, LADDER)
    ais_log_likelihood      log p(x) without relying on the encoder (AISEstimate, Annealing)
    bidirectional_check     how far off that is at most, on simulated data (BidirectionalCheck)
    inference_gaps          what the bound loses to encoder and family (InferenceGaps)
    latent_use              rates of latent dimensions, active units (LatentUse)
    aggregated_posterior    information and distance from the prior (AggregatedPosterior)
    train_test_gap          overfitting (TrainTestGap)
    reconstruction_error    on one scale for VAEs and autoencoders
    log_weights             what all of these are made of

Two models, and the truth:

    compare_log_likelihoods, paired_comparison           datum by datum (PairedComparison)
    mixture_parity, vae_parity                           an estimator's own figures (Agreement)
    linear_gaussian_log_likelihood, linear_gaussian_posterior, probabilistic_pca
                            exact answers for a linear decoder (LinearGaussian,
                            LinearGaussianPosterior)
"""

from suite.evaluation.aggregate import AggregatedPosterior, aggregated_posterior
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
from suite.evaluation.generalisation import TrainTestGap, train_test_gap
from suite.evaluation.ladder import LADDER, ImportanceLadder, importance_ladder
from suite.evaluation.latent_model import LatentModel
from suite.evaluation.latent_use import LatentUse, latent_use
from suite.evaluation.linear_gaussian import (
    LinearGaussian,
    LinearGaussianPosterior,
    linear_gaussian_log_likelihood,
    linear_gaussian_posterior,
    probabilistic_pca,
)
from suite.evaluation.mixture import mixture_elbo, mixture_gap, mixture_log_likelihood
from suite.evaluation.paired import (
    PairedComparison,
    compare_log_likelihoods,
    paired_comparison,
)
from suite.evaluation.parity import Agreement
from suite.evaluation.parity_mixture import mixture_parity
from suite.evaluation.parity_vae import vae_parity
from suite.evaluation.regularity import Regularity, regularity
from suite.evaluation.weights import log_weights

__all__ = [
    "LADDER",
    "AISEstimate",
    "AggregatedPosterior",
    "Agreement",
    "Annealing",
    "BidirectionalCheck",
    "EMRate",
    "ImportanceLadder",
    "InferenceGaps",
    "InformationCriteria",
    "LatentModel",
    "LatentUse",
    "LinearGaussian",
    "LinearGaussianPosterior",
    "PairedComparison",
    "Regularity",
    "TrainTestGap",
    "VAEEvaluation",
    "adjusted_rand_index",
    "aggregated_posterior",
    "ais_log_likelihood",
    "bidirectional_check",
    "compare_log_likelihoods",
    "em_rate",
    "evaluate_vae",
    "importance_ladder",
    "inference_gaps",
    "information_criteria",
    "latent_use",
    "linear_gaussian_log_likelihood",
    "linear_gaussian_posterior",
    "log_weights",
    "mixture_elbo",
    "mixture_gap",
    "mixture_log_likelihood",
    "mixture_parity",
    "observed_rate",
    "paired_comparison",
    "predicted_iterations",
    "probabilistic_pca",
    "reconstruction_error",
    "regularity",
    "train_test_gap",
    "vae_parity",
]
