"""The variational autoencoder with its bound computed by NumPyro on JAX, in compiled steps.

Its twins are `suite.vae.torch_vae` and `suite.vae.pyro_vae`: the same networks, starting weights,
minibatches and noise. B data in a minibatch, D features, J latent dimensions.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Self

import jax
import numpy as np
import torch
from jax import lax
from numpy.typing import ArrayLike
from numpyro.infer import SVI
from numpyro.infer.svi import SVIState
from numpyro.optim import Adam
from torch import Tensor

from suite.errors import InputError
from suite.jax_compiling import compiling_noted
from suite.jax_precision import jax_precision
from suite.objective import NotComparable, PointObjective
from suite.progress import Callback
from suite.random import torch_generator
from suite.vae.networks import VAENetworks, load_weights
from suite.vae.numpyro_program import BOUNDS, Batch, Layout, VAEProgram, Weights
from suite.vae.validation import DTYPES, as_tensor
from suite.vae.variational import VariationalAutoencoder

_BATCHES_AT_ONCE = 32  # minibatches to one call, so that a few megabytes of data are copied at once


class NumPyroVAE(VariationalAutoencoder):
    """A variational autoencoder by NumPyro's stochastic variational inference.

    Its bound is by default `numpyro.infer.TraceMeanField_ELBO`, which takes the divergence in
    closed form, of `VAEProgram`, and the steps are `numpyro.infer.SVI`'s with its Adam: scans over
    the minibatches of an epoch, compiled when a fit first meets their shape, whatever `compile`
    says. Noise is torch's, from the stream that the twins draw it from; so the three take the same
    steps, to rounding. Parameters, learned attributes and methods are those of
    `suite.vae.variational.VariationalAutoencoder`; the trained networks are torch's.

    JAX computes on the CPU, and in double precision, where dtype="float64" asks for it, within the
    steps alone. It needs the extra "numpyro".

    Attributes
    ----------
    compile_seconds_ : float
        Of the fit, what JAX says that it took to compile; nothing for a shape that it has met.

    Raises
    ------
    InputError
        By `fit`, if the networks are no perceptrons, NumPyro has no such likelihood, the objective
        is importance-weighted, weights are averaged, the optimizer is not Adam or the device is not
        the CPU.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.repeat([[0.0, 0.0, 1.0], [1.0, 1.0, 0.0]], 20, axis=0)
    >>> vae = NumPyroVAE(1, hidden_dims=(8,), max_epochs=5, batch_size=4, random_state=0).fit(X)
    >>> vae.transform(X).shape, vae.sample(2, random_state=0).shape
    ((40, 1), (2, 3))
    """

    def fit(
        self,
        X: ArrayLike | Tensor,
        y: object = None,
        *,
        callback: Callback | None = None,
        checkpoint: str | Path | None = None,
        checkpoint_every: int = 1,
    ) -> Self:
        """Train on X (N, D): see `suite.vae.base.NetworkEstimator.fit`."""
        with compiling_noted() as compiling:
            super().fit(
                X,
                y,
                callback=callback,
                checkpoint=checkpoint,
                checkpoint_every=checkpoint_every,
            )
        self.compile_seconds_ = compiling.seconds
        return self

    def _check_settings(self) -> None:
        super()._check_settings()
        if self.objective not in BOUNDS or self.n_particles != 1:
            raise InputError(
                f"NumPyroVAE has objective={' or '.join(map(repr, BOUNDS))} with n_particles=1, "
                f"got {self.objective!r} with {self.n_particles}; take TorchVAE or PyroVAE."
            )
        if self.optimizer != "adam":
            raise InputError(
                f"NumPyroVAE takes NumPyro's Adam, got optimizer={self.optimizer!r}; give "
                "optimizer='adam', or take TorchVAE or PyroVAE."
            )
        if self.average is not None:
            # Its learner takes many steps at once, and shows no weights in between.
            raise InputError(
                f"NumPyroVAE averages no weights, got average={self.average!r}; give average=None, "
                "or take TorchVAE or PyroVAE."
            )

    def _learner(self, networks: VAENetworks, noise: torch.Generator) -> "NumPyroLearner":
        return NumPyroLearner(networks, noise, objective=self.objective)

    def objective_at(
        self, X: ArrayLike | Tensor, start: Mapping[str, Tensor], *, random_state: int = 0
    ) -> PointObjective:
        """The bound of X as one minibatch and its gradient in all weights, by the training loss.

        For `suite.evaluation.parity`; see `suite.objective.ObjectiveAtPoint`.

        Raises
        ------
        NotComparable
            For another objective than the mean-field bound.
        """
        self._check_settings()
        if self.objective != "mean-field":
            raise NotComparable(
                f"objective={self.objective!r} is another bound than the one compared."
            )
        data = as_tensor(X, dtype=DTYPES[self.dtype], device=torch.device("cpu"))
        networks = self._build(data.shape[1], torch_generator(0))
        load_weights(networks, start)
        layout = Layout.of(networks)
        batch = stacked([data], networks, torch_generator(random_state), len(data))
        with jax_precision(self.dtype):
            loss, gradient = _loss_and_gradient(
                _arrays(networks), _first(batch), layout=layout, objective=self.objective
            )
        slopes = {name: -np.asarray(part, dtype=np.float64) for name, part in gradient.items()}
        return PointObjective(-float(loss), slopes)


class NumPyroLearner:
    """Trains torch's networks in place by NumPyro's steps: a `suite.vae.learner.Learner`.

    Parameters
    ----------
    networks
        Where to start; each epoch ends with the new weights in them.
    noise
        Where ε is drawn from, a minibatch after the other.
    objective
        A name of `BOUNDS`.

    Raises
    ------
    InputError
        See `Layout.of`.
    """

    def __init__(
        self, networks: VAENetworks, noise: torch.Generator, *, objective: str = "mean-field"
    ) -> None:
        self._networks, self._noise, self._objective = networks, noise, objective
        self._layout = Layout.of(networks)
        with jax_precision(self._dtype):
            self._optimizer: Any = Adam(0.0).init(_arrays(networks))

    def epoch(
        self, batches: Iterable[Tensor], *, learning_rate: float, kl_weight: float = 1.0
    ) -> float:
        """One step per minibatch (B, D); the mean loss over data, in nats per datum.

        Each minibatch is scored by the weights that it found, before its own step.
        """
        rate, weight = (np.asarray(value, self._dtype) for value in (learning_rate, kl_weight))
        losses, sizes = [], []
        coming = iter(batches)
        rows = 0
        while some := list(islice(coming, _BATCHES_AT_ONCE)):
            rows = rows or len(some[0])
            given = stacked(some, self._networks, self._noise, rows)
            with jax_precision(self._dtype):
                self._optimizer, found = _take_steps(
                    self._optimizer,
                    given,
                    rate,
                    weight,
                    layout=self._layout,
                    objective=self._objective,
                )
            losses.append(np.asarray(found, dtype=np.float64))
            sizes += [len(x) for x in some]
        self._write_back()
        return float(np.average(np.concatenate(losses), weights=sizes))

    def state(self) -> dict[str, Tensor]:
        """All that later epochs depend on: weights, Adam's moments and the number of steps."""
        leaves = jax.tree.leaves(self._optimizer)
        return {str(place): torch.from_numpy(np.array(leaf)) for place, leaf in enumerate(leaves)}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on from where `state` was taken."""
        leaves, shape = jax.tree.flatten(self._optimizer)
        arrays = [state[str(place)].numpy() for place in range(len(leaves))]
        self._optimizer = jax.tree.unflatten(shape, arrays)

    @property
    def _dtype(self) -> str:
        return str(self._networks.dtype).removeprefix("torch.")

    def _write_back(self) -> None:
        weights = Adam(0.0).get_params(self._optimizer)
        arrays = {name: torch.from_numpy(np.array(value)) for name, value in weights.items()}
        self._networks.load_state_dict(arrays)


def stacked(
    batches: list[Tensor], networks: VAENetworks, noise: torch.Generator, rows: int
) -> Batch:
    """Minibatches of at most `rows` data as one `Batch`, each with its own noise, in this order."""
    filled: list[Batch] = []
    for x in batches:
        shape = (len(x), networks.latent_dim)
        epsilon = torch.randn(shape, generator=noise, dtype=networks.dtype)
        shares = torch.full((len(x),), 1 / len(x), dtype=networks.dtype)
        filled.append(Batch(*(_filled(part, rows) for part in (x, epsilon, shares))))
    return Batch(*(np.stack(parts) for parts in zip(*filled, strict=True)))


def _filled(part: Tensor, rows: int) -> np.ndarray:
    array = part.numpy()
    return np.pad(array, [(0, rows - len(array)), *[(0, 0)] * (array.ndim - 1)])


@partial(jax.jit, static_argnames=("layout", "objective"))
def _take_steps(
    optimizer: Any,
    batches: Batch,
    learning_rate: Any,
    kl_weight: Any,
    *,
    layout: Layout,
    objective: str,
) -> Any:
    """The optimizer's state after a step for each batch, and each batch's loss before it."""
    adam = Adam(lambda _: learning_rate)
    program = VAEProgram(adam.get_params(optimizer), layout, kl_weight)
    svi = SVI(program.model, program.guide, adam, BOUNDS[objective]())
    key = jax.random.PRNGKey(0)  # nothing is drawn; as a constant it is compiled away
    svi.init(key, _first(batches))

    def step(optimizer: Any, batch: Batch) -> Any:
        state, loss = svi.update(SVIState(optimizer, None, key), batch)
        return state.optim_state, loss

    return lax.scan(step, optimizer, batches)


@partial(jax.jit, static_argnames=("layout", "objective"))
def _loss_and_gradient(weights: Weights, batch: Batch, *, layout: Layout, objective: str) -> Any:
    def loss(weights: Weights) -> Any:
        program = VAEProgram(weights, layout)
        key = jax.random.PRNGKey(0)
        return BOUNDS[objective]().loss(key, weights, program.model, program.guide, batch)

    return jax.value_and_grad(loss)(weights)


def _first(batches: Batch) -> Batch:
    return Batch(*(part[0] for part in batches))


def _arrays(networks: VAENetworks) -> dict[str, np.ndarray]:
    return {name: value.detach().numpy().copy() for name, value in networks.state_dict().items()}
