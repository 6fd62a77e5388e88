"""Variational autoencoders, by hand and with Pyro, and autoencoders without noise."""

from suite.vae.autoencoder import Autoencoder
from suite.vae.building import build_networks
from suite.vae.code_mixture import AutoencoderWithMixture
from suite.vae.likelihoods import LIKELIHOODS, Likelihood
from suite.vae.networks import VAENetworks
from suite.vae.pyro_model import VAEModel
from suite.vae.pyro_vae import PyroVAE
from suite.vae.torch_vae import TorchVAE

__all__ = [
    "LIKELIHOODS",
    "Autoencoder",
    "AutoencoderWithMixture",
    "Likelihood",
    "PyroVAE",
    "TorchVAE",
    "VAEModel",
    "VAENetworks",
    "build_networks",
]
