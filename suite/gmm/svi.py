"""A Gaussian mixture by stochastic variational inference, with Pyro."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from numbers import Real
from typing import Any, ClassVar

import numpy as np
import pyro
import torch
from numpy.typing import ArrayLike
from pyro.infer import TraceEnum_ELBO
from sklearn.utils._param_validation import Interval, StrOptions
from torch import Tensor, nn

from suite.errors import InputError
from suite.gmm.base import MixtureEstimator
from suite.gmm.checks import check_rows
from suite.gmm.outcome import Ascent, Report
from suite.gmm.parameters import MixtureParameters, MixtureState
from suite.gmm.pyro_model import GaussianMixtureModel
from suite.random import RandomState

_MOMENTS = (0.9, 0.99)  # Adam's; the objective has no noise to average out, so that 0.999 is slow
_PATIENCE = 10  # steps in a row that must change little: a slow step alone is no convergence
_WINDOW = 25  # steps after which the step size is looked at, and halved if it was too long
_GUIDE_SPEED = 10.0  # the network's step size in units of the mixture's: q has to keep up with θ
_HEAD_START = 100  # steps that move only the network, lest a q that knows nothing merge components


class SVIGaussianMixture(MixtureEstimator):
    """A Gaussian mixture fitted by gradient ascent of Pyro's evidence lower bound.

    The objective is that of EM, L(q, θ) ≤ log p(x | θ), in `pyro.infer.TraceEnum_ELBO`, with the
    assignments summed exactly:

    - posterior="exact": z is summed out of the model, so that q is the exact posterior and L the
      log-likelihood: maximum likelihood, as by EM.
    - posterior="amortised": q(z | x) = Categorical(softmax(network(x))), learned with θ. The gap
      log p(x) − L is the mean KL(q(z | x) ‖ p(z | x)).

    Adam takes full-batch steps on parameters in the units of the start (`GaussianMixtureModel`), so
    that one step size suits every scale of data; the step is halved where the bound zigzags. An
    amortised posterior takes steps ten times as large, and its first 100 alone: a network
    that knows nothing yet would pull the components together.

    Regularisation: EM adds reg_covar · I to each covariance after its M-step. Its fixed points are
    where the gradient of the log-likelihood less ½ reg_covar Σ_k π_k tr Σ_k⁻¹, with π held fixed in
    that last term, vanishes; that is the direction taken here, and so both have the same fixed
    points, for every type and reg_covar. What differs is the way there: EM's covariances are never
    below reg_covar, while here the term only pushes them up; and from one start the two may end in
    different local optima. The bounds reported never include the term.

    Parameters
    ----------
    n_components, covariance_type, reg_covar, n_init, init_params, initial, random_state, device, \
dtype
        As for `EMGaussianMixture`.
    posterior
        "exact" or "amortised".
    guide_hidden_dims
        Widths of the hidden layers of the amortised posterior's network; () is linear.
    learning_rate
        Adam's first step size, in units of the start's standard deviations.
    tol
        Converged when the bound has changed by less than this in each of 10 steps in a row, in nats
        per datum.
    max_iter
        The largest number of steps from one start.

    Attributes
    ----------
    weights_, means_, covariances_, precisions_, precisions_cholesky_, converged_, n_iter_, \
lower_bound_, lower_bounds_, n_features_in_, feature_names_in_
        As for `EMGaussianMixture`; a step takes the place of an iteration. The bounds are the ELBO
        before each step's update.
    guide_ : torch.nn.Module or None
        The network of the amortised posterior, X to logits (N, K); None for the exact one.

    Examples
    --------
    >>> X = [[0.0], [0.2], [0.4], [5.0], [5.2], [5.4]]
    >>> mixture = SVIGaussianMixture(2, random_state=0).fit(X)
    >>> sorted(mixture.means_.ravel().round(3).tolist())
    [0.2, 5.2]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **MixtureEstimator._parameter_constraints,
        "posterior": [StrOptions({"exact", "amortised"})],
        "guide_hidden_dims": ["array-like"],
        "learning_rate": [Interval(Real, 0.0, None, closed="neither")],
    }

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        posterior: str = "exact",
        guide_hidden_dims: Sequence[int] = (),
        learning_rate: float = 0.01,
        tol: float = 1e-6,
        reg_covar: float = 1e-6,
        max_iter: int = 2000,
        n_init: int = 1,
        init_params: str = "kmeans",
        initial: MixtureParameters | None = None,
        random_state: RandomState = None,
        device: str = "cpu",
        dtype: str = "float64",
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.posterior = posterior
        self.guide_hidden_dims = guide_hidden_dims
        self.learning_rate = learning_rate
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.initial = initial
        self.random_state = random_state
        self.device = device
        self.dtype = dtype

    def _ascend(
        self,
        X: Tensor,
        start: MixtureParameters,
        random: np.random.RandomState,
        report: Report,
        weights: Tensor | None = None,
    ) -> Ascent:
        mixture = self._model(X, start, random)
        held = 0 if mixture.network is None else _HEAD_START
        bounds: list[float] = []
        converged = False
        with _private_pyro():
            for bound in self._steps(X, mixture):
                bounds.append(bound)
                if report(bound, _state(mixture, X)):
                    break
                converged = len(bounds) > held + _PATIENCE and _settled(bounds, self.tol)
                if converged:
                    break
        return Ascent(mixture.to_parameters(), bounds, converged, mixture.network)

    def guide_proba(self, X: ArrayLike) -> np.ndarray:
        """The q(z | x) of each row, shape (N, K): the guide's, or the exact posterior without one.

        Raises
        ------
        InputError
            If X cannot be used.
        NotFittedError
            If `fit` has not been called.
        """
        exact = self.predict_proba(X)
        if self.guide_ is None:
            return exact
        rows = check_rows(self, X, fitting=False)
        with torch.no_grad():
            q: np.ndarray = self.guide_(self._tensor(rows)).softmax(1).double().cpu().numpy()
        return q

    def _learned(self, ascent: Ascent, precision: np.dtype[Any]) -> dict[str, Any]:
        return super()._learned(ascent, precision) | {"guide_": ascent.guide}

    def _model(
        self, X: Tensor, start: MixtureParameters, random: np.random.RandomState
    ) -> GaussianMixtureModel:
        amortised = self.posterior == "amortised"
        mixture = GaussianMixtureModel(
            self.n_components,
            X.shape[1],
            covariance_type=self.covariance_type,
            initial=start,
            guide_hidden_dims=tuple(self.guide_hidden_dims) if amortised else None,
            random_state=random,
            dtype=X.dtype,
        )
        return mixture.to(X.device)

    def _steps(self, X: Tensor, mixture: GaussianMixtureModel) -> Iterator[float]:
        """Take `max_iter` steps, giving the bound before each; the update is done when it comes."""
        elbo = TraceEnum_ELBO(max_plate_nesting=1)
        optimizer = self._optimizer(mixture)
        bounds: list[float] = []
        for step in range(self.max_iter):
            negative_bound = elbo.differentiable_loss(mixture.model, mixture.guide, X) / len(X)
            loss = negative_bound + self._penalty(mixture)
            optimizer.zero_grad()
            loss.backward()
            if mixture.network is not None and step < _HEAD_START:
                _hold(mixture.own_parameters())
            optimizer.step()
            bounds.append(_finite(-negative_bound.item()))
            if (step + 1) % _WINDOW == 0 and _zigzags(bounds[-_WINDOW:]):
                for group in optimizer.param_groups:
                    group["lr"] /= 2
            yield bounds[-1]

    def _optimizer(self, mixture: GaussianMixtureModel) -> torch.optim.Optimizer:
        groups: list[dict[str, Any]] = [{"params": mixture.own_parameters()}]
        if mixture.network is not None:
            speed = _GUIDE_SPEED * self.learning_rate
            groups.append({"params": list(mixture.network.parameters()), "lr": speed})
        return torch.optim.Adam(groups, lr=self.learning_rate, betas=_MOMENTS)

    def _penalty(self, mixture: GaussianMixtureModel) -> Tensor | float:
        if self.reg_covar == 0:
            return 0.0
        kind, weights = mixture.kind, mixture.logits.detach().softmax(0)
        factors = kind.factors_of_scales(mixture.scales())
        traces = kind.inverse_traces(factors, mixture.start_means.shape[1])
        return 0.5 * self.reg_covar * (weights * traces).sum()


@contextmanager
def _private_pyro() -> Iterator[None]:
    # A parameter store of our own, so that the global one is neither read nor left changed; and no
    # validation of every distribution at every step, which costs more than the arithmetic.
    with pyro.get_param_store().scope(), pyro.validation_enabled(False):
        yield


def _hold(parameters: list[nn.Parameter]) -> None:
    for parameter in parameters:
        parameter.grad = None  # Adam passes over what has no gradient


def _finite(bound: float) -> float:
    if not np.isfinite(bound):
        raise InputError(
            f"the bound became {bound}: a component has collapsed or a step was too long; raise "
            "reg_covar, lower learning_rate, or ask for fewer components."
        )
    return bound


def _settled(bounds: list[float], tol: float) -> bool:
    return bool((np.abs(np.diff(bounds[-_PATIENCE - 1 :])) < tol).all())


def _zigzags(bounds: list[float]) -> bool:
    # Momentum swings once in some twenty steps; a step too long for the curvature, every other one.
    turns = np.diff(np.sign(np.diff(bounds))) != 0
    return bool(turns.sum() > len(bounds) / 3)


def _state(mixture: GaussianMixtureModel, X: Tensor) -> Callable[[], MixtureState]:
    def state() -> MixtureState:
        if mixture.network is None:
            return MixtureState(mixture.to_parameters())
        with torch.no_grad():
            q = mixture.network(X).softmax(1)
        return MixtureState(mixture.to_parameters(), q.cpu().numpy())

    return state
