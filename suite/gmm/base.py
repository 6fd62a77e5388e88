"""What the by-hand and the Pyro mixture have in common: all but the ascent itself."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, InvalidParameterError, StrOptions
from torch import Tensor, nn

from suite.errors import InputError
from suite.gmm.checks import check_enough_rows, check_rows, check_start
from suite.gmm.covariance import COVARIANCE_TYPES, covariance_type_named
from suite.gmm.initial import INIT_METHODS, initial_parameters
from suite.gmm.parameters import MixtureParameters, MixtureState
from suite.gmm.prediction import MixturePrediction
from suite.progress import Callback, notify

Report = Callable[[float, Callable[[], MixtureState]], bool]
"""Tells the callback the objective and how to get the state after a step; True means stop."""


@dataclass(frozen=True, eq=False)
class Ascent:
    """Where one start led.

    Parameters
    ----------
    parameters
        The parameters after the last step.
    lower_bounds
        The bound at each step, in nats per datum: before the step's update, as in scikit-learn.
    converged
        Whether the stopping rule was met.
    guide
        The network that gives the logits of q(z | x), where the ascent learned one.
    """

    parameters: MixtureParameters
    lower_bounds: list[float]
    converged: bool
    guide: nn.Module | None = None

    @property
    def lower_bound(self) -> float:
        """The last bound; −∞ if no step was taken."""
        return self.lower_bounds[-1] if self.lower_bounds else -np.inf


class MixtureEstimator(MixturePrediction, BaseEstimator, ABC):
    """A Gaussian mixture fitted by an ascent from a start, with restarts.

    Subclasses say how to ascend (`_ascend`); the rest is here.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "covariance_type": [StrOptions(set(COVARIANCE_TYPES))],
        "tol": [Interval(Real, 0.0, None, closed="left")],
        "reg_covar": [Interval(Real, 0.0, None, closed="left")],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "init_params": [StrOptions(set(INIT_METHODS))],
        "initial": [MixtureParameters, None],
        "random_state": ["random_state"],
    }

    n_components: int
    tol: float
    reg_covar: float
    max_iter: int
    n_init: int
    init_params: str
    initial: MixtureParameters | None

    def fit(self, X: ArrayLike, y: object = None, *, callback: Callback | None = None) -> Self:
        """Learn the mixture from the rows of X.

        Parameters
        ----------
        X
            (N, D), at least two rows and as many rows as components, finite.
        y
            Ignored.
        callback
            Called once a step with a `Progress` whose `state()` is a `MixtureState`; steps count
            on through the restarts. If it returns True the fit stops after this step.

        Raises
        ------
        InputError
            If X or a parameter cannot be used, or a component collapses.

        Warns
        -----
        ConvergenceWarning
            If the best start did not converge within `max_iter` steps.
        """
        try:
            self._validate_params()
        except InvalidParameterError as error:
            raise InputError(str(error)) from None
        rows = check_rows(self, X, fitting=True)
        check_enough_rows(rows, self.n_components)
        self._learn(self._best_ascent(rows, callback))
        return self

    def fit_predict(
        self, X: ArrayLike, y: object = None, *, callback: Callback | None = None
    ) -> np.ndarray:
        """Fit, and give the most probable component of each row of X."""
        return self.fit(X, callback=callback).predict(X)

    @abstractmethod
    def _ascend(
        self,
        X: Tensor,
        start: MixtureParameters,
        random: np.random.RandomState,
        report: Report,
    ) -> Ascent:
        """Climb from `start` until convergence, `max_iter` steps, or `report` says stop."""

    def _best_ascent(self, rows: np.ndarray, callback: Callback | None) -> Ascent:
        random = check_random_state(self.random_state)
        counter = _StepCounter(callback)
        X = self._tensor(rows)
        best: Ascent | None = None
        for _ in range(self.n_init if self.initial is None else 1):
            ascent = self._ascend(X, self._start(rows, random), random, counter.report)
            if best is None or ascent.lower_bound > best.lower_bound:
                best = ascent
            if counter.stopped:
                break
        assert best is not None
        if not (best.converged or counter.stopped or self.max_iter == 0):
            _warn_not_converged(self)
        return best

    def _start(self, rows: np.ndarray, random: np.random.RandomState) -> MixtureParameters:
        if self.initial is not None:
            check_start(self.initial, self.n_components, rows.shape[1], self.covariance_type)
            return self.initial
        return initial_parameters(
            rows,
            self.n_components,
            covariance_type=self.covariance_type,
            method=self.init_params,
            reg_covar=self.reg_covar,
            random_state=random,
        )

    def _learn(self, ascent: Ascent) -> None:
        parameters = ascent.parameters
        self.weights_ = parameters.weights.copy()
        self.means_ = parameters.means.copy()
        self.covariances_ = parameters.covariances.copy()
        kind = covariance_type_named(self.covariance_type)
        self.precisions_cholesky_ = kind.precision_factors(
            torch.from_numpy(self.covariances_)
        ).numpy()
        self.precisions_ = parameters.precisions()
        self.converged_ = ascent.converged
        self.n_iter_ = len(ascent.lower_bounds)
        self.lower_bound_ = ascent.lower_bound
        self.lower_bounds_ = ascent.lower_bounds


class _StepCounter:
    """Numbers the steps through all restarts and remembers whether to stop."""

    def __init__(self, callback: Callback | None) -> None:
        self.callback = callback
        self.step = 0
        self.stopped = False

    def report(self, objective: float, state: Callable[[], MixtureState]) -> bool:
        self.step += 1
        self.stopped = notify(self.callback, self.step, objective, state)
        return self.stopped


def _warn_not_converged(estimator: MixtureEstimator) -> None:
    warnings.warn(
        f"{type(estimator).__name__} did not converge in {estimator.max_iter} steps: raise "
        "max_iter or tol, or try other starting values.",
        ConvergenceWarning,
        stacklevel=4,
    )
