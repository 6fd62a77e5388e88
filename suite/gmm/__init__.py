"""Gaussian mixtures: parameters, shared starts, EM by hand, scikit-learn's EM, Pyro SVI.

EMGaussianMixture       EM by hand, in the place of scikit-learn's GaussianMixture
SklearnGaussianMixture  scikit-learn's EM, from the same starts
SVIGaussianMixture      Pyro's SVI: maximum likelihood, maximum a posteriori, variational Bayes
sweep_components        EM for many numbers of components; gives a ComponentSweep

MixtureParameters       weights, means and covariances: plain data, with exact densities
MixtureState            where a fit stands, for callbacks
initial_parameters      a start that all of them accept
COVARIANCE_TYPES        full, tied, diag, spherical, tied_diag, tied_spherical
e_step, m_step          the two steps of EM, a function each

GaussianMixtureModel    the Pyro definition, for any algorithm of pyro.infer
MixturePrior            a prior for it
PointGuide, NormalGuide                     guides over the mixture's parameters
ComponentCoordinates, FeatureCoordinates    what those guides are written in
"""

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
