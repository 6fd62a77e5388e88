import shutil

import numpy as np
import pytest

from suite.data import load
from suite.data.images import user_cache
from suite.data.torchvision_import import import_torchvision
from suite.errors import InputError
from tests.data.conftest import write_idx, write_images

SLICE_NOTE = "a slice of the data, stratified by class: its figures are not those of the full set"


def first_pixels(images):
    return (images.reshape(len(images), -1) / np.float32(255)).astype(np.float32)


@pytest.fixture
def downloads(monkeypatch, tmp_path):
    """torchvision's download, replaced by one that copies small data; counts its calls."""
    import_torchvision()
    from torchvision.datasets import MNIST

    calls = []
    write_images(tmp_path / "server", seed=9)

    def download(self):
        calls.append(self.root)
        shutil.copytree(tmp_path / "server", self.root, dirs_exist_ok=True)

    monkeypatch.setattr(MNIST, "download", download)
    return calls


def test_the_bundled_slice_is_the_last_resort():
    data = load("mnist")
    assert data.origin == "bundled"
    assert data.train.shape == (10_000, 784)
    assert data.test.shape == (2_000, 784)
    assert data.train.dtype == data.test.dtype == np.float32
    assert data.train.min() == 0
    assert data.train.max() == 1
    assert data.image_shape == (28, 28)
    assert data.notes == (SLICE_NOTE,)
    assert data.label_names == tuple("0123456789")
    assert "bundled slice of MNIST" in data.origin_detail


def test_search_order_given_folder_then_suite_data_then_cache(
    tmp_path, monkeypatch, empty_machine, downloads
):
    cached = write_images(empty_machine, seed=3)
    data = load("mnist", download=True)
    assert data.origin == "cache"
    np.testing.assert_array_equal(data.train, first_pixels(cached))

    shared = write_images(tmp_path / "shared", seed=2)
    monkeypatch.setenv("SUITE_DATA", str(tmp_path / "shared"))
    data = load("mnist", download=True)
    assert data.origin == "folder"
    assert "$SUITE_DATA" in data.origin_detail
    np.testing.assert_array_equal(data.train, first_pixels(shared))

    given = write_images(tmp_path / "given", seed=1)
    data = load("mnist", folder=tmp_path / "given", download=True)
    assert data.origin == "folder"
    assert "the folder given" in data.origin_detail
    np.testing.assert_array_equal(data.train, first_pixels(given))
    assert str(tmp_path) not in data.origin_detail
    assert downloads == []


def test_a_suite_data_folder_without_this_data_set_is_passed_over(tmp_path, monkeypatch):
    write_images(tmp_path / "shared", seed=1, title="FashionMNIST")
    monkeypatch.setenv("SUITE_DATA", str(tmp_path / "shared"))
    assert load("mnist").origin == "bundled"
    assert load("fashion_mnist").origin == "folder"


def test_a_suite_data_folder_that_does_not_exist_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("SUITE_DATA", str(tmp_path / "typo"))
    with pytest.raises(InputError, match=r"expected \$SUITE_DATA to name a folder, got .*typo"):
        load("mnist")


def test_a_download_goes_to_the_cache_once_and_leaves_nothing_else(empty_machine, downloads):
    assert user_cache() == empty_machine
    data = load("mnist", download=True)
    assert data.origin == "download"
    assert data.train.shape == (30, 784)
    assert [path.name for path in empty_machine.iterdir()] == ["MNIST"]
    assert load("mnist", download=True).origin == "cache"
    assert load("mnist").origin == "cache"
    assert len(downloads) == 1


def test_a_download_goes_to_the_folder_that_is_given(tmp_path, empty_machine, downloads):
    assert load("mnist", folder=tmp_path / "mine", download=True).origin == "download"
    assert load("mnist", folder=tmp_path / "mine").origin == "folder"
    assert not empty_machine.exists()


def test_a_download_that_fails_says_so_and_leaves_nothing(monkeypatch, empty_machine):
    import_torchvision()
    from torchvision.datasets import FashionMNIST

    def fail(self):
        write_images(empty_machine / "half", seed=1)
        raise RuntimeError("no route\nto host")

    monkeypatch.setattr(FashionMNIST, "download", fail)
    with pytest.raises(InputError, match=r"Fashion-MNIST could not be downloaded \(no route to"):
        load("fashion_mnist", download=True)
    assert not (empty_machine / "FashionMNIST").exists()
    assert load("fashion_mnist").origin == "bundled"


def test_a_given_folder_without_the_files_is_an_error_that_names_them(tmp_path):
    with pytest.raises(InputError) as caught:
        load("mnist", folder=tmp_path)
    assert str(tmp_path / "MNIST" / "raw") in str(caught.value)
    assert "train-images-idx3-ubyte" in str(caught.value)
    write_images(tmp_path, seed=1)
    (tmp_path / "MNIST" / "raw" / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(InputError, match="but t10k-labels-idx1-ubyte is not there"):
        load("mnist", folder=tmp_path)


def truncate(path):
    path.write_bytes(path.read_bytes()[:-100])


def empty(path):
    path.write_bytes(b"")


def scribble(path):
    path.write_bytes(b"\xff" * path.stat().st_size)


def other_size(path):
    write_idx(path, np.zeros((30, 20, 20)))


def few_labels(path):
    write_idx(path.with_name("train-labels-idx1-ubyte"), np.zeros(29))


def bad_label(path):
    write_idx(path.with_name("train-labels-idx1-ubyte"), np.full(30, 10))


def short_labels(path):
    truncated = path.with_name("train-labels-idx1-ubyte")
    truncated.write_bytes(truncated.read_bytes()[:-5])


@pytest.mark.parametrize(
    "damage", [truncate, empty, scribble, other_size, few_labels, bad_label, short_labels]
)
def test_damaged_files_get_a_clear_error(tmp_path, damage):
    write_images(tmp_path, seed=1)
    damage(tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte")
    with pytest.raises(InputError) as caught:
        load("mnist", folder=tmp_path)
    message = str(caught.value)
    assert "train-images-idx3-ubyte" in message
    assert "delete them and copy or download them again" in message
    assert "\n" not in message


def test_other_data_under_the_name_is_noted(tmp_path):
    write_images(tmp_path, seed=1)
    data = load("mnist", folder=tmp_path)
    assert data.notes == ("not the MNIST that was published: its files differ",)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_the_full_data_are_the_published_ones(name, full_data):
    data = load(name, folder=full_data)
    assert data.notes == ()
    assert data.train.shape == (60_000, 784)
    assert data.test.shape == (10_000, 784)
    by_class = {
        "mnist": [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
        "fashion_mnist": [1000] * 10,
    }
    assert np.bincount(data.test_labels).tolist() == by_class[name]
    # mean and standard deviation of all training pixels, as widely printed for normalisation
    mean, deviation = {"mnist": (0.1307, 0.3081), "fashion_mnist": (0.2860, 0.3530)}[name]
    pixels = data.train.ravel()
    assert abs(pixels.mean(dtype=np.float64) - mean) < 5e-5
    assert abs(pixels.std(dtype=np.float64) - deviation) < 5e-5
