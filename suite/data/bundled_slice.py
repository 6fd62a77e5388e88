"""The bundled slice: real images of MNIST and Fashion-MNIST that ship with the package.

10,000 training and 2,000 test images of each, stratified by class. Each slice is one NumPy archive
inside one xz stream (lossless, standard library only, 6.2 MB for both), and holds for each split
the images, their labels, and their row numbers in the full data. `python -m suite.data.make_slice`
makes them.
"""

from __future__ import annotations

import io
import lzma
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np

N_TRAIN, N_TEST = 10_000, 2_000
"""How many images of each data set are bundled."""


@dataclass(frozen=True, eq=False)
class ImageSplit:
    """Images with their labels: uint8 arrays of shapes (N, 28, 28) and (N,).

    `rows` are the row numbers in the full data, int32 of shape (N,).
    """

    images: np.ndarray
    labels: np.ndarray
    rows: np.ndarray


def read_slice(name: str) -> tuple[ImageSplit, ImageSplit]:
    """The bundled training and test images of "mnist" or "fashion_mnist"."""
    packed = (files("suite.data") / "bundled" / f"{name}.npz.xz").read_bytes()
    with np.load(io.BytesIO(lzma.decompress(packed)), allow_pickle=False) as arrays:
        train, test = (
            ImageSplit(*(arrays[f"{split}_{part}"] for part in ("images", "labels", "rows")))
            for split in ("train", "test")
        )
    return train, test


def write_slice(path: Path, train: ImageSplit, test: ImageSplit) -> None:
    """Write both splits to `path` in the form that `read_slice` reads."""
    archive = io.BytesIO()
    np.savez(
        archive,
        train_images=train.images,
        train_labels=train.labels,
        train_rows=train.rows,
        test_images=test.images,
        test_labels=test.labels,
        test_rows=test.rows,
    )
    path.write_bytes(lzma.compress(archive.getvalue(), preset=9 | lzma.PRESET_EXTREME))
