"""What the by-hand and the Pyro mixture have in common: all but the ascent itself."""

import sys
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackContext, CallbackSupportMixin, with_callbacks
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, InvalidParameterError, StrOptions

from suite.errors import InputError
from suite.gmm.callbacks import (
    FitReport,
    Listener,
    SklearnListener,
)
from suite.gmm.checks import check_enough_rows, check_rows, check_sample_weight, check_start
from suite.gmm.conversion import MixtureConversion
from suite.gmm.covariance import COVARIANCE_TYPES, covariance_type_named
from suite.gmm.given import GivenStart
from suite.gmm.initial import INIT_METHODS, initial_parameters
from suite.gmm.outcome import Ascent
from suite.gmm.parameters import MixtureParameters, MixtureState
from suite.gmm.prediction import MixturePrediction
from suite.gmm.starts import Starts
from suite.progress import Callback

_INNER = ("suite.gmm.", "sklearn.callback.")  # `fit` passes through these before it warns


class MixtureEstimator(
    CallbackSupportMixin, MixtureConversion, MixturePrediction, BaseEstimator, ABC
):
    """A Gaussian mixture fitted by an ascent from a start, with restarts.

    Subclasses say how to ascend (`_best_ascent`) and what `fit` promises, which calls `_fit`; the
    rest is here. Beside the suite's own callback they take
    scikit-learn's (`set_callbacks`).
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

    def _fit(
        self,
        X: ArrayLike,
        y: object,
        sample_weight: ArrayLike | None,
        callback: Callback | None,
    ) -> None:
        """Check everything, learn, and warn; `sample_weight` is (N,) or None."""
        self._check_parameters()
        rows = check_rows(self, X, fitting=True)
        weights = check_sample_weight(sample_weight, len(rows))
        check_enough_rows(rows, self.n_components, weights)
        random = check_random_state(self.random_state)
        metadata = {} if sample_weight is None else {"sample_weight": sample_weight}
        data = {"X": X, "y": y, "metadata": metadata}
        starts = self._starts(rows, weights, random)
        self._conduct(
            lambda report: self._best_ascent(rows, weights, starts, random, report),
            data,
            rows.dtype,
            callback,
        )

    @with_callbacks
    def _conduct(
        self,
        ascend: Callable[[FitReport], Ascent],
        data: dict[str, Any],
        precision: np.dtype[Any],
        callback: Callback | None,
    ) -> None:
        """Let the ascent be told of, keep what it has learned, and warn."""
        context = self._init_callback_context(max_subtasks=self._n_starts())
        context.call_on_fit_task_begin(estimator=self, **data)
        report = FitReport(self._listeners(context, data, precision), callback)
        best = ascend(report)
        self._learn(best, precision)
        context.call_on_fit_task_end(estimator=self, **data, reconstruction_attributes={})
        if not (best.converged or report.stopped or self.max_iter == 0):
            _warn_not_converged()

    def _check_parameters(self) -> None:
        try:
            self._validate_params()
        except InvalidParameterError as error:
            raise InputError(str(error)) from None

    def _listeners(
        self, context: CallbackContext, data: dict[str, Any], precision: np.dtype[Any]
    ) -> list[Listener]:
        if not hasattr(self, "_skl_callbacks"):
            return []

        def learned(state: MixtureState) -> dict[str, Any]:
            return self._learned(Ascent(state.parameters, [], False), precision)

        return [SklearnListener(self, context, max_iter=self.max_iter, data=data, learned=learned)]

    @abstractmethod
    def _best_ascent(
        self,
        rows: np.ndarray,
        weights: np.ndarray | None,
        starts: Starts,
        random: np.random.RandomState,
        report: FitReport,
    ) -> Ascent:
        """Climb from every start and give the highest end: everything that learns is in here.

        Starts are made when asked for, so that a fit which is stopped makes no more of them.
        """

    def _n_starts(self) -> int:
        return self.n_init if self.initial is None else 1

    def _starts(
        self, rows: np.ndarray, weights: np.ndarray | None, random: np.random.RandomState
    ) -> "Starts":
        return Starts(lambda: self._start(rows, weights, random), self._n_starts())

    def _start(
        self, rows: np.ndarray, weights: np.ndarray | None, random: np.random.RandomState
    ) -> MixtureParameters:
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
            sample_weight=weights,
            given=self._given(),
        )

    def _given(self) -> GivenStart:
        return GivenStart()

    def _learn(self, ascent: Ascent, precision: np.dtype[Any]) -> None:
        for name, value in self._learned(ascent, precision).items():
            setattr(self, name, value)

    def _learned(self, ascent: Ascent, precision: np.dtype[Any]) -> dict[str, Any]:
        """What `fit` leaves behind, by attribute; arrays have the precision of the data."""
        parameters = ascent.parameters
        kind = covariance_type_named(self.covariance_type)
        factors = kind.precision_factors(torch.tensor(parameters.covariances)).numpy()
        arrays = {
            "weights_": parameters.weights,
            "means_": parameters.means,
            "covariances_": parameters.covariances,
            "precisions_": parameters.precisions(),
            "precisions_cholesky_": factors,
        }
        return {name: np.array(array, dtype=precision) for name, array in arrays.items()} | {
            "converged_": ascent.converged,
            "n_iter_": len(ascent.lower_bounds),
            "lower_bound_": ascent.lower_bound,
            "lower_bounds_": ascent.lower_bounds,
        }


def _warn_not_converged() -> None:
    warnings.warn(
        "Best performing initialization did not converge. Try different init parameters, or "
        "increase max_iter, tol, or check for degenerate data.",
        ConvergenceWarning,
        stacklevel=_level_of_caller(),
    )


def _level_of_caller() -> int:
    """The `stacklevel`, seen from the function that asks, of whoever called `fit`."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_globals["__name__"].startswith(_INNER):
        frame, level = frame.f_back, level + 1
    return level
