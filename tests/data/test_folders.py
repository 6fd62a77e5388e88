from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from suite.data import load_file
from suite.errors import InputError


@pytest.fixture
def folder(tmp_path):
    """Four grey pictures of 3 by 2 pixels, whose values are their number."""
    made = tmp_path / "faces"
    made.mkdir()
    for i in range(4):
        save(made / f"{i}.png", np.full((2, 3), 10 * i, np.uint8))
    return made


def save(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(values).save(path)


def test_pictures_come_in_the_order_of_their_names(folder):
    data = load_file(folder, test_size=0)
    expected = np.repeat(np.arange(4)[:, None] * 10 / 255, 6, axis=1)
    np.testing.assert_allclose(np.sort(data.train, axis=0), expected, atol=1e-6)
    assert (data.name, data.image_shape, data.notes) == ("faces", (2, 3), ())
    assert data.origin_detail == "the folder faces"


def test_folders_in_it_are_classes(folder):
    for i, name in enumerate(["cat", "dog", "cat", "dog"]):
        (folder / name).mkdir(exist_ok=True)
        (folder / f"{i}.png").rename(folder / name / f"{i}.png")
    data = load_file(folder, test_size=0)
    assert data.label_names == ("cat", "dog")
    assert sorted(zip(data.train[:, 0].round(3), data.train_labels, strict=True)) == [
        (pytest.approx(0.0), 0),
        (pytest.approx(0.039), 1),
        (pytest.approx(0.078), 0),
        (pytest.approx(0.118), 1),
    ]


def test_colours_become_grey_and_a_note_says_so(folder):
    red = np.zeros((2, 3, 3), np.uint8)
    red[..., 0] = 200
    save(folder / "red.png", red)
    data = load_file(folder, test_size=0)
    assert data.train.max() == pytest.approx(0.299 * 200 / 255, abs=1 / 255)
    assert data.notes == ("1 of 5 images were coloured and were turned to grey",)


def test_transparency_is_laid_on_black_and_a_note_says_so(folder):
    half = np.full((2, 3, 2), 128, np.uint8)
    half[..., 0] = 255
    save(folder / "half.png", half)
    opaque = np.full((2, 3, 2), 255, np.uint8)
    save(folder / "opaque.png", opaque)
    data = load_file(folder, test_size=0)
    assert np.unique(data.train.round(2))[-2:].tolist() == [0.5, 1.0]
    assert data.notes == ("1 of 6 images were transparent and laid on black",)


def test_sixteen_bits_keep_their_range(folder):
    save(folder / "deep.png", np.full((2, 3), 65535, np.uint16))
    assert load_file(folder, test_size=0).train.max() == 1.0


def test_other_files_are_counted(folder):
    (folder / "notes.txt").write_text("hello")
    (folder / ".hidden.png").write_text("hello")
    assert load_file(folder, test_size=0).notes == (
        "files of other kinds in the folder that were left out: 1",
    )


def test_sizes_that_differ_are_refused(folder):
    save(folder / "wide.png", np.zeros((2, 9), np.uint8))
    with pytest.raises(InputError, match=r"0.png has 3 by 2 pixels and wide.png has 9 by 2; scale"):
        load_file(folder)


def test_a_truncated_image_is_named(folder):
    whole = (folder / "3.png").read_bytes()
    (folder / "3.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"3.png cannot be read as one .*; remove it or save"):
        load_file(folder)
    (folder / "3.png").write_text("no image")
    with pytest.raises(InputError, match=r"3.png cannot be read as one"):
        load_file(folder)


def test_an_empty_folder_a_label_and_mixed_depths_are_refused(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"at least 2 images .* in the folder 'empty', got 0"):
        load_file(tmp_path / "empty")
    with pytest.raises(InputError, match="put the images of each class into a folder of its own"):
        load_file(folder, label="kind")
    save(folder / "deeper" / "x.png", np.zeros((2, 3), np.uint8))
    with pytest.raises(InputError, match="at several depths; move them"):
        load_file(folder)
