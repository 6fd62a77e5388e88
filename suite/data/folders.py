"""A user's own images: a folder of PNG and JPEG files, or one folder of them a class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from suite.data.checks import encode_labels
from suite.data.dataset import pixel_names
from suite.data.tables import Table
from suite.errors import InputError

_ENDINGS = (".png", ".jpg", ".jpeg")
_GREY = ("1", "L", "I;16")
_UNREADABLE = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    OSError,
    SyntaxError,
    ValueError,
)
_GREATEST = {"I;16": 65535.0}


@dataclass(frozen=True, eq=False)
class _Picture:
    """Intensities from 0 to 1, (height, width), and what it took to get them."""

    values: np.ndarray
    was_coloured: bool
    was_transparent: bool


def read_folder(folder: Path, label: str | None) -> Table:
    """Images as rows of intensities from 0 to 1, in the order of their names.

    Files whose names begin with a dot or end otherwise are left out, and counted in a note. Colours
    become grey by ITU-R 601 (0.299 R + 0.587 G + 0.114 B) and what is transparent is laid on
    black; notes say of how many images.

    Raises
    ------
    InputError
        If there are fewer than two images, images both here and in folders below, sizes that
        differ, or a file that is no image.
    """
    if label is not None:
        raise InputError(
            f"expected no label for the folder {folder.resolve().name!r}, got {label!r}; put the "
            "images of each class into a folder of its own, which names the class."
        )
    files, labels, n_others = _listed(folder)
    pictures = [_read(file) for file in files]
    shape = pictures[0].values.shape
    for file, picture in zip(files, pictures, strict=True):
        if picture.values.shape != shape:
            raise InputError(
                f"expected images of one size in {folder.resolve().name!r}, but {files[0].name} "
                f"has {_size(shape)} pixels and {file.name} has {_size(picture.values.shape)}; "
                "scale them to one size."
            )
    codes: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    if labels:
        codes, label_names = encode_labels(np.array(labels, dtype=object), folder.name)
    return Table(
        name=folder.resolve().name,
        values=np.stack([picture.values.ravel() for picture in pictures]),
        feature_names=pixel_names(shape),
        labels=codes,
        label_names=label_names,
        image_shape=shape,
        notes=_notes(pictures, n_others),
    )


def _listed(folder: Path) -> tuple[list[Path], list[str], int]:
    """The image files, the class of each if folders say it, and how many other files there are."""
    entries = sorted(entry for entry in folder.rglob("*") if entry.is_file())
    seen = [e for e in entries if not any(p.startswith(".") for p in e.relative_to(folder).parts)]
    files = [entry for entry in seen if entry.suffix.lower() in _ENDINGS]
    called = repr(folder.resolve().name)
    if len(files) < 2:
        raise InputError(
            f"expected at least 2 images ending in {', '.join(_ENDINGS)} in the folder {called}, "
            f"got {len(files)}; name the folder that holds them."
        )
    depths = {len(file.relative_to(folder).parts) for file in files}
    if depths not in ({1}, {2}):
        raise InputError(
            f"expected the images of {called} in one folder, or in one folder a class, got them at "
            "several depths; move them."
        )
    labels = [file.parent.name for file in files] if depths == {2} else []
    return files, labels, len(seen) - len(files)


def _read(file: Path) -> _Picture:
    try:
        with Image.open(file) as opened:
            opened.load()
            coloured = opened.mode not in _GREY and not _is_grey_with_alpha(opened)
            transparent = opened.has_transparency_data
            if transparent:
                opaque = opened.convert("RGBA")
                transparent = np.asarray(opaque)[..., 3].min() < 255
                black = Image.new("RGBA", opened.size, "black")
                grey = Image.alpha_composite(black, opaque).convert("L")
            else:
                grey = opened if opened.mode == "I;16" else opened.convert("L")
            values = np.asarray(grey, dtype=np.float32) / np.float32(
                _GREATEST.get(grey.mode, 255.0)
            )
    except _UNREADABLE as error:
        raise InputError(
            f"expected an image, but {file.name} cannot be read as one "
            f"({' '.join(str(error).split())[:100]}); remove it or save it again."
        ) from None
    return _Picture(values, coloured, bool(transparent))


def _is_grey_with_alpha(image: Image.Image) -> bool:
    return image.mode in ("LA", "La")


def _notes(pictures: list[_Picture], n_others: int) -> tuple[str, ...]:
    coloured = sum(picture.was_coloured for picture in pictures)
    transparent = sum(picture.was_transparent for picture in pictures)
    total = len(pictures)
    lines = (
        (coloured, f"{coloured:,} of {total:,} images were coloured and were turned to grey"),
        (transparent, f"{transparent:,} of {total:,} images were transparent and laid on black"),
        (n_others, f"files of other kinds in the folder that were left out: {n_others:,}"),
    )
    return tuple(line for count, line in lines if count)


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} by {shape[0]}"
