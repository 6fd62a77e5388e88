from dataclasses import replace

import numpy as np
import pytest

from suite.data import Dataset, load


def small(**changes):
    data = Dataset(
        name="small",
        train=np.arange(6.0).reshape(3, 2),
        test=np.ones((1, 2)),
        feature_names=("a", "b"),
        train_labels=np.array([0, 1, 0]),
        test_labels=np.array([1]),
        label_names=("u", "v"),
    )
    return replace(data, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "other"},
        {"train": np.arange(6.0).reshape(3, 2) + 1e-15 * np.eye(3, 2)},
        {"train": np.arange(6.0, dtype=np.float32).reshape(3, 2)},
        {"train": np.arange(6.0).reshape(2, 3)},
        {"test": np.zeros((1, 2))},
        {"feature_names": ("b", "a")},
        {"feature_names": ("ab", "")},
        {"train_labels": np.array([1, 1, 0])},
        {"train_labels": None},
        {"test_labels": np.array([0])},
        {"label_names": ("u", "w")},
    ],
)
def test_content_hash_changes_with_the_content(changes):
    assert small(**changes).content_hash() != small().content_hash()


def test_content_hash_is_the_same_for_the_same_content():
    assert small().content_hash() == small(origin="cache", notes=("x",)).content_hash()
    fortran = np.asfortranarray(small().train)
    assert small(train=fortran).content_hash() == small().content_hash()
    assert len(small().content_hash()) == 64


def test_a_data_set_cannot_be_reassigned():
    with pytest.raises(AttributeError):
        load("galaxies").train = np.zeros((1, 1))
