"""The loss that training minimises, written out in NumPy, with Pyro, and on average."""

import numpy as np
import torch
from torch import Tensor

from studies.tour.checks import Check, equal, equal_on_average
from studies.tour.derivation import closed_form_kl
from studies.tour.settings import TourSettings
from suite.random import torch_generator
from suite.vae import VAEModel, VAENetworks
from suite.vae.pyro_vae import negative_elbo as negative_elbo_by_pyro
from suite.vae.torch_vae import negative_elbo

_MINIBATCHES = 400


def loss_checks(
    networks: VAENetworks, images: np.ndarray, elbo: float, settings: TourSettings
) -> tuple[Check, ...]:
    """The code's loss against NumPy's, against Pyro's, and its mean against the bound.

    Parameters
    ----------
    networks
        One hidden layer of tanh on either side, in float64.
    images
        A minibatch (B, D) of bits.
    elbo
        Its mean bound, by quadrature.
    """
    x = torch.as_tensor(images, dtype=torch.float64)
    seed = settings.seed
    data = f"one minibatch of {len(x)} images"
    by_code = negative_elbo(networks, x, torch_generator(seed))
    epsilon = torch.randn((len(x), 2), generator=torch_generator(seed), dtype=torch.float64)
    by_hand = loss_in_numpy(networks, images.astype(np.float64), epsilon.numpy())
    model = VAEModel(networks, register=False)
    by_pyro = negative_elbo_by_pyro(model, x, torch_generator(seed))
    gradients = [_gradient(networks, loss) for loss in (by_code, by_pyro)]
    terms = x.numel()
    return (
        equal("loss", _one(by_code), np.array([by_hand]), terms=terms, data=data),
        equal("loss-pyro", _one(by_code), _one(by_pyro), terms=terms, data=data),
        equal(
            "gradient-pyro",
            *gradients,
            terms=terms,
            data=f"{data}, all {len(gradients[0]):,} weights",
            unit="nats per datum and unit of weight",
        ),
        _average(networks, x, elbo, settings),
    )


def loss_in_numpy(networks: VAENetworks, x: np.ndarray, epsilon: np.ndarray) -> float:
    """−1/B Σ_b [Σ_d x_d l_d − log(1 + exp l_d) − ½ Σ_j (m_j² + s_j² − 1 − log s_j²)].

    With m, log s = the encoder's two outputs at x and l the decoder's at m + s · ε.
    """
    w = {name: value.detach().numpy() for name, value in networks.state_dict().items()}
    hidden = np.tanh(x @ w["encoder.trunk.0.weight"].T + w["encoder.trunk.0.bias"])
    loc = hidden @ w["encoder.loc.weight"].T + w["encoder.loc.bias"]
    scale = np.exp(hidden @ w["encoder.log_scale.weight"].T + w["encoder.log_scale.bias"])
    z = loc + scale * epsilon
    hidden = np.tanh(z @ w["decoder.trunk.0.weight"].T + w["decoder.trunk.0.bias"])
    logits = hidden @ w["decoder.output.weight"].T + w["decoder.output.bias"]
    log_likelihood = (x * logits - np.logaddexp(0, logits)).sum(1)
    return -float((log_likelihood - closed_form_kl(loc, scale)).mean())


def _average(networks: VAENetworks, x: Tensor, elbo: float, settings: TourSettings) -> Check:
    """One draw of z a datum is enough: the loss is right on average."""
    noise = torch_generator(settings.seed + 1)
    with torch.no_grad():
        drawn = [float(negative_elbo(networks, x, noise)) for _ in range(_MINIBATCHES)]
    return equal_on_average(
        "loss-average",
        np.array([-elbo]),
        np.array(drawn)[:, None],
        data=f"{_MINIBATCHES} draws for a minibatch of {len(x)} images",
    )


def _gradient(networks: VAENetworks, loss: Tensor) -> np.ndarray:
    parts = torch.autograd.grad(loss, list(networks.parameters()))
    return np.concatenate([part.numpy().ravel() for part in parts])


def _one(value: Tensor) -> np.ndarray:
    return value.detach().numpy().reshape(1)
