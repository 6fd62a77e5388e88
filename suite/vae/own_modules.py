"""Whether networks of a user's own do what an encoder and a decoder must."""

import torch
from torch import Tensor

from suite.errors import InputError
from suite.vae.networks import VAENetworks


@torch.no_grad()
def check_modules(networks: VAENetworks, x: Tensor) -> None:
    """Send rows x (B, D) through the encoder and the decoder, and look at what comes out.

    Raises
    ------
    InputError
        If a module fails, or gives another shape than it must, or scales that are not positive.
    """
    was_training = networks.training
    networks.eval()
    code_shape = (len(x), networks.latent_dim)
    try:
        loc, scale = networks.encode(x)
    except (RuntimeError, TypeError, ValueError) as error:
        raise _encoder_error(networks, f"it fails: {error}") from error
    if loc.shape != code_shape or scale.shape != code_shape or not bool((scale > 0).all()):
        given = f"{tuple(loc.shape)} and {tuple(scale.shape)}, least scale {float(scale.min()):g}"
        raise _encoder_error(networks, f"for {len(x)} rows it gives {given}")
    try:
        output = networks.decode(loc)[0]
    except (RuntimeError, TypeError, ValueError) as error:
        raise _decoder_error(networks, f"it fails: {error}") from error
    if not isinstance(output, Tensor) or output.shape != x.shape:
        shape = getattr(output, "shape", type(output).__name__)
        raise _decoder_error(networks, f"for {len(x)} codes it gives {shape}")
    networks.train(was_training)


def _encoder_error(networks: VAENetworks, what: str) -> InputError:
    return InputError(
        f"encoder must map rows (B, {networks.n_features}) to a pair (loc, scale) of shape "
        f"(B, {networks.latent_dim}) each, scale positive, but {what}; change the module or "
        "latent_dim."
    )


def _decoder_error(networks: VAENetworks, what: str) -> InputError:
    return InputError(
        f"decoder must map codes (B, {networks.latent_dim}) to one tensor "
        f"(B, {networks.n_features}) of logits or locations, but {what}; change the module or "
        "latent_dim."
    )
