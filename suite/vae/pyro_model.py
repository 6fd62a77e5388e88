"""The variational autoencoder as a Pyro program, for any algorithm of `pyro.infer`.

vae = VAEModel(build_networks(784, 20, generator=torch_generator(0)))
svi = SVI(vae.model, vae.guide, pyro.optim.Adam({"lr": 1e-3}), TraceMeanField_ELBO())
svi.step(x)                                            # x: a minibatch of bits (B, 784)

svi.step(X, subsample_size=128)                        # or all data, of which a plate draws some

Predictive(vae.model, num_samples=1)(n=64)["x"]        # draws from the prior predictive
"""

from itertools import count

import pyro
import torch
from pyro import poutine
from torch import Tensor, nn

from suite.errors import InputError
from suite.vae.networks import VAENetworks
from suite.vae.pyro_normal import IndependentNormal, StandardNormal

_SERIAL_NUMBERS = count(1)


class VAEModel:
    """p(z) p(x | z) as `model` and q(z | x) as `guide`, over networks of one's choice.

    Sites: "z" (J,) and "x" (D,), within a plate "data" over rows.

    Parameters
    ----------
    networks
        From `suite.vae.build_networks`, from a fitted estimator's `networks_`, or
        `suite.vae.VAENetworks` around modules of one's own.
    name
        Under which the weights go into Pyro's parameter store, which is global: one name means
        one set of weights. None takes a name that no other model of this process has; give one
        if the store is to be saved and read by another process.
    register
        False keeps the weights out of the parameter store, for those who give
        `networks.parameters()` to a torch optimizer themselves. With `pyro.infer.SVI` nothing
        would be trained then.
    kl_weight
        β, by which the site "z" is scaled in model and guide, and with it the divergence in any
        bound (Higgins et al. 2017); it may be changed between steps, as a warm-up does. 1 leaves
        the model as it is.

    Examples
    --------
    >>> from pyro.infer import SVI, TraceMeanField_ELBO
    >>> from pyro.optim import Adam
    >>> from suite.vae import build_networks
    >>> pyro.set_rng_seed(0)
    >>> vae = VAEModel(build_networks(3, 1, generator=torch.Generator().manual_seed(0)))
    >>> svi = SVI(vae.model, vae.guide, Adam({"lr": 0.01}), TraceMeanField_ELBO())
    >>> bits = torch.tensor([[0.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
    >>> losses = [svi.step(bits) for _ in range(300)]
    >>> sum(losses[-50:]) < sum(losses[:50])
    True
    """

    def __init__(
        self,
        networks: VAENetworks,
        *,
        name: str | None = None,
        register: bool = True,
        kl_weight: float = 1.0,
    ) -> None:
        self.networks = networks
        self.kl_weight = kl_weight
        self.name = f"vae_{next(_SERIAL_NUMBERS)}" if name is None else name
        self.register = register

    def model(
        self,
        x: Tensor | None = None,
        *,
        n: int | None = None,
        subsample_size: int | None = None,
    ) -> Tensor:
        """z ~ N(0, I), x ~ p(x | z): observes x (N, D), or draws `n` rows where x is None.

        Parameters
        ----------
        subsample_size
            Rows of x that the plate draws anew at each call, scaled to stand for all of them; the
            guide must be given the same. None uses every row.

        Returns
        -------
        Tensor
            x, observed (the rows used) or drawn.

        Raises
        ------
        InputError
            If not exactly one of x and n is given, or the parameter store already holds other
            weights under this model's name.
        """
        rows = _rows(x, n)
        self._register("decoder", self.networks.decoder)
        with pyro.plate("data", rows, subsample_size=subsample_size) as index:
            used = x if x is None or subsample_size is None else x[index]
            zeros = torch.zeros(
                (len(index), self.networks.latent_dim),
                dtype=self.networks.dtype,
                device=self.networks.device,
            )
            z = self._sample_z(StandardNormal(zeros, torch.ones_like(zeros)))
            likelihood = self.networks.likelihood.distribution(self.networks.decode(z))
            observed: Tensor = pyro.sample("x", likelihood, obs=used)
        return observed

    def guide(
        self, x: Tensor, *, n: int | None = None, subsample_size: int | None = None
    ) -> Tensor:
        """z ~ q(z | x) for x (N, D); `n` is the model's, and not used.

        Returns
        -------
        Tensor
            z, (N, J), or of the rows drawn.
        """
        self._register("encoder", self.networks.encoder)
        with pyro.plate("data", len(x), subsample_size=subsample_size) as index:
            used = x if subsample_size is None else x[index]
            loc, scale = self.networks.encode(used)
            return self._sample_z(IndependentNormal(loc, scale))

    def _sample_z(self, normal: IndependentNormal) -> Tensor:
        if self.kl_weight == 1:
            z: Tensor = pyro.sample("z", normal)
            return z
        with poutine.scale(scale=self.kl_weight):
            return pyro.sample("z", normal)

    def _register(self, part: str, module: nn.Module) -> None:
        if not self.register:
            return
        name = f"{self.name}.{part}"
        pyro.module(name, module)
        # Pyro keeps the weights it saw first under a name, and the others would never train.
        store = pyro.get_param_store()
        for parameter_name, parameter in module.named_parameters():
            known = f"{name}$$${parameter_name}"
            if known in store and store[known] is not parameter:
                raise InputError(
                    f"Pyro's parameter store holds other weights under {self.name!r}; give this "
                    "model another name, or call pyro.clear_param_store() first."
                )


def _rows(x: Tensor | None, n: int | None) -> int:
    if (x is None) == (n is None):
        raise InputError("give the model data x to observe, or x=None and n rows to draw.")
    return len(x) if x is not None else int(n or 0)
