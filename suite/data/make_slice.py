"""Make the bundled slice from the full data: `python -m suite.data.make_slice FOLDER`.

FOLDER is one that torchvision's MNIST and FashionMNIST accept: it holds MNIST/raw and
FashionMNIST/raw. The choice of rows is `suite.data.splitting.stratified_rows`, in which no chance
is involved, so anyone with the full data makes the same slice.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from suite.data.bundled_slice import N_TEST, N_TRAIN, ImageSplit, write_slice
from suite.data.images import IMAGE_SETS, read_full
from suite.data.splitting import stratified_rows


def cut(full: ImageSplit, n_images: int) -> ImageSplit:
    """`n_images` of `full`, stratified by class and in their original order, with row numbers."""
    rows = stratified_rows(full.labels, n_images)
    return ImageSplit(full.images[rows], full.labels[rows], full.rows[rows])


def main() -> None:
    """Write one file for each image data set and print its size."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="where MNIST/raw and FashionMNIST/raw are")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "bundled")
    arguments = parser.parse_args()
    for name in IMAGE_SETS:
        train, test = read_full(name, arguments.folder)
        path = arguments.out / f"{name}.npz.xz"
        write_slice(path, cut(train, N_TRAIN), cut(test, N_TEST))
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
