"""The built-in data sets by name. Nothing is imported until one is asked for."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from suite.errors import InputError

if TYPE_CHECKING:
    from suite.data.dataset import Dataset
    from suite.random import RandomState

TABLE_NAMES = (
    "iris",
    "wine",
    "breast_cancer",
    "digits",
    "faithful",
    "galaxies",
    "acidity",
    "diabetes",
)
IMAGE_NAMES = ("mnist", "fashion_mnist")


def names() -> tuple[str, ...]:
    """The name of every built-in data set.

    Examples
    --------
    >>> names()[-3:]
    ('mnist', 'fashion_mnist', 'simulated')
    """
    return (*TABLE_NAMES, *IMAGE_NAMES, "simulated")


def load(
    name: str | Path,
    *,
    folder: str | Path | None = None,
    download: bool = False,
    bundled: bool = False,
    test_size: float = 0.25,
    random_state: RandomState = 0,
    drop_constant: bool = False,
    bits: str | None = None,
    limit: int | None = None,
) -> Dataset:
    """The built-in data set `name`, or the user's own file if `name` is the path of one.

    Parameters
    ----------
    name
        One of `names()`, or a path; `load_file` says which files are read and takes the name of a
        label column. "simulated" gives the mixture of `simulate_mixture`'s default settings.
    folder
        For MNIST and Fashion-MNIST, where the full data is. Without it, the folder in
        `$SUITE_DATA` and the user's cache folder are searched, in this order, before falling back
        on the bundled slice. The tables ship with the packages, wherever this points.
    download
        Let torchvision download MNIST or Fashion-MNIST if no folder searched has it.
    bundled
        Use the bundled slice of MNIST or Fashion-MNIST even where the full data is at hand.
    test_size
        The fraction of a table's rows to hold out, from 0 to less than 1, by class where there are
        classes. MNIST and Fashion-MNIST keep the split of their authors.
    random_state
        Seed of the split; an integer gives the same split every time.
    drop_constant
        Leave out the columns of a table that have one value in all rows; a note names them.
    bits
        For images: None or "grey" leaves them as they are; "threshold" gives 1 where the
        grey value is above one half; "fixed" draws each pixel once; "redrawn" draws those of the
        test images once and leaves the training images grey, for an estimator that redraws
        them each epoch. Test bits come from one fixed seed, whatever `random_state` is.
    limit
        Keep at most this many training rows and a fifth as many test rows, by class.

    Raises
    ------
    InputError
        If there is no such data, or it cannot be treated so.

    Examples
    --------
    >>> iris = load("iris", random_state=1)
    >>> iris.train.shape, iris.test.shape, iris.label_names
    ((112, 4), (38, 4), ('setosa', 'versicolor', 'virginica'))
    """
    if name not in names():
        return _load_file(name, test_size, random_state, drop_constant, bits, limit)
    from suite.data.bits import with_bits
    from suite.data.splitting import limited

    found = _load_named(str(name), folder, download, test_size, random_state, drop_constant)
    return limited(with_bits(found, bits), limit)


def _load_named(
    name: str,
    folder: str | Path | None,
    download: bool,
    test_size: float,
    random_state: RandomState,
    drop_constant: bool,
) -> Dataset:
    if name in IMAGE_NAMES:
        from suite.data.images import load_images

        return load_images(name, folder=folder, download=download)
    if name in TABLE_NAMES:
        from suite.data.tables import load_table

        return load_table(
            name, test_size=test_size, random_state=random_state, drop_constant=drop_constant
        )
    from suite.data.simulated import simulate_mixture

    return simulate_mixture(test_size=test_size, random_state=random_state)


def _load_file(
    path: str | Path,
    test_size: float,
    random_state: RandomState,
    drop_constant: bool,
    bits: str | None,
    limit: int | None,
) -> Dataset:
    if isinstance(path, str) and not any(mark in path for mark in "./\\"):
        raise InputError(_unknown(path))
    from suite.data.files import load_file

    return load_file(
        path,
        test_size=test_size,
        random_state=random_state,
        drop_constant=drop_constant,
        bits=bits,
        limit=limit,
    )


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(str(name).lower(), names(), n=2, cutoff=0.6)
    meant = f"did you mean {' or '.join(close)}? " if close else ""
    return (
        f"expected the name of a data set or the path of a file, got {name!r}; {meant}"
        f"known names: {', '.join(names())}."
    )
