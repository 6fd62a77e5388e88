"""An estimator that is no part of the suite: classification EM (Celeux and Govaert, 1992).

It is EM with a step between E and M that gives each row wholly to its most probable component, as
k-means does. It comes near the likelihood of EM where components lie apart.
"""

import numpy as np
from hard_assignments import assigned
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from suite.gmm import MixtureParameters, MixtureState, initial_parameters
from suite.progress import notify


class ClassificationEM(BaseEstimator):
    """A mixture with diagonal covariances."""

    suite_label = "classification EM"

    def __init__(
        self,
        n_components=1,
        *,
        covariance_type="diag",
        tol=1e-9,
        max_iter=50,
        initial=None,
        random_state=None,
    ):
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.max_iter = max_iter
        self.initial = initial
        self.random_state = random_state

    def fit(self, X, y=None, *, callback=None):
        rows = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        mixture = self._start(rows)
        bounds, converged = [], False
        for step in range(1, self.max_iter + 1):
            mixture = self._step(rows, mixture)
            bounds.append(float(mixture.log_prob(rows).mean()))
            state = MixtureState(mixture)
            stopped = notify(callback, step, bounds[-1], lambda state=state: state)
            converged = len(bounds) > 1 and abs(bounds[-1] - bounds[-2]) <= self.tol
            if stopped or converged:
                break
        self.weights_ = mixture.weights
        self.means_ = mixture.means
        self.covariances_ = mixture.covariances
        self.converged_ = bool(converged)
        self.n_iter_ = len(bounds)
        self.lower_bounds_ = bounds
        self.lower_bound_ = bounds[-1]
        return self

    def _step(self, rows, mixture):
        hard = assigned(mixture.responsibilities(rows))
        counts = np.maximum(hard.sum(axis=0), 1.0)
        means = hard.T @ rows / counts[:, None]
        spreads = hard.T @ rows**2 / counts[:, None] - means**2 + 1e-6
        return MixtureParameters(counts / counts.sum(), means, spreads, "diag")

    def _start(self, rows):
        if not 1 <= self.n_components <= len(rows):
            raise ValueError(f"n_components must be 1 to {len(rows)}, got {self.n_components}.")
        if self.initial is None:
            return initial_parameters(
                rows,
                self.n_components,
                covariance_type="diag",
                random_state=self.random_state,
            )
        if self.initial.n_components != self.n_components:
            raise ValueError(f"initial must have {self.n_components} components.")
        return self.initial

    def score_samples(self, X):
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=np.float64, reset=False)
        return MixtureParameters.from_estimator(self).log_prob(rows)

    def score(self, X, y=None):
        return float(self.score_samples(X).mean())

    def predict_proba(self, X):
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=np.float64, reset=False)
        return MixtureParameters.from_estimator(self).responsibilities(rows)

    def predict(self, X):
        return self.predict_proba(X).argmax(axis=1)

    def sample(self, n_samples=1):
        check_is_fitted(self)
        random = np.random.RandomState(self.random_state)
        return MixtureParameters.from_estimator(self).sample(n_samples, random)


class FailsInFit(ClassificationEM):
    """What is wrong with it shows only in fit."""

    suite_label = "fails in fit"

    def fit(self, X, y=None, *, callback=None):
        raise RuntimeError("no luck today")
