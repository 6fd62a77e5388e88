"""What a pixel is taken to be: the table of likelihoods p(x | z) that a decoder can end in."""

from suite.vae.likelihoods.base import Kind, Likelihood, Parameters
from suite.vae.likelihoods.checks import is_bits
from suite.vae.likelihoods.redrawing import BitStream, redraw_bits
from suite.vae.likelihoods.table import LIKELIHOODS, likelihood_named

__all__ = [
    "LIKELIHOODS",
    "BitStream",
    "Kind",
    "Likelihood",
    "Parameters",
    "is_bits",
    "likelihood_named",
    "redraw_bits",
]
