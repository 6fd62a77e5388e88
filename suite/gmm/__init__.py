"""Gaussian mixtures: parameters, shared starts, EM by hand, scikit-learn's EM, Pyro SVI."""

from suite.gmm.covariance import COVARIANCE_TYPES
from suite.gmm.em import EMGaussianMixture
from suite.gmm.initial import initial_parameters
from suite.gmm.parameters import MixtureParameters, MixtureState
from suite.gmm.prior import MixturePrior
from suite.gmm.pyro_model import GaussianMixtureModel
from suite.gmm.sklearn_em import SklearnGaussianMixture
from suite.gmm.start_coordinates import ComponentCoordinates, FeatureCoordinates
from suite.gmm.steps import e_step, m_step
from suite.gmm.svi import SVIGaussianMixture
from suite.gmm.sweep import ComponentSweep, sweep_components
from suite.gmm.variational import NormalGuide, PointGuide

__all__ = [
    "COVARIANCE_TYPES",
    "ComponentCoordinates",
    "ComponentSweep",
    "EMGaussianMixture",
    "FeatureCoordinates",
    "GaussianMixtureModel",
    "MixtureParameters",
    "MixturePrior",
    "MixtureState",
    "NormalGuide",
    "PointGuide",
    "SVIGaussianMixture",
    "SklearnGaussianMixture",
    "e_step",
    "initial_parameters",
    "m_step",
    "sweep_components",
]
