"""Folders of image files for the tests, and a machine without any by default."""

import os
from pathlib import Path

import numpy as np
import pytest

from suite.data.images import IMAGE_SETS

FOLDER_OF_FULL_DATA = os.environ.get("SUITE_DATA", "")


@pytest.fixture(autouse=True)
def empty_machine(monkeypatch, tmp_path):
    """No $SUITE_DATA and an empty cache, whatever the machine has; gives the cache folder."""
    monkeypatch.delenv("SUITE_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    return tmp_path / "xdg" / "latent-variable-suite"


@pytest.fixture
def full_data():
    """The folder with the full MNIST and Fashion-MNIST, if this machine has one."""
    if not FOLDER_OF_FULL_DATA:
        pytest.skip("$SUITE_DATA names no folder with the full image data")
    folder = Path(FOLDER_OF_FULL_DATA)
    for about in IMAGE_SETS.values():
        if not (folder / about.torchvision_class / "raw").is_dir():
            pytest.skip(f"the folder in $SUITE_DATA has no {about.title}")
    return folder


def write_idx(path: Path, array: np.ndarray) -> None:
    """Write uint8 numbers in MNIST's own format: magic, sizes as big-endian int32, then bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    header = np.array([0x0800 + array.ndim, *array.shape], dtype=">i4").tobytes()
    path.write_bytes(header + array.astype(np.uint8).tobytes())


def write_images(folder: Path, *, seed: int, title: str = "MNIST", n_train: int = 30) -> np.ndarray:
    """A small data set in the layout that torchvision reads; gives its training images."""
    random = np.random.default_rng(seed)
    raw = folder / title / "raw"
    images = {}
    for part, n_images in (("train", n_train), ("t10k", 10)):
        images[part] = random.integers(0, 256, (n_images, 28, 28), dtype=np.uint8)
        write_idx(raw / f"{part}-images-idx3-ubyte", images[part])
        write_idx(raw / f"{part}-labels-idx1-ubyte", np.arange(n_images) % 10)
    return images["train"]
