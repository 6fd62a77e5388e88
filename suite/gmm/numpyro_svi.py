"""A Gaussian mixture by stochastic variational inference, with NumPyro on JAX.

Its twin is `suite.gmm.svi` with inference="mle": the same objective, start, coordinates, optimizer
and stopping rule, with the step compiled. N data, D features, K components.
"""

from collections.abc import Callable, Iterator
from functools import partial
from numbers import Real
from typing import Any, ClassVar, Self

import jax
import numpy as np
import torch
from jax import lax
from numpy.typing import ArrayLike
from numpyro.infer import SVI, Trace_ELBO
from numpyro.infer.svi import SVIState
from numpyro.optim import Adam
from sklearn.utils._param_validation import Interval

from suite.device import resolve_device
from suite.gmm.base import MixtureEstimator
from suite.gmm.callbacks import FitReport, StartReport
from suite.gmm.checks import resolve_dtype
from suite.gmm.covariance import covariance_type_named
from suite.gmm.numpyro_program import (
    Free,
    MixtureTable,
    mixture_program,
    no_guide,
)
from suite.gmm.parameters import MixtureParameters, MixtureState
from suite.gmm.settling import MOMENTS, WINDOW, WholeSettling, finite_bound
from suite.gmm.starts import Starts
from suite.gmm.svi_outcome import SVIAscent, best_one_by_one
from suite.jax_compiling import compiling_noted
from suite.jax_precision import jax_precision
from suite.objective import PointObjective
from suite.progress import Callback
from suite.random import RandomState


class NumPyroGaussianMixture(MixtureEstimator):
    """A Gaussian mixture fitted by gradient ascent of NumPyro's evidence lower bound.

    It is the maximum likelihood of `SVIGaussianMixture` once more, with NumPyro: the assignments
    are summed exactly (`numpyro.distributions.MixtureSameFamily`), so that the bound is the mean
    log-likelihood, and `numpyro.infer.SVI` takes Adam's steps on the same free parameters, in the
    units of the start, with the same halving of the step, convergence and regularisation. From one
    start the two take the same path, to rounding.

    A step is compiled when a table's shape is first met; the first step holds that. Where nobody is
    told of the steps, 25 are made at once; else one by one, so that each is told when it is done.

    JAX computes on the CPU, and in double precision within the steps alone: its settings are, for
    the caller and inside callbacks, what they were. It needs the extra "numpyro".

    Parameters
    ----------
    n_components, covariance_type, reg_covar, n_init, init_params, initial, random_state
        As for `EMGaussianMixture`.
    learning_rate, tol, max_iter
        As for `SVIGaussianMixture`.
    dtype
        "float64" or "float32".

    Attributes
    ----------
    weights_, means_, covariances_, precisions_, precisions_cholesky_, converged_, n_iter_, \
lower_bound_, lower_bounds_, n_features_in_, feature_names_in_
        As for `SVIGaussianMixture`. Components are in the order of `initial`, or else by their
        means, first feature first.
    compile_seconds_ : float
        Of the fit, what JAX says that it took to compile; nothing for a shape that it has met.

    Examples
    --------
    >>> X = [[0.0], [0.2], [0.4], [5.0], [5.2], [5.4]]
    >>> mixture = NumPyroGaussianMixture(2, random_state=0).fit(X)
    >>> mixture.means_.ravel().round(3).tolist()
    [0.2, 5.2]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **MixtureEstimator._parameter_constraints,
        "learning_rate": [Interval(Real, 0.0, None, closed="neither")],
    }

    device = "cpu"

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        learning_rate: float = 0.01,
        tol: float = 1e-6,
        reg_covar: float = 1e-6,
        max_iter: int = 2000,
        n_init: int = 1,
        init_params: str = "kmeans",
        initial: MixtureParameters | None = None,
        random_state: RandomState = None,
        dtype: str = "float64",
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.learning_rate = learning_rate
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.initial = initial
        self.random_state = random_state
        self.dtype = dtype

    def fit(
        self,
        X: ArrayLike,
        y: object = None,
        *,
        sample_weight: ArrayLike | None = None,
        callback: Callback | None = None,
    ) -> Self:
        """Learn the mixture from the rows of X.

        Parameters
        ----------
        X
            (N, D), at least two rows and as many rows as components, finite.
        y
            Ignored.
        sample_weight
            (N,), finite, not negative, not all zero: a row of weight 2 counts as two such rows.
        callback
            Called once a step with a `Progress` whose `state()` is the `MixtureState` after this
            step, also once later ones are made; steps count on through the starts. If it returns
            True the fit stops after this step.

        Raises
        ------
        InputError
            If X, the weights or a parameter cannot be used, or a component collapses.

        Warns
        -----
        ConvergenceWarning
            If the best start did not converge within `max_iter` steps.
        """
        with compiling_noted() as compiling:
            self._fit(X, y, sample_weight, callback)
        self.compile_seconds_ = compiling.seconds
        return self

    def fit_predict(
        self,
        X: ArrayLike,
        y: object = None,
        *,
        sample_weight: ArrayLike | None = None,
        callback: Callback | None = None,
    ) -> np.ndarray:
        """Fit, and give the most probable component of each row of X, shape (N,)."""
        return self.fit(X, y, sample_weight=sample_weight, callback=callback).predict(X)

    def objective_at(
        self, X: ArrayLike, start: MixtureParameters, *, random_state: int = 0
    ) -> PointObjective:
        """The mean log-likelihood and its gradient at `start`, by the program that `fit` climbs.

        For `suite.evaluation.parity`; see `suite.objective.ObjectiveAtPoint`. The term for
        `reg_covar` is left out.
        """
        self._check_parameters()
        table = MixtureTable.of(np.asarray(X), start, dtype=self.dtype)
        with jax_precision(self.dtype):
            loss, gradient = _loss_and_gradient(
                table.free, table, covariance_type=start.covariance_type
            )
        own = {
            name.removeprefix("free_"): -np.asarray(slope, dtype=np.float64)
            for name, slope in gradient.items()
        }
        return PointObjective(-float(loss), own)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        resolve_dtype(self.dtype, resolve_device(self.device))

    def _best_ascent(
        self,
        rows: np.ndarray,
        weights: np.ndarray | None,
        starts: Starts,
        random: np.random.RandomState,
        report: FitReport,
    ) -> SVIAscent:
        def ascend(start: MixtureParameters, told: StartReport) -> SVIAscent:
            table = MixtureTable.of(
                rows, start, sample_weight=weights, reg_covar=self.reg_covar, dtype=self.dtype
            )
            return self._ascend(_Climb(table, start, self.learning_rate), told)

        return best_one_by_one(starts, report, ascend)

    def _ascend(self, climb: "_Climb", told: StartReport) -> SVIAscent:
        settling, converged = WholeSettling(self.tol), False
        bounds: list[float] = []
        steps = climb.steps(1 if told.is_heard else WINDOW)
        while len(bounds) < self.max_iter and not converged:
            told.begin_step()
            bounds.append(finite_bound(next(steps)))
            if settling.note(bounds[-1]):
                climb.learning_rate /= 2
            if told(bounds[-1], climb.state()):
                break
            converged = settling.converged
        parameters = climb.state()().parameters
        if self.initial is None:
            parameters = parameters.permuted(np.lexsort(parameters.means.T[::-1]))
        return SVIAscent(parameters, bounds, converged)


class _Climb:
    """Adam's steps from one start; `learning_rate` may be changed between blocks of steps."""

    def __init__(self, table: MixtureTable, start: MixtureParameters, learning_rate: float) -> None:
        self.table, self.start, self.learning_rate = table, start, learning_rate
        self.dtype = str(table.rows.dtype)
        self.free = table.free

    def steps(self, block: int) -> Iterator[float]:
        """Bounds without end, each before its step's update, which `free` holds; by blocks."""
        with jax_precision(self.dtype):
            optimizer = Adam(0.0, *MOMENTS).init(self.table.free)
        while True:
            with jax_precision(self.dtype):
                optimizer, (bounds, path) = _take_steps(
                    optimizer,
                    self.table,
                    np.asarray(self.learning_rate, dtype=self.dtype),
                    covariance_type=self.start.covariance_type,
                    n_steps=block,
                )
            path = {name: np.asarray(values) for name, values in path.items()}
            for step, bound in enumerate(np.asarray(bounds).tolist()):
                self.free = {name: values[step] for name, values in path.items()}
                yield bound

    def state(self) -> Callable[[], MixtureState]:
        """Gives the mixture reached by now, whenever it is called."""
        free = self.free
        return lambda: MixtureState(_parameters(self.start, free))


@partial(jax.jit, static_argnames=("covariance_type", "n_steps"))
def _take_steps(
    optimizer: Any, table: MixtureTable, learning_rate: Any, *, covariance_type: str, n_steps: int
) -> Any:
    """The optimizer's state after so many steps; bounds and free parameters, step by step."""
    svi = SVI(
        partial(mixture_program, covariance_type=covariance_type),
        no_guide,
        Adam(lambda _: learning_rate, *MOMENTS),
        Trace_ELBO(),
    )
    key = jax.random.PRNGKey(0)  # nothing is drawn; as a constant it is compiled away
    svi.init(key, table)

    def step(optimizer: Any, _: None) -> Any:
        state, loss = svi.update(SVIState(optimizer, None, key), table)
        return state.optim_state, (-loss, svi.get_params(state))

    return lax.scan(step, optimizer, length=n_steps)


@partial(jax.jit, static_argnames="covariance_type")
def _loss_and_gradient(free: Free, table: MixtureTable, *, covariance_type: str) -> Any:
    program = partial(mixture_program, covariance_type=covariance_type)

    def loss(free: Free) -> Any:
        return Trace_ELBO().loss(jax.random.PRNGKey(0), free, program, no_guide, table)

    return jax.value_and_grad(loss)(free)


def _parameters(start: MixtureParameters, free: Free) -> MixtureParameters:
    """The mixture that free parameters stand for, in the units of the start."""
    kind = covariance_type_named(start.covariance_type)
    free_logits, free_means, free_scales = (
        torch.tensor(np.asarray(free[name], dtype=np.float64))
        for name in ("logits", "free_means", "free_scales")
    )
    means, covariances = torch.tensor(start.means), torch.tensor(start.covariances)
    scales = kind.scales(covariances)
    weights = free_logits.softmax(0)
    return MixtureParameters(
        (weights / weights.sum()).numpy(),
        kind.shift(means, scales, free_means).numpy(),
        kind.covariances(kind.stretch(scales, free_scales)).numpy(),
        start.covariance_type,
    )
