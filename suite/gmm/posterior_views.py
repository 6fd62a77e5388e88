"""What a mixture fitted by variational inference can be asked about its posteriors."""

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted
from torch import nn

from suite.errors import InputError
from suite.gmm.checks import check_rows, check_sample_weight
from suite.gmm.evidence import EvidenceBound, evidence_lower_bound
from suite.gmm.prediction import MixturePrediction
from suite.gmm.prior import MixturePrior
from suite.gmm.variational import NormalGuide
from suite.random import RandomState


class PosteriorViews(MixturePrediction):
    """q(z | x) and the bound of the evidence, of a mixture with `guide_` and `prior_`."""

    inference: str
    posterior: str
    guide_: nn.Module | None
    prior_: MixturePrior | None

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
        if self.guide_ is None or self.posterior != "amortised":
            return exact
        rows = check_rows(self, X, fitting=False)
        with torch.no_grad():
            q: np.ndarray = self.guide_(self._tensor(rows)).softmax(1).double().cpu().numpy()
        return q

    def evidence_lower_bound(
        self,
        X: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        n_draws: int = 256,
        random_state: RandomState = None,
    ) -> EvidenceBound:
        """The bound of log p(X) that "vb" has reached, on fresh draws of θ.

        `lower_bound_` is that bound on the draws it was fitted to, and flatters a little.

        Parameters
        ----------
        X, sample_weight
            What was given to `fit`.
        n_draws
            Of θ from q.
        random_state
            For these draws.

        Raises
        ------
        InputError
            If the fit was not by inference="vb", or X cannot be used.
        NotFittedError
            If `fit` has not been called.
        """
        check_is_fitted(self)
        rows = self._tensor(check_rows(self, X))
        scaled = check_sample_weight(sample_weight, len(rows))
        weights = None
        if scaled is not None:
            weights = self._tensor(scaled * np.mean(np.asarray(sample_weight)))
        if not isinstance(self.guide_, NormalGuide) or self.prior_ is None:
            raise InputError(
                "only inference='vb' bounds the evidence, and this mixture was fitted by "
                f"inference={self.inference!r}; fit it with inference='vb'."
            )
        return evidence_lower_bound(
            self.guide_, self.prior_, rows, weights, n_draws=n_draws, random_state=random_state
        )
