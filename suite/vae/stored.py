"""An estimator that can be written to a file and read back."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import torch
from torch import nn

from suite.device import resolve_device
from suite.random import torch_generator
from suite.vae import storage
from suite.vae.course import Course
from suite.vae.networks import VAENetworks, load_weights

if TYPE_CHECKING:
    from suite.vae.base import NetworkEstimator


class Stored(ABC):
    """`save` and `load` for an estimator with networks."""

    held_out_scores_: list[float]

    def save(self, path: str | Path) -> None:
        """Write settings, history and weights to one safetensors file, replacing it whole.

        Settings and history are JSON in the file's header. `initial`, `initial_`, modules of one's
        own, a schedule or an optimizer that is a function and a `random_state` that is no integer
        are not kept.
        """
        self._fitted()
        storage.save(cast("NetworkEstimator", self), path)

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        device: str = "cpu",
        encoder: nn.Module | None = None,
        decoder: nn.Module | None = None,
    ) -> Self:
        """What `save` wrote, ready to use on `device`.

        Parameters
        ----------
        encoder, decoder
            Modules of the kind that the estimator was fitted with, if it was given its own; their
            weights come from the file.

        Raises
        ------
        InputError
            If the file is missing, is no such file, holds another kind of estimator, or needs
            modules that are not given.
        """
        saved = storage.read(path, kind=cls.__name__)
        settings = storage.with_modules(saved.settings, encoder=encoder, decoder=decoder)
        estimator = cls(**settings | {"device": device})
        estimator._check_settings()
        networks = estimator._build(saved.n_features, torch_generator(0))
        load_weights(networks, saved.weights)
        course = Course(saved.objectives, saved.more.get("held_out_scores", []))
        estimator._keep(networks.to(resolve_device(device)), course)
        estimator._take_more(saved.more)
        return estimator

    @abstractmethod
    def _fitted(self) -> VAENetworks:
        """The trained networks; scikit-learn's `NotFittedError` before `fit`."""

    @abstractmethod
    def _check_settings(self) -> None:
        """Raise `InputError` where a setting is wrong."""

    @abstractmethod
    def _build(self, n_features: int, generator: torch.Generator) -> VAENetworks:
        """Networks of the kind that the settings describe."""

    @abstractmethod
    def _keep(self, networks: VAENetworks, course: Course) -> None:
        """Set the learned attributes."""

    def _more_to_save(self) -> dict[str, Any]:
        """What `save` adds to the header for `_take_more`, for JSON."""
        return {"held_out_scores": self.held_out_scores_}

    def _take_more(self, more: Mapping[str, Any]) -> None:  # noqa: B027, most add nothing
        """Learn what a subclass saved of its own."""
