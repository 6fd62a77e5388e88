"""What the adapters of other packages' mixtures have in common."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from torch import Tensor

from suite.errors import InputError
from suite.gmm.initial import initial_parameters
from suite.gmm.parameters import MixtureParameters, MixtureState
from suite.gmm.prediction import MixturePrediction
from suite.progress import Callback, notify
from suite.random import RandomState

Report = Callable[[float, Callable[[], MixtureParameters]], None]
"""Told the bound of an iteration, and how to get at the parameters after it."""


class StopFit(Exception):
    """The callback asked to stop."""


class PeerMixture(MixturePrediction, BaseEstimator, ABC):
    """A mixture that another package fits, in float32, from the shared start.

    It is there to be timed and compared: all arithmetic of the fit is the package's, and its own
    loop runs it. What is learned is kept as float64 arrays; densities of it are computed here.

    Parameters
    ----------
    n_components
        K.
    covariance_type
        One of `covariance_types`.
    tol
        Converged when the bound rises by less than this in one iteration, in nats per datum; with 0
        every iteration is made.
    reg_covar
        Added to the diagonal of every covariance, where the package can do that.
    max_iter
        The largest number of iterations.
    initial
        The start; k-means if left out.
    random_state
        Seed or generator for that k-means.

    Attributes
    ----------
    weights_, means_, covariances_, converged_, n_iter_, lower_bound_, lower_bounds_
        As of the other mixtures.
    """

    covariance_types: ClassVar[tuple[str, ...]]
    device = "cpu"
    dtype = "float32"

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        tol: float = 1e-3,
        reg_covar: float = 0.0,
        max_iter: int = 100,
        initial: MixtureParameters | None = None,
        random_state: RandomState = None,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.initial = initial
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: object = None, *, callback: Callback | None = None) -> Self:
        """Let the package fit the rows of X, calling `callback` once an iteration.

        Parameters
        ----------
        X
            (N, D); converted to float32.
        y
            Ignored.
        callback
            Its state's responsibilities are None: the package does not hand its own out.

        Raises
        ------
        InputError
            If the package has no such covariance type or cannot regularise.
        """
        if self.covariance_type not in self.covariance_types:
            raise InputError(
                f"covariance_type must be one of {', '.join(self.covariance_types)} for "
                f"{type(self).__name__}, got {self.covariance_type!r}."
            )
        start = self._start(X)
        rows = torch.tensor(np.asarray(X), dtype=torch.float32)
        self.n_features_in_ = rows.shape[1]
        self.lower_bounds_: list[float] = []
        self._learn(start)

        def report(bound: float, parameters: Callable[[], MixtureParameters]) -> None:
            self.lower_bounds_.append(bound)
            if notify(callback, len(self.lower_bounds_), bound, lambda: MixtureState(parameters())):
                self._learn(parameters())
                raise StopFit

        self.converged_ = False
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of deprecated calls inside the package
                learned, self.converged_ = self._fit_peer(rows, start, report)
            self._learn(learned)
        except StopFit:
            pass
        self.n_iter_ = len(self.lower_bounds_)
        self.lower_bound_ = self.lower_bounds_[-1] if self.lower_bounds_ else -np.inf
        return self

    @abstractmethod
    def _fit_peer(
        self, X: Tensor, start: MixtureParameters, report: Report
    ) -> tuple[MixtureParameters, bool]:
        """Fit, telling `report` of every iteration; the parameters and whether it converged."""

    def _start(self, X: ArrayLike) -> MixtureParameters:
        if self.initial is not None:
            return self.initial
        return initial_parameters(
            X,
            self.n_components,
            covariance_type=self.covariance_type,
            reg_covar=self.reg_covar,
            random_state=self.random_state,
        )

    def _learn(self, parameters: MixtureParameters) -> None:
        self.weights_ = parameters.weights.copy()
        self.means_ = parameters.means.copy()
        self.covariances_ = parameters.covariances.copy()
