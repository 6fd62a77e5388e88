"""What a fitted mixture can be asked, the same for every estimator here."""

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import DensityMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from suite.device import resolve_device
from suite.errors import InputError
from suite.gmm.checks import check_rows, resolve_dtype
from suite.gmm.parameters import MixtureParameters
from suite.gmm.steps import MixtureTensors, e_step
from suite.random import RandomState


class MixturePrediction(DensityMixin):
    """Densities, assignments, draws and information criteria of a fitted mixture.

    It needs `weights_`, `means_`, `covariances_`, `covariance_type`, `random_state`, `device` and
    `dtype`, and scikit-learn's `BaseEstimator` beside it.
    """

    covariance_type: str
    random_state: RandomState
    device: str
    dtype: str
    weights_: np.ndarray
    means_: np.ndarray
    covariances_: np.ndarray

    def score_samples(self, X: ArrayLike) -> np.ndarray:
        """log p(x) for each row, shape (N,), in nats."""
        return self._posterior(X)[0].cpu().numpy()

    def score(self, X: ArrayLike, y: object = None) -> float:
        """The mean of `score_samples`: the log-likelihood in nats per datum."""
        return float(self.score_samples(X).mean())

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """p(z = k | x), shape (N, K)."""
        return self._posterior(X)[1].cpu().numpy()

    def predict(self, X: ArrayLike) -> np.ndarray:
        """The most probable component of each row, shape (N,)."""
        return self.predict_proba(X).argmax(axis=1)

    def sample(self, n_samples: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Draw rows and their components from the mixture, as scikit-learn does.

        The draws follow the estimator's `random_state`: an integer gives the same rows every time.

        Returns
        -------
        X
            (n_samples, D)
        labels
            (n_samples,), int64; the rows are ordered by component.
        """
        check_is_fitted(self)
        if n_samples < 1:
            raise InputError(f"n_samples must be at least 1, got {n_samples}.")
        return self._parameters().sample(n_samples, check_random_state(self.random_state))

    def n_parameters(self) -> int:
        """The number of free parameters of the mixture."""
        check_is_fitted(self)
        return self._parameters().n_parameters

    def aic(self, X: ArrayLike) -> float:
        """Akaike's information criterion, −2 log L + 2 p: a total over X; lower is better."""
        scores = self.score_samples(X)
        return float(-2 * scores.sum() + 2 * self.n_parameters())

    def bic(self, X: ArrayLike) -> float:
        """Schwarz's criterion, −2 log L + p log N: a total over X; lower is better."""
        scores = self.score_samples(X)
        return float(-2 * scores.sum() + self.n_parameters() * np.log(len(scores)))

    def _posterior(self, X: ArrayLike) -> tuple[Tensor, Tensor]:
        check_is_fitted(self)
        rows = self._tensor(check_rows(self, X))
        # Distances are taken near the origin, where they round least.
        centre = self._tensor(self.means_.mean(axis=0))
        mixture = MixtureTensors.from_parameters(self._parameters(), like=rows, offset=centre)
        return e_step(rows - centre, mixture)

    def _parameters(self) -> MixtureParameters:
        return MixtureParameters.from_estimator(self)

    def _tensor(self, values: np.ndarray) -> Tensor:
        device = resolve_device(self.device)
        return torch.tensor(values, dtype=resolve_dtype(self.dtype, device), device=device)
