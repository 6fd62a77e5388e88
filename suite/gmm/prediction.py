"""What a fitted mixture can be asked, the same for every estimator here."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import DensityMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from suite.device import resolve_device
from suite.errors import InputError
from suite.gmm.checks import check_rows, check_sample_weight, resolve_dtype
from suite.gmm.parameters import MixtureParameters
from suite.gmm.steps import MixtureTensors, e_step
from suite.random import RandomState

_BLOCK = 16_384  # rows


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
        return np.concatenate([log_prob for log_prob, _ in self._posteriors(X)])

    def score(
        self, X: ArrayLike, y: object = None, *, sample_weight: ArrayLike | None = None
    ) -> float:
        """The mean of `score_samples`, weighted if asked: log-likelihood in nats per datum."""
        log_prob = self.score_samples(X)
        return float(
            np.average(log_prob, weights=check_sample_weight(sample_weight, len(log_prob)))
        )

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """p(z = k | x), shape (N, K)."""
        return np.concatenate([responsibilities for _, responsibilities in self._posteriors(X)])

    def predict(self, X: ArrayLike) -> np.ndarray:
        """The most probable component of each row, shape (N,)."""
        blocks = self._posteriors(X)
        return np.concatenate([responsibilities.argmax(axis=1) for _, responsibilities in blocks])

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
            raise InputError(
                f"Invalid value for 'n_samples': {n_samples}. The sampling requires at least one "
                "sample."
            )
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

    def icl(self, X: ArrayLike) -> float:
        """The integrated completed likelihood, a total over X; lower is better.

            ICL = −2 Σ_n log p(x_n, ẑ_n) + p log N = BIC − 2 Σ_n log max_k p(z = k | x_n)

        with ẑ_n the most probable component of x_n and p as in `n_parameters`: BIC with a penalty
        for components that overlap. Of the two readings of the entropy term in use this is the
        original one, with the assignment ẑ (Biernacki, Celeux and Govaert, 2000, section 2.3); it
        is what R's mclust prints, with the opposite sign. The other puts the entropy
        −Σ_k p(z = k | x) log p(z = k | x) for −log max_k, and is never smaller.
        """
        total, n_rows = 0.0, 0
        for log_prob, responsibilities in self._posteriors(X):
            total += float((log_prob + np.log(responsibilities.max(axis=1))).sum())
            n_rows += len(log_prob)
        return float(-2 * total + self.n_parameters() * np.log(n_rows))

    def _posteriors(self, X: ArrayLike) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """log p(x), shape (n,), and p(z | x), (n, K), block by block, so that memory stays small.

        They are in the precision of X or of the mixture, whichever is higher.
        """
        check_is_fitted(self)
        rows = check_rows(self, X)
        precision = np.result_type(rows, self.means_)
        # Distances are taken near the origin, where they round least.
        centre = self._tensor(self.means_.mean(axis=0))
        for begin in range(0, len(rows), _BLOCK):
            given = self._tensor(rows[begin : begin + _BLOCK])
            mixture = MixtureTensors.from_parameters(self._parameters(), like=given, offset=centre)
            log_prob, responsibilities = e_step(given - centre, mixture)
            yield (
                log_prob.cpu().numpy().astype(precision, copy=False),
                responsibilities.cpu().numpy().astype(precision, copy=False),
            )

    def _parameters(self) -> MixtureParameters:
        return MixtureParameters.from_estimator(self)

    def _tensor(self, values: np.ndarray) -> Tensor:
        device = resolve_device(self.device)
        return torch.tensor(values, dtype=resolve_dtype(self.dtype, device), device=device)
