"""scikit-learn's Gaussian mixture under the suite's callback and starting values."""

from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.mixture import GaussianMixture
from sklearn.utils._param_validation import InvalidParameterError

from suite.errors import InputError
from suite.gmm.checks import check_enough_rows, check_rows, check_start
from suite.gmm.covariance import covariance_type_named
from suite.gmm.parameters import MixtureParameters, MixtureState
from suite.progress import Callback, notify
from suite.random import RandomState


class SklearnGaussianMixture(GaussianMixture):
    """`sklearn.mixture.GaussianMixture` that reports its progress and takes the shared start.

    All arithmetic is the parent's, to the last bit. Two of the parent's methods are extended: the
    one that makes the start, which `initial` replaces, and the one that scikit-learn calls once an
    iteration, after the M-step, which reports to the callback.

    Parameters
    ----------
    n_components, covariance_type, tol, reg_covar, max_iter, n_init, init_params, \
weights_init, means_init, precisions_init, random_state, warm_start, verbose, verbose_interval
        scikit-learn's.
    initial
        The start: the same object that the other mixtures take. It replaces `weights_init`,
        `means_init` and `precisions_init`, and loses no digit to inverting a covariance twice.

    Attributes
    ----------
    weights_, means_, covariances_, precisions_, precisions_cholesky_, converged_, n_iter_, \
lower_bound_, lower_bounds_, n_features_in_, feature_names_in_
        scikit-learn's.

    Examples
    --------
    >>> X = [[0.0], [0.2], [0.4], [5.0], [5.2], [5.4]]
    >>> steps = []
    >>> note = lambda progress: steps.append(progress.step)
    >>> mixture = SklearnGaussianMixture(2, random_state=0).fit(X, callback=note)
    >>> steps == list(range(1, mixture.n_iter_ + 1))
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **GaussianMixture._parameter_constraints,
        "initial": [MixtureParameters, None],
    }

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        tol: float = 1e-3,
        reg_covar: float = 1e-6,
        max_iter: int = 100,
        n_init: int = 1,
        init_params: str = "kmeans",
        initial: MixtureParameters | None = None,
        weights_init: ArrayLike | None = None,
        means_init: ArrayLike | None = None,
        precisions_init: ArrayLike | None = None,
        random_state: RandomState = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
    ) -> None:
        super().__init__(
            n_components,
            covariance_type=covariance_type,
            tol=tol,
            reg_covar=reg_covar,
            max_iter=max_iter,
            n_init=n_init,
            init_params=init_params,
            weights_init=weights_init,
            means_init=means_init,
            precisions_init=precisions_init,
            random_state=random_state,
            warm_start=warm_start,
            verbose=verbose,
            verbose_interval=verbose_interval,
        )
        self.initial = initial

    def fit(self, X: ArrayLike, y: object = None, *, callback: Callback | None = None) -> Self:
        """Fit as scikit-learn does, calling `callback` once an iteration.

        `Progress.state()` is a `MixtureState` with the parameters after the M-step and the
        responsibilities of the E-step before it. Steps count on through the restarts. If the
        callback returns True the fit ends after this iteration with the best restart so far.

        Raises
        ------
        InputError
            If X or a parameter cannot be used, or a component collapses.
        """
        self.fit_predict(X, y, callback=callback)
        return self

    def fit_predict(
        self, X: ArrayLike, y: object = None, *, callback: Callback | None = None
    ) -> np.ndarray:
        """Fit, and give the most probable component of each row of X."""
        rows = check_rows(self, X, fitting=True)
        check_enough_rows(rows, self.n_components)
        self._monitor = _Monitor(callback)
        try:
            return super().fit_predict(X, y)
        except _StopFit:
            self._monitor.finish(self)
            return self.predict(X)
        except InvalidParameterError as error:
            raise InputError(str(error)) from None
        except InputError:
            raise
        except ValueError as error:
            raise InputError(" ".join(str(error).split())) from None
        finally:
            del self._monitor

    def n_parameters(self) -> int:
        """The number of free parameters of the mixture."""
        return int(self._n_parameters())

    def _initialize_parameters(
        self, X: np.ndarray, random_state: np.random.RandomState, xp: Any = None
    ) -> None:
        self._monitor.begin_restart()
        if self.initial is None:
            super()._initialize_parameters(X, random_state, xp=xp)
            return
        check_start(self.initial, self.n_components, X.shape[1], self.covariance_type)
        self.weights_ = self.initial.weights.copy()
        self.means_ = self.initial.means.copy()
        self.covariances_ = self.initial.covariances.copy()
        kind = covariance_type_named(self.covariance_type)
        self.precisions_cholesky_ = kind.precision_factors(
            torch.from_numpy(self.covariances_)
        ).numpy()

    def _compute_lower_bound(self, log_resp: np.ndarray, log_prob_norm: float) -> float:
        bound: float = super()._compute_lower_bound(log_resp, log_prob_norm)
        self._monitor.end_iteration(self, bound, log_resp)
        return bound


class _StopFit(Exception):
    """The callback asked to stop."""


class _Monitor:
    """Reports each iteration, and remembers what scikit-learn would keep if it ended now."""

    def __init__(self, callback: Callback | None) -> None:
        self.callback = callback
        self.step = 0
        self.best: tuple[float, tuple[Any, ...], list[float]] | None = None
        self.bounds: list[float] = []
        self.parameters: tuple[Any, ...] = ()

    def begin_restart(self) -> None:
        self._keep_if_best()
        self.bounds = []

    def end_iteration(
        self, mixture: SklearnGaussianMixture, bound: float, log_resp: np.ndarray
    ) -> None:
        self.step += 1
        self.bounds.append(bound)
        self.parameters = mixture._get_parameters()

        def state() -> MixtureState:
            return MixtureState(MixtureParameters.from_estimator(mixture), np.exp(log_resp))

        if notify(self.callback, self.step, float(bound), state):
            raise _StopFit

    def finish(self, mixture: SklearnGaussianMixture) -> None:
        """Give the mixture what it would have learned had it been allowed no more iterations."""
        self._keep_if_best()
        assert self.best is not None
        mixture.lower_bound_, parameters, mixture.lower_bounds_ = self.best
        mixture._set_parameters(parameters)
        mixture.n_iter_ = len(mixture.lower_bounds_)
        mixture.converged_ = False

    def _keep_if_best(self) -> None:
        if self.bounds and (self.best is None or self.bounds[-1] > self.best[0]):
            self.best = (self.bounds[-1], self.parameters, self.bounds)
