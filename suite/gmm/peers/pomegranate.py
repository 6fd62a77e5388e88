"""pomegranate's Gaussian mixture (Schreiber, 2018; version 1.1 on PyTorch)."""

from typing import Any, ClassVar

import torch
from pomegranate.distributions import Normal
from pomegranate.gmm import GeneralMixtureModel
from torch import Tensor

from suite.errors import InputError
from suite.gmm.parameters import MixtureParameters
from suite.gmm.peers.base import PeerMixture, Report

_TYPES = {"full": "full", "diag": "diag", "spherical": "sphere"}
_NEVER = -float("inf")


class PomegranateGaussianMixture(PeerMixture):
    """`pomegranate.gmm.GeneralMixtureModel` of normal distributions; parameters as `PeerMixture`.

    Its own `fit` runs; after each of its M-steps (`from_summaries`) the callback is called. It has
    no tied covariances and adds nothing to a covariance's diagonal.
    """

    covariance_types: ClassVar[tuple[str, ...]] = tuple(_TYPES)

    def _fit_peer(
        self, X: Tensor, start: MixtureParameters, report: Report
    ) -> tuple[MixtureParameters, bool]:
        if self.reg_covar != 0:
            raise InputError(
                f"pomegranate adds nothing to covariances: expected reg_covar = 0, got "
                f"{self.reg_covar}."
            )
        tolerance = _NEVER if self.tol == 0 else self.tol * len(X)
        mixture = _Reporting(start, len(X), report, max_iter=self.max_iter, tol=tolerance)
        mixture.fit(X)
        return mixture.learned(), len(self.lower_bounds_) < self.max_iter


class _Reporting(GeneralMixtureModel):
    """pomegranate's mixture, reporting each iteration."""

    def __init__(
        self, start: MixtureParameters, n_rows: int, report: Report, *, max_iter: int, tol: float
    ) -> None:
        normals = [
            _normal(mean, covariance, start.covariance_type)
            for mean, covariance in zip(start.means, start.covariances, strict=True)
        ]
        priors = torch.tensor(start.weights, dtype=torch.float32)
        super().__init__(normals, priors=priors, max_iter=max_iter, tol=tol)
        self._kind = start.covariance_type
        self._n_rows = n_rows
        self._report = report
        self._total = 0.0

    def summarize(self, X: Tensor, sample_weight: Any = None, priors: Any = None) -> Tensor:
        total: Tensor = super().summarize(X, sample_weight=sample_weight, priors=priors)
        self._total = float(total)
        return total

    def from_summaries(self) -> None:
        super().from_summaries()
        self._report(self._total / self._n_rows, self.learned)

    def learned(self) -> MixtureParameters:
        weights = self.priors.double()
        return MixtureParameters(
            (weights / weights.sum()).numpy(),
            torch.stack([d.means for d in self.distributions]).numpy(),
            torch.stack([d.covs for d in self.distributions]).numpy(),
            self._kind,
        )


def _normal(mean: Any, covariance: Any, kind: str) -> Normal:
    """One component. Its constructor refuses the scalar variance that "sphere" computes with."""
    normal = Normal(covariance_type=_TYPES[kind])
    normal._initialize(len(mean))
    normal.means[...] = torch.tensor(mean, dtype=torch.float32)
    normal.covs[...] = torch.tensor(covariance, dtype=torch.float32)
    normal._reset_cache()
    return normal
