import pickle
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from suite.data import load, load_file
from suite.errors import InputError


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def frame():
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "width": random.normal(size=40),
            "count": random.integers(0, 9, 40),
            "kind": random.permutation(np.repeat(["pear", "apple"], 20)),
        }
    )


def write(frame, ending):
    name = f"fruit{ending}"
    if ending == ".parquet":
        frame.to_parquet(name)
    else:
        frame.to_csv(name, index=False, sep="\t" if ending == ".tsv" else ",")
    return name


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".parquet", ".CSV"])
def test_named_columns_come_back_as_written(frame, ending):
    data = load_file(write(frame, ending), label="kind", test_size=0)
    np.testing.assert_array_equal(data.train, frame[["width", "count"]].to_numpy(float))
    assert data.train.dtype == np.float64
    assert data.feature_names == ("width", "count")
    assert data.label_names == ("apple", "pear")
    assert data.train_labels.dtype == np.int64
    assert np.array(data.label_names)[data.train_labels].tolist() == frame["kind"].tolist()
    assert (data.name, data.origin) == ("fruit", "file")


def test_the_folder_stays_out_of_what_a_report_may_print(frame, tmp_path):
    write(frame[["width", "count"]], ".csv")
    data = load_file(tmp_path / "fruit.csv")
    for text in (data.name, data.source, data.licence, data.origin_detail, *data.notes):
        assert str(tmp_path) not in text
    assert data.origin_detail == "the file fruit.csv"


def test_split_is_by_class_and_repeats_with_the_seed(frame):
    name = write(frame, ".csv")
    first, again, other = (load_file(name, label="kind", random_state=seed) for seed in (1, 1, 2))
    assert np.bincount(first.test_labels).tolist() == [5, 5]
    assert first.content_hash() == again.content_hash() != other.content_hash()


def test_load_takes_a_path_too(frame, tmp_path):
    name = write(frame[["width"]], ".csv")
    by_file = load_file(name, test_size=0.1, random_state=5).content_hash()
    assert load(name, test_size=0.1, random_state=5).content_hash() == by_file
    assert load(tmp_path / name, test_size=0.1, random_state=5).content_hash() == by_file


def test_numbers_as_labels_keep_their_names():
    pd.DataFrame({"x": [1.0, 2, 3, 4], "y": [10, 2, 10, 2]}).to_csv("t.csv", index=False)
    data = load_file("t.csv", label="y", test_size=0)
    assert data.label_names == ("2", "10")
    assert data.train_labels.tolist() == [1, 0, 1, 0]


def test_a_first_line_of_numbers_is_data():
    Path("t.csv").write_text("1,2\n3,4\n5,6\n")
    data = load_file("t.csv", test_size=0)
    assert data.train.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert data.feature_names == ("column 1", "column 2")
    assert data.notes == ("no header line, so columns are numbered from 1",)
    assert load_file("t.csv", label="column 2", test_size=0).train.tolist() == [[1], [3], [5]]


def test_booleans_nullable_integers_and_a_byte_order_mark():
    columns = {"a": pd.array([1, 2, 3], dtype="Int64"), "b": [True, False, True]}
    pd.DataFrame(columns).to_parquet("t.parquet")
    assert load_file("t.parquet", test_size=0).train.tolist() == [[1, 1], [2, 0], [3, 1]]
    Path("t.csv").write_text("é,b\n1,2\n3,4\n", encoding="utf-8-sig")
    assert load_file("t.csv").feature_names == ("é", "b")


def test_drop_constant_names_the_column():
    pd.DataFrame({"a": [1, 2, 3], "flat": [7, 7, 7]}).to_csv("t.csv", index=False)
    data = load_file("t.csv", test_size=0, drop_constant=True)
    assert data.train.tolist() == [[1], [2], [3]]
    assert data.notes == ("dropped 1 constant column: flat",)
    assert load_file("t.csv", test_size=0).train.shape == (3, 2)


def test_arrays_come_back_as_written():
    array = np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32)
    np.save("a.npy", array)
    data = load_file("a.npy", test_size=0)
    np.testing.assert_array_equal(data.train, array.astype(np.float64))
    np.savez("a.npz", X=array, y=np.array(list("bababa")), other=np.arange(3), z=np.zeros(6))
    data = load_file("a.npz", test_size=0)
    np.testing.assert_array_equal(data.train, array)
    assert data.label_names == ("a", "b")
    assert data.train_labels.tolist() == [1, 0] * 3
    assert load_file("a.npz", label="z", test_size=0).label_names == ("0.0",)


def test_an_archive_with_a_split_of_its_own_keeps_it():
    arrays = {"train": np.eye(3), "test": np.ones((1, 3))}
    np.savez("a.npz", **arrays, train_labels=[5, 6, 5], test_labels=[7])
    data = load_file("a.npz", test_size=0.5)
    np.testing.assert_array_equal(data.train, np.eye(3))
    np.testing.assert_array_equal(data.test, np.ones((1, 3)))
    assert data.train_labels.tolist() == [0, 1, 0]
    assert data.test_labels.tolist() == [2]
    assert data.label_names == ("5", "6", "7")
    np.savez("b.npz", **arrays)
    assert load_file("b.npz").train_labels is None


def test_stacks_of_images():
    images = np.random.default_rng(0).integers(0, 256, (6, 4, 5), dtype=np.uint8)
    np.save("bytes.npy", images)
    np.savez("floats.npz", train=images[:4] / 255, test=images[4:] / 255)
    data, split = load_file("bytes.npy", test_size=0), load_file("floats.npz")
    for rows in (data.train, np.vstack([split.train, split.test])):
        assert rows.dtype == np.float32
        np.testing.assert_allclose(rows, images.reshape(6, 20) / 255, rtol=1e-6)
    assert data.image_shape == split.image_shape == (4, 5)
    assert data.feature_names[6] == "pixel_1_1"
    for loader in (load, load_file):
        drawn = loader("bytes.npy", test_size=0, bits="fixed", limit=3)
        assert set(np.unique(drawn.train)) == {0.0, 1.0}
        assert drawn.train.shape == (3, 20)


TEXTS = {
    "empty.csv": ("", "expected a table, but empty.csv is empty"),
    "header.csv": ("a,b\n", "at least 2 rows, but header.csv is empty; give more data"),
    "one.csv": ("a,b\n1,2\n", "at least 2 rows, but one.csv has 1; give more data"),
    "text.csv": (
        "a,b,c\n1,2,3\n2,?,4\n3,4,x\n",
        r"text in columns 'b', 'c' \('\?' in row 2\); remove the columns, or name .* as the label",
    ),
    "text1.csv": ("a,b\n1,u\n2,v\n", r"text in column 'b' \('u' in row 1\); remove the column,"),
    "nan.csv": (
        "a,b\n1,2\n3,\n,inf\n",
        "3 values that are missing .NaN. or infinite, the first in row 2, column 'b'; remove",
    ),
    "inf.tsv": ("a\tb\n1\t2\n-inf\t3\n", "1 value that is missing .* in row 2, column 'a'"),
    "semicolon.csv": ("a;b\n1;2\n3;4\n", "parted by commas in semicolon.csv, got ';'; save it"),
    "decimal.csv": ("a;b\n1,5;2,5\n3,5;4,5\n", "parted by commas in decimal.csv, got ';'"),
    "tabs.csv": ("a\tb\n1\t2\n3\t4\n", r"parted by commas in tabs.csv, got '\\t'; save it"),
    "commas.tsv": ("a,b\n1,2\n3,4\n", "parted by tabs in commas.tsv, got ','; save it"),
    "ragged.csv": ("a,b\n1,2\n3,4,5\n", "Expected 2 fields in line 3, saw 3.; mend that line"),
    "wide.csv": ("a,b\n1,2,3\n3,4,5\n", "as many names in the first line of wide.csv as"),
    "rownames.csv": (",a\n0,1\n1,2\n", "first column of rownames.csv has no name and may be row"),
    "latin.csv": (b"caf\xe9,b\n1,2\n3,4\n", "expected text in UTF-8, but latin.csv is not"),
    "junk.parquet": ("junk", "junk.parquet cannot be read as Parquet"),
    "junk.npy": ("junk", "junk.npy holds no NumPy array"),
    "junk.npz": (b"PK\x03\x04junk", "junk.npz cannot be read as NumPy data"),
    "table.xlsx": ("x", r"ending in \.csv, \.tsv, \.parquet, \.npy, \.npz, got 'table.xlsx'"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_wrong_with_a_text_is_said_in_one_line(name):
    content, message = TEXTS[name]
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=message) as caught:
        load(f"./{name}")
    assert "\n" not in str(caught.value)


ARRAYS = {
    "vector": (np.arange(5.0), r"has shape \(5,\); reshape it to \(N, 1\)"),
    "deep": (np.zeros((2, 2, 2, 2)), r"has shape \(2, 2, 2, 2\); average its colours"),
    "no rows": (np.zeros((0, 3)), "at least 2 rows, but a.npy is empty"),
    "one row": (np.zeros((1, 3)), "at least 2 rows, but a.npy has 1"),
    "no columns": (np.zeros((3, 0)), "at least one column of numbers, but a.npy has none"),
    "text": (np.array([["1", "a"]]), "expected numbers, but a.npy holds <U1"),
    "complex": (np.zeros((2, 2), complex), "expected numbers, but a.npy holds complex128"),
    "nan": (np.array([[1, 2], [3, np.nan]]), "1 value that is .* row 2, column 'column 2'"),
    "not intensities": (np.full((2, 2, 2), 7.0), "from 0 to 1, or of type uint8, .* 7 to 7"),
    "nan image": (np.full((2, 2, 2), np.nan), "8 values that are .* row 1, column 'pixel_0_0'"),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_what_is_wrong_with_an_array_is_said_in_one_line(kind):
    array, message = ARRAYS[kind]
    np.save("a.npy", array)
    with pytest.raises(InputError, match=message) as caught:
        load_file("a.npy")
    assert "\n" not in str(caught.value)


class Bomb:
    def __reduce__(self):
        return open, ("exploded", "w")


def test_pickles_are_never_run(tmp_path):
    np.save("a.npy", np.array([[Bomb()]], dtype=object), allow_pickle=True)
    np.savez("a.npz", X=np.array([[Bomb()]], dtype=object), allow_pickle=True)
    Path("b.npy").write_bytes(pickle.dumps(Bomb()))
    for name, message in (
        ("a.npy", "a pickle can run any code"),
        ("a.npz", "a pickle can run any code"),
        ("b.npy", "holds no NumPy array"),
    ):
        with pytest.raises(InputError, match=message):
            load_file(name)
    assert not (tmp_path / "exploded").exists()


def test_a_truncated_array_is_an_error():
    np.save("a.npy", np.zeros((9, 9)))
    content = Path("a.npy").read_bytes()
    Path("a.npy").write_bytes(content[:-8])
    with pytest.raises(InputError, match=r"a\.npy cannot be read as NumPy data"):
        load_file("a.npy")


def test_archives_with_other_keys_or_shapes():
    def error(**arrays):
        np.savez("a.npz", **arrays)
        with pytest.raises(InputError) as caught:
            load_file("a.npz")
        return str(caught.value)

    rows = np.ones((2, 3))
    assert (
        "expected the key X or images, or the keys train and test, in a.npz, got 'rows'"
        in error(rows=rows)
    )
    assert "got none" in error()
    assert "one label a row in a.npz, got labels of shape (3,) for 2 rows" in error(
        X=rows, y=np.arange(3)
    )
    assert "same columns, got shapes (2, 3) and (2, 2)" in error(train=rows, test=np.ones((2, 2)))
    assert "expected train_labels and test_labels in a.npz, got only train_labels" in error(
        train=rows, test=rows, train_labels=[0, 1]
    )
    assert "test in a.npz has 6 values that are missing" in error(train=rows, test=rows * np.nan)


def test_npy_and_npz_under_each_others_name():
    np.save("a.npy", np.eye(2))
    np.savez("a.npz", X=np.eye(2))
    Path("b.npz").write_bytes(Path("a.npy").read_bytes())
    Path("b.npy").write_bytes(Path("a.npz").read_bytes())
    with pytest.raises(InputError, match=r"b\.npz is one array; call it \.npy"):
        load_file("b.npz")
    with pytest.raises(InputError, match=r"b\.npy is an archive; call it \.npz"):
        load_file("b.npy")


def test_labels_that_are_not_there(frame):
    name = write(frame, ".csv")
    with pytest.raises(InputError, match="got 'sort'; it has 'width', 'count', 'kind'"):
        load_file(name, label="sort")
    np.save("a.npy", np.eye(2))
    with pytest.raises(InputError, match=r"label='y' names nothing in a\.npy"):
        load_file("a.npy", label="y")
    np.savez("a.npz", X=np.eye(2))
    with pytest.raises(InputError, match=r"name a key of a\.npz, got 'y'; it has 'X'"):
        load_file("a.npz", label="y")
    Path("b.csv").write_text("class,x\nu,1\n,2\nv,3\n")
    with pytest.raises(InputError, match="1 of 3 are missing, the first in row 2"):
        load_file("b.csv", label="class")
    Path("c.csv").write_text("class\nu\nv\n")
    with pytest.raises(InputError, match=r"at least one column of numbers, but c\.csv has none"):
        load_file("c.csv", label="class")


def test_missing_files_say_where_they_were_looked_for(tmp_path):
    Path("fruit.csv").write_text("a\n1\n2\n")
    with pytest.raises(InputError) as caught:
        load("fruits.csv")
    message = f"expected the file 'fruits.csv', but it is not in the folder {str(tmp_path)!r}; did"
    assert str(caught.value) == f"{message} you mean 'fruit.csv'?"
    with pytest.raises(InputError, match="there is no folder '/nowhere'"):
        load_file("/nowhere/fruit.csv")
    with pytest.raises(
        InputError, match=r"at least 2 images ending in .* got 0; name the folder that holds them"
    ):
        load_file(tmp_path)


def test_drop_constant_looks_at_both_parts_of_a_split_of_its_own():
    train = np.array([[1.0, 5.0, 2.0], [2.0, 5.0, 2.0]])
    test = np.array([[3.0, 5.0, 7.0]])
    np.savez("a.npz", train=train, test=test)
    data = load_file("a.npz", drop_constant=True)
    np.testing.assert_array_equal(data.train, train[:, [0, 2]])
    np.testing.assert_array_equal(data.test, test[:, [0, 2]])
    assert data.notes[-1] == "dropped 1 constant column: column 2"


def test_a_table_of_constants_is_refused():
    Path("flat.csv").write_text("a,b\n1,2\n1,2\n1,2\n")
    with pytest.raises(InputError, match="all 2 are constant; give other data"):
        load_file("flat.csv", drop_constant=True)


def test_names_that_come_twice_are_refused():
    Path("twice.csv").write_text('"a",b,a\n1,2,3\n4,5,6\n')
    with pytest.raises(InputError, match=r"of twice.csv, but 'a' comes more than once"):
        load_file("twice.csv")


def test_labels_that_hardly_repeat_are_no_classes():
    rows = "".join(f"{i},{i % 6}.5\n" for i in range(11))
    Path("many.csv").write_text("x,y\n" + rows)
    with pytest.raises(
        InputError, match=r"classes as the labels of many.csv, .* 6 values in 11 rows"
    ):
        load_file("many.csv", label="y")
    assert load_file("many.csv", label=None).feature_names == ("x", "y")


def test_a_file_beyond_the_memory_is_refused_before_it_is_read(monkeypatch):
    Path("large.csv").write_text("a\n1\n2\n")
    monkeypatch.setattr(
        "suite.data.checks.psutil.virtual_memory", lambda: SimpleNamespace(available=15)
    )
    with pytest.raises(InputError, match=r"large.csv has 0.0 GB .* are free; give fewer rows"):
        load_file("large.csv")


def test_a_file_that_may_not_be_read_is_said_to_be_so(monkeypatch):
    Path("secret.csv").write_text("a\n1\n2\n")

    def locked(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("suite.data.frames._check_separator", locked)
    with pytest.raises(InputError, match=r"read secret.csv, but its permissions do not allow it"):
        load_file("secret.csv")


def test_images_in_an_archive():
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (6, 4, 3), dtype=np.uint8)
    np.savez("a.npz", images=pictures, y=np.arange(6) % 2)
    data = load_file("a.npz", test_size=0)
    np.testing.assert_allclose(data.train * 255, pictures.reshape(6, 12), atol=1e-4)
    assert (data.image_shape, data.label_names) == ((4, 3), ("0", "1"))


@pytest.mark.parametrize(("width", "shape"), [(9, (3, 3)), (6, (1, 6))])
def test_rows_among_images_are_drawn_as_pictures_and_a_note_says_so(width, shape):
    np.savez("a.npz", images=np.linspace(0, 1, 4 * width).reshape(4, width))
    data = load_file("a.npz", test_size=0)
    assert data.image_shape == shape
    assert data.notes == (f"rows of {width} values, drawn as pictures of {shape[0]} by {shape[1]}",)
