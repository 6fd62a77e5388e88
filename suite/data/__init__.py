"""Data sets: classic tables, MNIST and Fashion-MNIST, simulated mixtures, a user's own file.

    load              a built-in data set by name, or a file by path
    names             the names of the built-in data sets
    load_file         a user's own CSV, TSV, Parquet, .npy or .npz
    simulate_mixture  a Gaussian mixture with known truth
    binarise          grey images to bits
    Dataset           what all of them return

What is not needed to list names is imported when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from suite.data.catalogue import load, names

if TYPE_CHECKING:
    from suite.data.bits import binarise
    from suite.data.dataset import Dataset
    from suite.data.files import load_file
    from suite.data.simulated import simulate_mixture

__all__ = ["Dataset", "binarise", "load", "load_file", "names", "simulate_mixture"]

_LATER = {
    "Dataset": "suite.data.dataset",
    "binarise": "suite.data.bits",
    "load_file": "suite.data.files",
    "simulate_mixture": "suite.data.simulated",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
