"""pythae's variational autoencoder (Chadebec, Vincent and Allassonnière 2022), by its trainer."""

import logging
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from pythae.data.datasets import BaseDataset
from pythae.models import VAE, VAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from pythae.trainers.training_callbacks import CallbackHandler, TrainingCallback
from torch import Tensor, nn

from suite.vae.networks import VAENetworks
from suite.vae.peers.base import PeerVAE, Report
from suite.vae.peers.modules import LogVarianceEncoder, ProbabilityDecoder

_LOGGERS = ("pythae.trainers.base_trainer.base_trainer", "pythae.models.base.base_model")
_SET_BY_CONFIG = ("MASTER_ADDR", "MASTER_PORT")


class PythaeVAE(PeerVAE):
    """`pythae.models.VAE` with the loss "bce"; parameters as `PeerVAE`.

    pythae's `BaseTrainer` runs as a user starts it: its data set, its loader in the fit's own
    process, Adam as `torch.optim` gives it, `loss.item()` and a check for NaN after every step,
    a copy of the model whenever an epoch was better. Left out are its progress bar and messages
    and the writing of the final model to a file: they would only slow it. Its mean over an epoch
    counts all minibatches alike. The callback is called where pythae logs an epoch.

    It needs the extra "peers".
    """

    def _module(self, networks: VAENetworks) -> nn.Module:
        config = VAEConfig(
            input_dim=(networks.n_features,),
            latent_dim=networks.latent_dim,
            reconstruction_loss="bce",
        )
        model: nn.Module = VAE(config, _Encoder(networks), _Decoder(networks))
        return model

    def _mean_loss(self, module: nn.Module, x: Tensor) -> Tensor:
        loss: Tensor = module({"data": x}).loss
        return loss

    def _train(self, module: nn.Module, X: Tensor, report: Report) -> None:
        seed = int(torch.randint(2**31 - 1, ()))
        with _nothing_left_behind():
            config = BaseTrainerConfig(
                per_device_train_batch_size=self.batch_size,
                num_epochs=self.max_epochs,
                learning_rate=self.learning_rate,
                seed=seed,
                no_cuda=True,
            )
            trainer = _Trainer(
                model=module,
                train_dataset=BaseDataset(X, torch.ones(len(X))),
                training_config=config,
                callbacks=[_Reporting(report)],
            )
            try:
                trainer.train()
            except FloatingPointError:
                raise
            except ArithmeticError as error:
                raise FloatingPointError(
                    f"the fit diverged (pythae: {error}); lower learning_rate."
                ) from error


class _Encoder(LogVarianceEncoder, BaseEncoder):
    """The suite's encoder as pythae takes one."""

    def forward(self, x: Tensor) -> Any:
        mean, log_variance = super().forward(x)
        return ModelOutput(embedding=mean, log_covariance=log_variance)


class _Decoder(ProbabilityDecoder, BaseDecoder):
    """The suite's decoder as pythae takes one."""

    def forward(self, z: Tensor) -> Any:
        return ModelOutput(reconstruction=super().forward(z))


class _Reporting(TrainingCallback):
    """Hands on what pythae logs of an epoch."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def on_log(self, training_config: Any, logs: Any, *, model: nn.Module, **rest: Any) -> None:
        self._report(float(logs["train_epoch_loss"]), model)


class _Trainer(BaseTrainer):
    """pythae's trainer without files and without a progress bar."""

    def _setup_callbacks(self) -> None:
        self.callback_handler = CallbackHandler(callbacks=self.callbacks, model=self.model)

    def _set_output_dir(self) -> None:
        self.training_dir = os.devnull

    def save_model(self, model: nn.Module, dir_path: str) -> None:
        """Write no file."""


@contextmanager
def _nothing_left_behind() -> Iterator[None]:
    """pythae in silence, and the seeds and variables that it sets as they were afterwards.

    torch's default generator is the caller's to restore.
    """
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    were_silent = [logger.disabled for logger in loggers]
    environment = {name: os.environ.get(name) for name in _SET_BY_CONFIG}
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002, it sets it
    for logger in loggers:
        logger.disabled = True
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002, as above
        for logger, was_silent in zip(loggers, were_silent, strict=True):
            logger.disabled = was_silent
        for name, value in environment.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
