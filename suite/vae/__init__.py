"""Variational autoencoders, by hand and with Pyro, and a plain autoencoder."""

from suite.vae.autoencoder import Autoencoder
from suite.vae.likelihoods import LIKELIHOODS, Likelihood
from suite.vae.networks import VAENetworks, build_networks
from suite.vae.torch_vae import TorchVAE

__all__ = [
    "LIKELIHOODS",
    "Autoencoder",
    "Likelihood",
    "TorchVAE",
    "VAENetworks",
    "build_networks",
]
