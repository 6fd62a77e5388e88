"""MNIST and Fashion-MNIST: the full data through torchvision's own classes, or the bundled slice.

The places that are searched, in order: the folder that the caller names; the folder in
`$SUITE_DATA`; the user's cache folder; a download by torchvision, if the caller asks for one; the
bundled slice.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from suite.data.bundled_slice import ImageSplit, read_slice
from suite.data.dataset import Dataset, Origin, pixel_names
from suite.data.torchvision_import import import_torchvision
from suite.errors import InputError

IMAGE_SHAPE = (28, 28)
_PARTS = ("train", "t10k")


@dataclass(frozen=True)
class ImageSet:
    """What is known of one image data set before any file is opened.

    `published` is the SHA-256 of all pixels and labels of the full data, training before test.
    """

    title: str
    torchvision_class: str
    label_names: tuple[str, ...]
    source: str
    licence: str
    published: str


IMAGE_SETS = {
    "mnist": ImageSet(
        title="MNIST",
        torchvision_class="MNIST",
        label_names=tuple("0123456789"),
        source=(
            "LeCun, Cortes and Burges, The MNIST database of handwritten digits (1998); "
            "LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document "
            "recognition, Proceedings of the IEEE 86 (1998)"
        ),
        licence="CC BY-SA 3.0, Yann LeCun and Corinna Cortes",
        published="06b0d1f124c4e5fa796686ade41a9b778edacc8622f2195a352ef479ad44fc16",
    ),
    "fashion_mnist": ImageSet(
        title="Fashion-MNIST",
        torchvision_class="FashionMNIST",
        label_names=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        source=(
            "Xiao, Rasul and Vollgraf, Fashion-MNIST: a novel image dataset for benchmarking "
            "machine learning algorithms, arXiv:1708.07747 (2017)"
        ),
        licence="MIT, Zalando SE",
        published="ca3ab2a37f845e1b8ae23cab1b51749a3011ba3bf1d9016176d75cbaabac376f",
    ),
}
"""The image data sets by name."""


@dataclass(frozen=True)
class _Place:
    folder: Path
    origin: Origin
    called: str


def load_images(
    name: str,
    *,
    folder: str | Path | None = None,
    download: bool = False,
    bundled: bool = False,
) -> Dataset:
    """MNIST or Fashion-MNIST with the split of its authors.

    Parameters
    ----------
    name
        "mnist" or "fashion_mnist".
    folder
        Where to look, before and instead of anywhere else; with `download`, also where to put it.
    download
        Fetch the full data if no place searched has it, rather than fall back on the slice.
    bundled
        Search nowhere and use the bundled slice; `folder` and `download` must then be left out.

    Returns
    -------
    Dataset
        Images as rows of 784 float32 values in [0, 1].

    Raises
    ------
    InputError
        If `bundled` is asked for together with `folder` or `download`, if `folder` or
        `$SUITE_DATA` does not have what was asked of it, if a file is damaged, or
        if the download fails.
    """
    if bundled and (folder is not None or download):
        raise InputError(
            "expected bundled=True alone, got it with a folder or a download; leave out one."
        )
    place = None if bundled else _find(name, folder, download)
    title = IMAGE_SETS[name].title
    if place is None:
        detail = f"the bundled slice of {title}, 10,000 training and 2,000 test images"
        note = "a slice of the data, stratified by class: its figures are not those of the full set"
        return _dataset(name, *read_slice(name), "bundled", detail, (note,))
    train, test = read_full(name, place.folder)
    detail = (
        f"{title} from {place.called}, "
        f"{len(train.images):,} training and {len(test.images):,} test images"
    )
    return _dataset(name, train, test, place.origin, detail, _differences(name, train, test))


def read_full(name: str, folder: Path) -> tuple[ImageSplit, ImageSplit]:
    """Training and test images of `name` in `folder`, read by torchvision and then checked.

    Raises
    ------
    InputError
        If the files are missing, cut off, or not 28 by 28 images each with a label from 0 to 9.
    """
    if not _has(name, folder):
        raise InputError(_not_found(name, folder))
    return _read(name, folder, train=True), _read(name, folder, train=False)


def user_cache() -> Path:
    """The folder for downloaded data: latent-variable-suite in `$XDG_CACHE_HOME` or ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / "latent-variable-suite"


def _find(name: str, folder: str | Path | None, download: bool) -> _Place | None:
    if folder is not None:
        given = _Place(Path(folder), "folder", "the folder given")
        if not _has(name, given.folder):
            if not download:
                raise InputError(_not_found(name, given.folder))
            return _download(name, given.folder)
        return given
    for place in _usual_places():
        if _has(name, place.folder):
            return place
    return _download(name, user_cache()) if download else None


def _usual_places() -> list[_Place]:
    places = [_Place(user_cache(), "cache", "the user's cache folder")]
    shared = os.environ.get("SUITE_DATA", "")
    if shared:
        if not Path(shared).is_dir():
            raise InputError(
                f"expected $SUITE_DATA to name a folder, got {shared!r}, which does not exist; "
                "correct it or unset it."
            )
        places.insert(0, _Place(Path(shared), "folder", "the folder in $SUITE_DATA"))
    return places


def _files(name: str, folder: Path) -> list[Path]:
    raw = folder / IMAGE_SETS[name].torchvision_class / "raw"
    kinds = ("images-idx3-ubyte", "labels-idx1-ubyte")
    return [raw / f"{part}-{kind}" for part in _PARTS for kind in kinds]


def _has(name: str, folder: Path) -> bool:
    return all(path.is_file() for path in _files(name, folder))


def _not_found(name: str, folder: Path) -> str:
    first = _files(name, folder)[0]
    missing = [path.name for path in _files(name, folder) if not path.is_file()]
    return (
        f"expected the four files of {IMAGE_SETS[name].title} in {str(first.parent)!r}, but "
        f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not there; name the folder "
        f"that holds {first.parent.parent.name}/raw, or ask for a download."
    )


def _torchvision_class(name: str) -> Any:
    import_torchvision()
    from torchvision import datasets

    return getattr(datasets, IMAGE_SETS[name].torchvision_class)


def _read(name: str, folder: Path, *, train: bool) -> ImageSplit:
    image_file, label_file = _files(name, folder)[:2] if train else _files(name, folder)[2:]
    try:
        stored = _torchvision_class(name)(root=str(folder), train=train)
    except (AssertionError, ValueError, TypeError, KeyError, IndexError, RuntimeError) as error:
        raise _damaged(name, image_file, label_file, f"cannot be read ({error})") from error
    images, labels = stored.data.numpy(), stored.targets.numpy()
    if images.dtype != np.uint8 or images.shape[1:] != IMAGE_SHAPE or not len(images):
        raise _damaged(name, image_file, label_file, f"hold {images.dtype} {images.shape}")
    if len(labels) != len(images):
        counts = f"hold {len(images):,} images but {len(labels):,} labels"
        raise _damaged(name, image_file, label_file, counts)
    if not 0 <= labels.min() <= labels.max() <= 9:
        raise _damaged(name, image_file, label_file, "hold a label that is not from 0 to 9")
    return ImageSplit(images, labels.astype(np.uint8), np.arange(len(images), dtype=np.int32))


def _damaged(name: str, image_file: Path, label_file: Path, what: str) -> InputError:
    return InputError(
        f"expected 28 by 28 images of {IMAGE_SETS[name].title}, each with a label, but "
        f"{image_file.name} and {label_file.name} in {str(image_file.parent)!r} "
        f"{' '.join(what.split())}; delete them and copy or download them again."
    )


def _download(name: str, folder: Path) -> _Place:
    """Download into a folder of its own, then move: an interrupted download leaves no data set."""
    chosen = _torchvision_class(name)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as partial:
        try:
            chosen(root=partial, train=True, download=True)
        except (RuntimeError, OSError) as error:
            raise InputError(
                f"{IMAGE_SETS[name].title} could not be downloaded "
                f"({' '.join(str(error).split())[:200]}); name a folder that has it, or do not "
                "ask for a download and use the bundled slice."
            ) from error
        target = folder / chosen.__name__ / "raw"
        target.mkdir(parents=True, exist_ok=True)
        for path in _files(name, Path(partial)):
            path.replace(target / path.name)
    return _Place(folder, "download", "torchvision's download")


def _differences(name: str, train: ImageSplit, test: ImageSplit) -> tuple[str, ...]:
    """A note if this is not, to the last bit, the data that was published under the name."""
    digest = hashlib.sha256()
    for array in (train.images, train.labels, test.images, test.labels):
        digest.update(np.ascontiguousarray(array).data)
    if digest.hexdigest() == IMAGE_SETS[name].published:
        return ()
    return (f"not the {IMAGE_SETS[name].title} that was published: its files differ",)


def _dataset(
    name: str,
    train: ImageSplit,
    test: ImageSplit,
    origin: Origin,
    detail: str,
    notes: tuple[str, ...],
) -> Dataset:
    about = IMAGE_SETS[name]
    return Dataset(
        name=name,
        train=_rows(train.images),
        test=_rows(test.images),
        feature_names=pixel_names(IMAGE_SHAPE),
        train_labels=train.labels.astype(np.int64),
        test_labels=test.labels.astype(np.int64),
        label_names=about.label_names,
        image_shape=IMAGE_SHAPE,
        source=about.source,
        licence=about.licence,
        origin=origin,
        origin_detail=detail,
        notes=notes,
    )


def _rows(images: np.ndarray) -> np.ndarray:
    """Flattened images, 0…255 scaled to [0, 1] in float32, dividing in place to spare memory."""
    rows = images.reshape(len(images), -1).astype(np.float32)
    rows /= np.float32(255)
    return rows
