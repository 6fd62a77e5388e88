"""The suite's perceptrons as tutorials write them: a log variance, and probabilities."""

from copy import deepcopy
from typing import cast

import torch
from torch import Tensor, nn

from suite.vae.networks import Decoder, Encoder, VAENetworks

_OURS, _THEIRS = "log_scale", "log_variance"


class LogVarianceEncoder(nn.Module):
    """x ↦ the mean and the log variance of q(z | x), where the suite's encoder gives the scale.

    A copy: log variance = 2 log scale, so its last layer holds twice the weights.
    """

    def __init__(self, networks: VAENetworks) -> None:
        super().__init__()
        encoder = cast(Encoder, networks.encoder)
        self.trunk = deepcopy(encoder.trunk)
        self.loc = deepcopy(encoder.loc)
        self.log_variance = deepcopy(encoder.log_scale)
        with torch.no_grad():
            for weight in self.log_variance.parameters():
                weight.mul_(2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(…, D) -> mean and log variance, each (…, J)."""
        hidden = self.trunk(x)
        return self.loc(hidden), self.log_variance(hidden)


class ProbabilityDecoder(nn.Module):
    """z ↦ the probability of each bit, where the suite's decoder gives logits; a copy."""

    def __init__(self, networks: VAENetworks) -> None:
        super().__init__()
        decoder = cast(Decoder, networks.decoder)
        self.trunk = deepcopy(decoder.trunk)
        self.output = deepcopy(decoder.output)

    def forward(self, z: Tensor) -> Tensor:
        """(…, J) -> (…, D)."""
        probability: Tensor = torch.sigmoid(self.output(self.trunk(z)))
        return probability


class TutorialVAE(nn.Module):
    """The two as one module, at the weights of `networks`, which it leaves as they are.

    Its layout is that of PyTorch's own example (pytorch/examples, vae/main.py).
    """

    def __init__(self, networks: VAENetworks) -> None:
        super().__init__()
        self.encoder = LogVarianceEncoder(networks)
        self.decoder = ProbabilityDecoder(networks)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x (B, D) -> probabilities (B, D), mean and log variance (B, J); draws z anew."""
        mean, log_variance = self.encoder(x)
        scale = torch.exp(0.5 * log_variance)
        noise = torch.randn_like(scale)
        return self.decoder(mean + noise * scale), mean, log_variance


def write_back(networks: VAENetworks, module: nn.Module) -> None:
    """Put the weights of a module with such an `encoder` and `decoder` into `networks`."""
    networks.load_state_dict(
        {
            name: _theirs(module, name) / (2.0 if _is_doubled(name) else 1.0)
            for name in networks.state_dict()
        }
    )


def gradient_in(networks: VAENetworks, module: nn.Module) -> dict[str, Tensor]:
    """The gradient that a backward pass left in `module`, with respect to the networks' weights.

    By the chain rule that in a log scale is twice that in a log variance. Weights without a
    gradient are left out.
    """
    gradients = {name: _theirs(module, name).grad for name, _ in networks.named_parameters()}
    return {
        name: gradient * (2.0 if _is_doubled(name) else 1.0)
        for name, gradient in gradients.items()
        if gradient is not None
    }


def _theirs(module: nn.Module, name: str) -> Tensor:
    return module.get_parameter(name.replace(f".{_OURS}.", f".{_THEIRS}."))


def _is_doubled(name: str) -> bool:
    return f".{_OURS}." in name
