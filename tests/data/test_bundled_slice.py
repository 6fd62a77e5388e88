from importlib.resources import files

import numpy as np
import pytest

from suite.data.bundled_slice import N_TEST, N_TRAIN, ImageSplit, read_slice, write_slice
from suite.data.images import IMAGE_SETS, read_full
from suite.data.make_slice import cut

# 10,000 · N_c / 60,000 and 2,000 · N_c / 10,000, rounded by largest remainder, where N_c are the
# class counts that the authors publish.
COUNTS = {
    "mnist": (
        [987, 1124, 993, 1022, 974, 904, 986, 1044, 975, 991],
        [196, 227, 206, 202, 196, 178, 192, 206, 195, 202],
    ),
    "fashion_mnist": ([1000] * 10, [200] * 10),
}


def test_both_slices_are_under_8_megabytes():
    sizes = [
        len((files("suite.data") / "bundled" / f"{n}.npz.xz").read_bytes()) for n in IMAGE_SETS
    ]
    assert len(sizes) == 2
    assert sum(sizes) < 8e6


@pytest.mark.parametrize("name", IMAGE_SETS)
def test_slices_are_stratified_as_declared(name):
    for split, n_images, counts in zip(
        read_slice(name), (N_TRAIN, N_TEST), COUNTS[name], strict=True
    ):
        assert split.images.shape == (n_images, 28, 28)
        assert split.images.dtype == split.labels.dtype == np.uint8
        assert np.bincount(split.labels).tolist() == counts
        assert (np.diff(split.rows) > 0).all()


@pytest.mark.parametrize("name", IMAGE_SETS)
def test_bundled_images_are_rows_of_the_full_data_to_the_last_bit(name, full_data):
    for split, full in zip(read_slice(name), read_full(name, full_data), strict=True):
        np.testing.assert_array_equal(split.images, full.images[split.rows])
        np.testing.assert_array_equal(split.labels, full.labels[split.rows])
        again = cut(full, len(split.images))
        np.testing.assert_array_equal(split.rows, again.rows)


def test_a_written_slice_reads_back(tmp_path, monkeypatch):
    random = np.random.default_rng(0)

    def split(n_images):
        images = random.integers(0, 256, (n_images, 28, 28), dtype=np.uint8)
        return ImageSplit(images, np.arange(n_images, dtype=np.uint8), np.arange(n_images))

    train, test = split(5), split(2)
    (tmp_path / "bundled").mkdir()
    write_slice(tmp_path / "bundled" / "mnist.npz.xz", train, test)
    monkeypatch.setattr("suite.data.bundled_slice.files", lambda package: tmp_path)
    for written, read in zip((train, test), read_slice("mnist"), strict=True):
        np.testing.assert_array_equal(written.images, read.images)
        np.testing.assert_array_equal(written.labels, read.labels)
        np.testing.assert_array_equal(written.rows, read.rows)
