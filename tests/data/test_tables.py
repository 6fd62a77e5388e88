import hashlib

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from suite.data import load, names
from suite.data.catalogue import TABLE_NAMES
from suite.data.tables import TABLES
from suite.errors import InputError

# Rows, columns, rows by class, and the SHA-256 (first 16 digits) of all values as float64.
KNOWN = {
    "iris": (150, 4, [50, 50, 50], "012f498fe9c8b3b3"),
    "wine": (178, 13, [59, 71, 48], "8edcf3903afd97c6"),
    "breast_cancer": (569, 30, [212, 357], "6b202a2072f9a038"),
    "digits": (
        1797,
        64,
        [178, 182, 177, 183, 181, 182, 181, 179, 174, 180],
        "20def7f70a702f0a",
    ),
    "faithful": (272, 2, None, "c1528a01fabb3e45"),
    "galaxies": (82, 1, None, "a89592158b909f3e"),
    "acidity": (155, 1, None, "ec5771cc8ad54d83"),
    "diabetes": (145, 3, [36, 76, 33], "011624118e3041d8"),
}


def test_every_table_is_known_and_every_name_has_a_table():
    assert set(TABLE_NAMES) == set(TABLES) == set(KNOWN)
    assert set(TABLE_NAMES) < set(names())


@pytest.mark.parametrize("name", TABLE_NAMES)
def test_whole_table_is_the_one_that_was_published(name):
    n_rows, n_columns, by_class, digest = KNOWN[name]
    data = load(name, test_size=0)
    assert data.train.shape == (n_rows, n_columns)
    assert data.train.dtype == np.float64
    assert data.test.shape == (0, n_columns)
    assert len(data.feature_names) == n_columns
    assert hashlib.sha256(data.train.tobytes()).hexdigest()[:16] == digest
    if by_class is None:
        assert data.train_labels is None
        assert data.test_labels is None
        assert data.label_names == ()
    else:
        assert data.train_labels.dtype == np.int64
        assert np.bincount(data.train_labels).tolist() == by_class
        assert len(data.label_names) == len(by_class)
    assert data.source
    assert data.licence
    assert data.origin in ("bundled", "package")
    assert data.truth is None


def test_values_that_books_print():
    # R: colMeans(faithful); mean(galaxies) / 1000; iris setosa's means (Fisher, 1936, table 1).
    faithful = load("faithful", test_size=0)
    assert faithful.feature_names == ("eruptions (minutes)", "waiting (minutes)")
    np.testing.assert_allclose(faithful.train.mean(axis=0), [3.487783, 70.897059], atol=5e-7)
    galaxies = load("galaxies", test_size=0)
    assert galaxies.feature_names == ("velocity (1000 km/s)",)
    np.testing.assert_allclose(galaxies.train.mean(), 20.82817, atol=5e-6)
    iris = load("iris", test_size=0)
    setosa = iris.train[iris.train_labels == iris.label_names.index("setosa")]
    np.testing.assert_allclose(setosa.mean(axis=0), [5.006, 3.428, 1.462, 0.246], atol=5e-4)


def test_diabetes_says_that_it_is_flawed():
    data = load("diabetes", test_size=0)
    assert data.label_names == ("Chemical", "Normal", "Overt")
    assert data.train[103].tolist() == [75, 45, 392]
    assert any("455" in note for note in data.notes)


@pytest.mark.parametrize("name", TABLE_NAMES)
def test_split_is_scikit_learns_own_and_stratified(name):
    whole = load(name, test_size=0)
    data = load(name, test_size=0.25, random_state=3)
    labels = whole.train_labels
    train, test = train_test_split(whole.train, test_size=0.25, random_state=3, stratify=labels)
    np.testing.assert_array_equal(data.train, train)
    np.testing.assert_array_equal(data.test, test)
    assert len(data.test) == int(np.ceil(0.25 * len(whole.train)))
    if labels is not None:
        held_out = np.bincount(data.test_labels)
        expected = np.bincount(labels) * len(test) / len(labels)
        assert np.abs(held_out - expected).max() < 1
        # the labels moved with their rows
        pairs = {(*row, label) for row, label in zip(whole.train, labels, strict=True)}
        moved = {
            (*row, label)
            for rows, codes in ((data.train, data.train_labels), (data.test, data.test_labels))
            for row, label in zip(rows, codes, strict=True)
        }
        assert moved == pairs


def test_an_integer_seed_repeats_the_split_and_another_changes_it():
    first, again, other = (load("iris", random_state=seed) for seed in (1, 1, 2))
    assert first.content_hash() == again.content_hash() != other.content_hash()


def test_no_seed_gives_fresh_splits_and_leaves_the_global_generator_alone():
    before = np.random.get_state()[1].copy()
    first, second = (load("iris", random_state=None) for _ in range(2))
    assert first.content_hash() != second.content_hash()
    load("simulated", random_state=None)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize("test_size", [-0.1, 1, 1.5, float("nan"), True])
def test_test_size_out_of_range(test_size):
    with pytest.raises(InputError, match="test_size must be a fraction"):
        load("iris", test_size=test_size)


def test_test_size_that_leaves_nothing():
    with pytest.raises(InputError, match="leaves none to train on"):
        load("galaxies", test_size=0.999)


def test_drop_constant_names_the_columns():
    data = load("digits", test_size=0, drop_constant=True)
    whole = load("digits", test_size=0)
    kept = np.ptp(whole.train, axis=0) > 0
    assert data.train.shape[1] == kept.sum() == 61
    np.testing.assert_array_equal(data.train, whole.train[:, kept])
    assert data.notes == ("dropped 3 constant columns: pixel_0_0, pixel_4_0, pixel_4_7",)
    assert whole.image_shape == (8, 8)
    assert data.image_shape is None


def test_drop_constant_changes_nothing_where_there_is_none():
    assert load("iris", drop_constant=True).content_hash() == load("iris").content_hash()
