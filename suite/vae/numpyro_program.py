"""The variational autoencoder as a NumPyro program on JAX, to import into one's own NumPyro code.

Its twin is `suite.vae.pyro_model`. B data in a minibatch, D features, J latent dimensions.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro.handlers import scale, substitute
from numpyro.infer import Trace_ELBO, TraceMeanField_ELBO
from torch import nn

from suite.errors import InputError
from suite.vae.likelihoods.continuous_bernoulli import NEAR, SERIES
from suite.vae.networks import VAENetworks

Weights = Mapping[str, Any]
"""Arrays by the names of `VAENetworks.state_dict()`."""


class Batch(NamedTuple):
    """A minibatch, or several behind one another along a first axis.

    Parameters
    ----------
    x
        (B, D), filled up with zeros where data are short.
    noise
        ε, (B, J).
    shares
        (B,), 1 over the number of data, and 0 for what was filled up.
    """

    x: Any
    noise: Any
    shares: Any


@dataclass(frozen=True)
class Layout:
    """What the networks compute, apart from their weights.

    Parameters
    ----------
    encoder, decoder
        The steps of the trunks: names of linear layers in the state dict, and of `ACTIVATIONS`.
    likelihood
        A name of `DISTRIBUTIONS`.
    """

    encoder: tuple[str, ...]
    decoder: tuple[str, ...]
    likelihood: str

    @classmethod
    def of(cls, networks: VAENetworks) -> "Layout":
        """The layout of torch's networks.

        Raises
        ------
        InputError
            If they have no translation.
        """
        if networks.likelihood_name not in DISTRIBUTIONS:
            raise InputError(
                f"NumPyroVAE has the likelihoods {', '.join(map(repr, DISTRIBUTIONS))}, got "
                f"{networks.likelihood_name!r}; take one of these, or TorchVAE or PyroVAE."
            )
        if networks.device.type != "cpu":
            raise InputError(
                f"NumPyroVAE computes on the CPU, got device {networks.device.type!r}; give "
                "device='cpu', or take TorchVAE or PyroVAE."
            )
        parts: dict[str, nn.Module] = dict(networks.named_modules())
        for name in ("encoder.loc", "encoder.log_scale", "decoder.output"):
            if not isinstance(parts.get(name), nn.Linear):
                raise _no_perceptron(parts.get(name))
        encoder, decoder = (tuple(_trunk_steps(parts, part)) for part in ("encoder", "decoder"))
        return cls(encoder, decoder, networks.likelihood_name)


@dataclass(frozen=True)
class VAEProgram:
    """p(z) p(x | z) as `model` and q(z | x) as `guide`, for any algorithm of `numpyro.infer`.

    Sites: "z" (J,) and "x" (D,), within a plate "data" over rows, and the weights as
    `numpyro.param` by their names in torch's state dict.

    Parameters
    ----------
    weights
        Where the parameters start.
    layout
        What the networks compute with them.
    kl_weight
        β of the divergence.
    """

    weights: Weights
    layout: Layout
    kl_weight: Any = 1.0

    def model(self, batch: Batch) -> None:
        """z ~ N(0, I), x ~ p(x | z)."""
        weights = self._registered("decoder")
        with numpyro.plate("data", len(batch.x)), scale(scale=batch.shares):
            with scale(scale=self.kl_weight):
                prior = dist.Normal(jnp.zeros_like(batch.noise), jnp.ones_like(batch.noise))
                z = numpyro.sample("z", prior.to_event(1))
            hidden = _through(weights, self.layout.decoder, z)
            output = _linear(weights, "decoder.output", hidden)
            likelihood = DISTRIBUTIONS[self.layout.likelihood]
            numpyro.sample(
                "x", likelihood(output, weights.get("decoder.log_scale")).to_event(1), obs=batch.x
            )

    def guide(self, batch: Batch) -> None:
        """z = loc(x) + scale(x) · ε, with the ε that the batch brings."""

        def reparameterised(site: dict[str, Any]) -> Any:
            normal = site["fn"].base_dist
            return normal.loc + normal.scale * batch.noise if site["name"] == "z" else None

        weights = self._registered("encoder")
        with numpyro.plate("data", len(batch.x)), scale(scale=batch.shares):
            hidden = _through(weights, self.layout.encoder, batch.x)
            loc = _linear(weights, "encoder.loc", hidden)
            spread = jnp.exp(_linear(weights, "encoder.log_scale", hidden))
            with scale(scale=self.kl_weight), substitute(substitute_fn=reparameterised):
                numpyro.sample("z", dist.Normal(loc, spread).to_event(1))

    def _registered(self, part: str) -> dict[str, Any]:
        return {
            name: numpyro.param(name, value)
            for name, value in self.weights.items()
            if name.startswith(part)
        }


def _trunk_steps(parts: Mapping[str, nn.Module], part: str) -> Iterator[str]:
    trunk = parts.get(f"{part}.trunk")
    if not isinstance(trunk, nn.Sequential):
        raise _no_perceptron(trunk)
    for number, module in enumerate(trunk):
        kind = type(module).__name__
        if isinstance(module, nn.Linear):
            yield f"{part}.trunk.{number}"
        elif kind in ACTIVATIONS:
            yield kind
        else:
            raise _no_perceptron(module)


def _no_perceptron(module: nn.Module | None) -> InputError:
    found = "another architecture" if module is None else f"a {type(module).__name__}"
    return InputError(
        f"NumPyroVAE translates perceptrons with {', '.join(ACTIVATIONS)} alone, got {found}; give "
        "hidden_dims and one of these activations, or take TorchVAE or PyroVAE."
    )


def _through(weights: Weights, steps: tuple[str, ...], x: Any) -> Any:
    for step in steps:
        x = ACTIVATIONS[step](x) if step in ACTIVATIONS else _linear(weights, step, x)
    return x


def _linear(weights: Weights, name: str, x: Any) -> Any:
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "ReLU": jax.nn.relu,
    "Tanh": jnp.tanh,
    "Softplus": jax.nn.softplus,
    "Sigmoid": jax.nn.sigmoid,
    "ELU": jax.nn.elu,
    "GELU": partial(jax.nn.gelu, approximate=False),
    "SiLU": jax.nn.silu,
}
"""What stands between two layers, by the name of torch's module."""

BOUNDS: dict[str, Callable[[], Any]] = {
    "mean-field": TraceMeanField_ELBO,
    "sampled": Trace_ELBO,
}
"""NumPyro's bounds, by the names of `suite.vae.objectives`."""


class CrossEntropy(dist.BernoulliLogits):
    """x l − log(1 + exp l) for any x in [0, 1]: NumPyro's Bernoulli gives −∞ but at 0 and 1."""

    def log_prob(self, value: Any, intermediates: Any = None) -> Any:
        """Elementwise, in nats."""
        return value * self.logits - jax.nn.softplus(self.logits)


class ContinuousBernoulli(dist.BernoulliLogits):
    """x l − l/2 − log(sinh(l/2) / (l/2)) for x in [0, 1], which NumPyro lacks.

    By the series and the closed form of `suite.vae.likelihoods.continuous_bernoulli`.
    """

    def log_prob(self, value: Any, intermediates: Any = None) -> Any:
        """Elementwise, in nats."""
        h = self.logits / 2
        near = jnp.abs(h) < NEAR
        square = jnp.square(jnp.where(near, h, 0))
        series = jnp.zeros_like(h)
        for coefficient in reversed(SERIES):
            series = (series + coefficient) * square
        twice = 2 * jnp.where(near, 1, jnp.abs(h))
        far = twice / 2 + jnp.log(-jnp.expm1(-twice) / twice)
        return value * self.logits - h - jnp.where(near, series, far)


DISTRIBUTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "bernoulli": lambda logits, _: dist.Bernoulli(logits=logits),
    "bernoulli-grey": lambda logits, _: CrossEntropy(logits),
    "continuous-bernoulli": lambda logits, _: ContinuousBernoulli(logits),
    "continuous-bernoulli-unnormalised": lambda logits, _: CrossEntropy(logits),
    "gaussian": lambda loc, log_scale: dist.Normal(loc, jnp.exp(log_scale)),
    "laplace": lambda loc, log_scale: dist.Laplace(loc, jnp.exp(log_scale)),
}
"""p(x | z) of the decoder's output and its log scale, if it has one, by the suite's names."""
