"""torchgmm's Gaussian mixture (the successor of PyCave), fitted by Lightning."""

import logging
from typing import ClassVar

import torch
from torch import Tensor

from suite.data.torchvision_import import import_torchvision
from suite.gmm.parameters import MixtureParameters
from suite.gmm.peers.base import PeerMixture, Report

import_torchvision()  # torchgmm imports it plainly, which fails beside some builds of torch

from torchgmm.base.data import DataLoader, collate_tensor, dataset_from_tensors  # noqa: E402
from torchgmm.bayes import GaussianMixture  # noqa: E402
from torchgmm.bayes.core import cholesky_precision  # noqa: E402
from torchgmm.bayes.gmm import GaussianMixtureModel, GaussianMixtureModelConfig  # noqa: E402
from torchgmm.bayes.gmm.lightning_module import GaussianMixtureLightningModule  # noqa: E402

_EPOCHS_PER_ITERATION = 2


class TorchgmmGaussianMixture(PeerMixture):
    """`torchgmm.bayes.GaussianMixture`; parameters as `PeerMixture`.

    What runs is the last part of its `fit`: its Lightning module under the trainer that it makes,
    on the whole data as one batch, from the shared start instead of from its own. As shipped
    (0.1.4) a single batch is treated as minibatches are: an iteration takes two epochs, the second
    of which computes the responsibilities again. It is left so. The callback is called after the
    second; the bound that it logs is that of the first epoch's parameters.
    """

    covariance_types: ClassVar[tuple[str, ...]] = ("full", "tied", "diag", "spherical")

    def _fit_peer(
        self, X: Tensor, start: MixtureParameters, report: Report
    ) -> tuple[MixtureParameters, bool]:
        estimator = GaussianMixture(
            self.n_components,
            covariance_type=self.covariance_type,
            convergence_tolerance=self.tol,
            covariance_regularization=self.reg_covar,
            trainer_params={"accelerator": "cpu", "enable_progress_bar": False},
        )
        module = _Reporting(_model(start), report, self.tol, self.reg_covar)
        loader = DataLoader(dataset_from_tensors(X), batch_size=len(X), collate_fn=collate_tensor)
        loggers = [logging.getLogger(n) for n in ("pytorch_lightning", "lightning.pytorch")]
        levels = [logger.level for logger in loggers]
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            trainer = estimator.trainer(
                max_epochs=self.max_iter * _EPOCHS_PER_ITERATION, enable_model_summary=False
            )
            trainer.fit(module, loader)
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
        return module.learned(), bool(trainer.should_stop)


class _Reporting(GaussianMixtureLightningModule):
    """torchgmm's Lightning module, reporting each iteration."""

    def __init__(
        self, model: GaussianMixtureModel, report: Report, tol: float, reg_covar: float
    ) -> None:
        super().__init__(
            model,
            convergence_tolerance=tol,
            covariance_regularization=reg_covar,
            is_batch_training=True,
        )
        self._report = report

    def nonparametric_training_epoch_end(self) -> None:
        super().nonparametric_training_epoch_end()
        if self.current_epoch % _EPOCHS_PER_ITERATION == 1:
            self._report(-float(self.metric_nll.compute()), self.learned)

    def learned(self) -> MixtureParameters:
        weights = self.model.component_probs.double()
        return MixtureParameters(
            (weights / weights.sum()).numpy(),
            self.model.means.numpy(),
            self.model.covariances.numpy(),
            self.model.covariance_type,
        )


def _model(start: MixtureParameters) -> GaussianMixtureModel:
    kind = start.covariance_type
    model = GaussianMixtureModel(
        GaussianMixtureModelConfig(
            num_components=start.n_components,
            num_features=start.n_features,
            covariance_type=kind,
        )
    )
    weights, means, covariances = (
        torch.tensor(values, dtype=torch.float32)
        for values in (start.weights, start.means, start.covariances)
    )
    model.component_probs.copy_(weights)
    model.means.copy_(means)
    model.precisions_cholesky.copy_(cholesky_precision(covariances, kind))
    return model
