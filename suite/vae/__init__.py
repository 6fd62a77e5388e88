"""Variational autoencoders, by hand and with Pyro, and autoencoders without noise.

TorchVAE                the bound by hand in PyTorch
PyroVAE                 its twin by Pyro's SVI
Autoencoder             no noise, no prior: it reconstructs, and cannot generate
AutoencoderWithMixture  the same, generating from a mixture of its codes

VAEModel                the Pyro definition, for any algorithm of pyro.infer
VAENetworks             encoder, decoder and likelihood: `networks_` of all of the above
build_networks          perceptrons, convolutions or networks of one's own
LIKELIHOODS             what p(x | z) may be, by name; each is a Likelihood
"""

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
