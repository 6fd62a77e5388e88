"""How reconstructions and samples of a study's VAE change from epoch to epoch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from studies.cells import Cell
from studies.families.base import Evaluation
from studies.families.vae_extra import Extra, Watch
from studies.families.vae_images import N_ORIGINALS, grey, one_of_each
from suite.data import Dataset
from suite.progress import Progress
from suite.vae import VAENetworks

_EPOCHS = (1, 2, 5, 10)
"""Besides the last."""

_N_SAMPLES = 16


@dataclass
class _Album:
    """The pages kept so far: epoch -> reconstructions and samples."""

    pages: dict[int, Mapping[str, np.ndarray]] = field(default_factory=dict)
    latest: int = 0

    def add(self, epoch: int, page: Mapping[str, np.ndarray]) -> None:
        """Keep a page; the one before stays only if its epoch is wanted."""
        if self.latest not in _EPOCHS:
            self.pages.pop(self.latest, None)
        self.pages[epoch] = page
        self.latest = epoch


_ALBUMS: dict[str, _Album] = {}
"""By a cell's key, from the start of its fit until it is evaluated in the same process."""


def _watch(cell: Cell, dataset: Dataset) -> Watch:
    if cell.seed > 0:
        return lambda progress: None
    album = _ALBUMS[cell.key] = _Album()
    originals = dataset.test[one_of_each(dataset.test_labels, N_ORIGINALS)]
    noise = torch.Generator().manual_seed(cell.start_seed)  # of these pictures alone

    codes: list[Tensor] = []

    def watch(progress: Progress) -> None:
        networks: VAENetworks = progress.state()
        if not codes:
            codes.append(torch.randn((_N_SAMPLES, networks.latent_dim), generator=noise))
        album.add(progress.step, _page(networks, originals, codes[0]))

    return watch


@torch.no_grad()
def _page(networks: VAENetworks, originals: np.ndarray, codes: Tensor) -> dict[str, np.ndarray]:
    found, _ = networks.encode(networks.as_input(originals))
    return {
        "epoch_reconstructions": _decoded(networks, found),
        "epoch_samples": _decoded(networks, codes.to(found)),
    }


def _decoded(networks: VAENetworks, codes: Tensor) -> np.ndarray:
    return grey(networks.likelihood.mean(networks.decode(codes)).cpu().numpy())


def _evaluate(cell: Cell, dataset: Dataset, estimator: Any, found: Evaluation) -> Evaluation:
    """The pages of epochs 1, 2, 5, 10 and the last that was scored, for the first seed.

    Samples are decoded from the same z ~ N(0, I) at each. They are left out for an autoencoder
    whose own samples come from a mixture of its codes, which is there only after the fit.
    """
    album = _ALBUMS.pop(cell.key, _Album())
    epochs = sorted(album.pages)
    if not epochs:
        return Evaluation([])
    names = ["epoch_reconstructions"]
    if not hasattr(estimator, "code_mixture_"):
        names.append("epoch_samples")
    arrays = {name: np.stack([album.pages[epoch][name] for epoch in epochs]) for name in names}
    return Evaluation([], {"epoch_steps": np.asarray(epochs), **arrays})


EPOCH_PICTURES = Extra(_evaluate, _watch)
"""The first seed only; milliseconds an epoch, while the clock stands still."""
