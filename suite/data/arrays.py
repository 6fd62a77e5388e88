"""A user's own NumPy arrays: .npy and .npz, never unpickled."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from suite.data.checks import check_table, encode_labels, listing
from suite.data.dataset import Dataset, pixel_names
from suite.data.tables import Table
from suite.errors import InputError

_MAGIC = (b"\x93NUMPY", b"PK\x03\x04", b"PK\x05\x06")


def read_npy(path: Path, label: str | None) -> Table:
    """A table, or a stack of images, from one array.

    Raises
    ------
    InputError
        If the file holds no array of finite numbers of shape (N, D) or (N, height, width).
    """
    if label is not None:
        raise InputError(
            f"label={label!r} names nothing in {path.name}, which has no names; save an .npz with "
            "the rows as X and the labels as y."
        )
    array = _open(path)
    if not isinstance(array, np.ndarray):
        raise InputError(f"expected one array, but {path.name} is an archive; call it .npz.")
    return _table(array, path)


def read_npz(path: Path, label: str | None) -> Table | Dataset:
    """A table from the key X, images from the key images, or both splits from train and test.

    The labels of `X` and `images` are `y`; those of `train` and `test` are `train_labels` and
    `test_labels`. `label` names the key of the labels if it is not y.

    Raises
    ------
    InputError
        If the keys are others, or the arrays are no numbers, of other shapes or other lengths.
    """
    archive = _open(path)
    if isinstance(archive, np.ndarray):
        raise InputError(f"expected an archive, but {path.name} is one array; call it .npy.")
    arrays = {key: _member(archive, key, path.name) for key in archive}
    if "X" in arrays:
        return _table(arrays["X"], path, _labels(arrays, label, path.name))
    if "images" in arrays:
        pictures, notes = as_pictures(arrays["images"], path.name)
        table = _table(pictures, path, _labels(arrays, label, path.name))
        return replace(table, notes=notes)
    if {"train", "test"} <= arrays.keys():
        return _own_split(arrays, path)
    raise InputError(
        f"expected the key X or images, or the keys train and test, in {path.name}, "
        f"got {listing(arrays) or 'none'}; rename them."
    )


def as_pictures(images: np.ndarray, called: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Images (N, height, width) as they are, and rows (N, D) as pictures, with a note of it.

    A D that is a square is drawn as one, and any other as one line of pixels.
    """
    if images.ndim != 2 or 0 in images.shape:
        return images, ()
    side = math.isqrt(images.shape[1])
    shape = (side, side) if side * side == images.shape[1] else (1, images.shape[1])
    note = f"rows of {images.shape[1]} values, drawn as pictures of {shape[0]} by {shape[1]}"
    return images.reshape(-1, *shape), (note,)


def _open(path: Path) -> np.ndarray | np.lib.npyio.NpzFile:
    with path.open("rb") as file:
        if not file.read(6).startswith(_MAGIC):  # NumPy would take it for a pickle
            raise InputError(f"{path.name} holds no NumPy array; save it again with NumPy.")
    try:
        opened: np.ndarray | np.lib.npyio.NpzFile = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise _unreadable(path.name, error) from None
    return opened


def _member(archive: Mapping[str, np.ndarray], key: str, called: str) -> np.ndarray:
    try:
        return archive[key]
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise _unreadable(called, error) from None


def _unreadable(called: str, error: Exception) -> InputError:
    if "allow_pickle" in str(error):
        return InputError(
            f"expected plain numbers, but {called} holds Python objects, which are not loaded "
            "because a pickle can run any code; save an array of floats."
        )
    return InputError(
        f"{called} cannot be read as NumPy data ({' '.join(str(error).split())[:120]}); "
        "save it again."
    )


def _labels(arrays: Mapping[str, np.ndarray], label: str | None, called: str) -> np.ndarray | None:
    if label is not None and label not in arrays:
        raise InputError(
            f"expected label to name a key of {called}, got {label!r}; it has {listing(arrays)}."
        )
    return arrays.get(label or "y")


def _table(array: np.ndarray, path: Path, labels: np.ndarray | None = None) -> Table:
    values, image_shape = _rows(array, path.name)
    names = _column_names(values, image_shape)
    check_table(values, names, path.name)
    codes: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    if labels is not None:
        _check_length(labels, values, path.name)
        codes, label_names = encode_labels(labels, path.name)
    return Table(path.stem, values, names, codes, label_names, image_shape)


def _own_split(arrays: Mapping[str, np.ndarray], path: Path) -> Dataset:
    train, image_shape = _rows(arrays["train"], f"train in {path.name}")
    test, test_image_shape = _rows(arrays["test"], f"test in {path.name}")
    if train.shape[1] != test.shape[1] or image_shape != test_image_shape:
        raise InputError(
            f"expected train and test in {path.name} to have the same columns, got shapes "
            f"{arrays['train'].shape} and {arrays['test'].shape}."
        )
    names = _column_names(train, image_shape)
    check_table(train, names, f"train in {path.name}")
    check_table(test, names, f"test in {path.name}", least_rows=0)
    codes, label_names = _split_labels(arrays, train, test, path.name)
    return Dataset(
        name=path.stem,
        train=train,
        test=test,
        feature_names=names,
        train_labels=codes[0],
        test_labels=codes[1],
        label_names=label_names,
        image_shape=image_shape,
        notes=("split into training and test rows by its owner",),
    )


def _split_labels(
    arrays: Mapping[str, np.ndarray], train: np.ndarray, test: np.ndarray, called: str
) -> tuple[tuple[np.ndarray | None, np.ndarray | None], tuple[str, ...]]:
    keys = [key for key in ("train_labels", "test_labels") if key in arrays]
    if not keys:
        return (None, None), ()
    if len(keys) == 1:
        raise InputError(f"expected train_labels and test_labels in {called}, got only {keys[0]}.")
    for key, rows in zip(keys, (train, test), strict=True):
        _check_length(arrays[key], rows, called)
    codes, names = encode_labels(np.concatenate([arrays[key] for key in keys]), called)
    return (codes[: len(train)], codes[len(train) :]), names


def _check_length(labels: np.ndarray, rows: np.ndarray, called: str) -> None:
    if labels.shape != (len(rows),):
        raise InputError(
            f"expected one label a row in {called}, got labels of shape {labels.shape} for "
            f"{len(rows):,} rows."
        )


def _rows(array: np.ndarray, called: str) -> tuple[np.ndarray, tuple[int, ...] | None]:
    """Rows and, if the array is a stack of images, their shape."""
    if array.dtype.kind not in "fiub":
        raise InputError(f"expected numbers, but {called} holds {array.dtype}; convert it first.")
    if array.ndim == 2:
        return array.astype(np.float64), None
    if array.ndim == 3:
        return _intensities(array, called), array.shape[1:]
    remedies = {1: "; reshape it to (N, 1)", 4: "; average its colours to grey"}
    remedy = remedies.get(array.ndim, "")
    raise InputError(
        "expected rows and columns (N, D), or images (N, height, width), "
        f"but {called} has shape {array.shape}{remedy}."
    )


def _intensities(images: np.ndarray, called: str) -> np.ndarray:
    rows = images.reshape(len(images), -1)
    if images.dtype == np.uint8:
        return rows.astype(np.float32) / np.float32(255)
    if rows.size and (rows.min() < 0 or rows.max() > 1):
        raise InputError(
            f"expected images with values from 0 to 1, or of type uint8, but {called} goes from "
            f"{rows.min():g} to {rows.max():g}; divide by the largest value first."
        )
    return rows.astype(np.float32)


def _column_names(values: np.ndarray, image_shape: tuple[int, ...] | None) -> tuple[str, ...]:
    if image_shape is None:
        return tuple(f"column {i + 1}" for i in range(values.shape[1]))
    return pixel_names(image_shape)
