"""The loop that tutorials have: a `DataLoader` over pictures that are transformed one by one."""

from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn, optim
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from suite.data.torchvision_import import import_torchvision
from suite.errors import InputError
from suite.vae.networks import VAENetworks
from suite.vae.peers.base import PeerVAE, Report
from suite.vae.peers.modules import TutorialVAE

import_torchvision()  # plainly, it fails beside some builds of torch

from torchvision import transforms  # noqa: E402

_WHITE = 255


class DataLoaderVAE(PeerVAE):
    """The variational autoencoder of PyTorch's own example; parameters as `PeerVAE`.

    As in pytorch/examples (vae/main.py): torchvision's `ToTensor` of one picture at a time, as its
    data sets have it, a `DataLoader` that shuffles in the fit's own process, the binary
    cross-entropy of probabilities plus the divergence in closed form, both summed over the
    minibatch, Adam as `torch.optim` gives it, and `loss.item()` after every step.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.repeat([[0.0, 0.0, 1.0], [1.0, 1.0, 0.0]], 20, axis=0)
    >>> vae = DataLoaderVAE(1, hidden_dims=(8,), max_epochs=5, batch_size=4, random_state=0).fit(X)
    >>> vae.transform(X).shape, vae.sample(2, random_state=0).shape
    ((40, 1), (2, 3))
    """

    def _module(self, networks: VAENetworks) -> TutorialVAE:
        return TutorialVAE(networks)

    def _mean_loss(self, module: nn.Module, x: Tensor) -> Tensor:
        probability, mean, log_variance = module(x)
        return summed_loss(probability, x, mean, log_variance) / len(x)

    def _train(self, module: nn.Module, X: Tensor, report: Report) -> None:
        loader: DataLoader[tuple[Tensor, int]] = DataLoader(
            Pictures(X), batch_size=self.batch_size, shuffle=True
        )
        optimizer = optim.Adam(module.parameters(), lr=self.learning_rate)
        for _ in range(self.max_epochs):
            module.train()
            train_loss = 0.0
            for data, _label in loader:
                x = data.view(len(data), -1)
                optimizer.zero_grad()
                probability, mean, log_variance = module(x)
                loss = summed_loss(probability, x, mean, log_variance)
                loss.backward()
                train_loss += loss.item()
                optimizer.step()
            report(train_loss / len(X), module)


def summed_loss(probability: Tensor, x: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Σ_b [ −log p(x_b | z_b) + KL(q(z | x_b) ‖ p(z)) ] of a minibatch x (B, D), in nats.

    Parameters
    ----------
    probability
        Of each bit, (B, D).
    mean, log_variance
        Of q(z | x), (B, J).
    """
    cross_entropy = functional.binary_cross_entropy(probability, x, reduction="sum")
    divergence = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
    return cross_entropy + divergence


class Pictures(Dataset[tuple[Any, int]]):
    """Rows in [0, 1] as torchvision's MNIST holds and hands out its pictures.

    They lie in memory as bytes; each is made a `PIL.Image` and passed through `ToTensor` when it
    is asked for (torchvision/datasets/mnist.py, `MNIST.__getitem__`). Rows that are no squares
    are pictures of one line. Labels are all 0.

    Raises
    ------
    InputError
        If a value is no multiple of 1/255, which a byte cannot hold.
    """

    def __init__(self, X: Tensor) -> None:
        levels = X * _WHITE
        if not bool((levels - levels.round()).abs().max() <= _NEAR):
            raise InputError(
                "expected pictures whose values are multiples of 1/255, as bytes hold them, got "
                "others; round them."
            )
        side = int(np.sqrt(X.shape[1]))
        shape = (side, side) if side * side == X.shape[1] else (1, X.shape[1])
        self.data = levels.round().to(torch.uint8).reshape(-1, *shape)
        self.targets = torch.zeros(len(X), dtype=torch.int64)
        self.transform = transforms.ToTensor()

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        """The picture (1, height, width) in [0, 1], and its label."""
        img, target = self.data[index], int(self.targets[index])
        return self.transform(Image.fromarray(img.numpy())), target


_NEAR = 1e-3
"""Of a grey level: a few hundred roundings of 255 in single precision."""
