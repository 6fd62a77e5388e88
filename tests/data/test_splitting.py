import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.data import load
from suite.data.splitting import split_rows, stratified_rows
from suite.errors import InputError


@given(
    labels=st.lists(st.integers(0, 4), min_size=1, max_size=200),
    fraction=st.floats(0, 1),
)
def test_stratified_rows_are_distinct_and_in_proportion(labels, fraction):
    labels = np.array(labels)
    n_rows = math.floor(fraction * len(labels))
    rows = stratified_rows(labels, n_rows)
    assert len(rows) == n_rows
    assert (np.diff(rows) > 0).all()
    for label in np.unique(labels):
        exact = n_rows * (labels == label).sum() / len(labels)
        assert abs((labels[rows] == label).sum() - exact) < 1


def test_stratified_rows_take_all_when_asked_for_all():
    labels = np.array([2, 0, 1, 1, 2])
    np.testing.assert_array_equal(stratified_rows(labels, 5), np.arange(5))


def test_stratified_rows_are_spread_over_the_whole_file():
    np.testing.assert_array_equal(stratified_rows(np.zeros(100), 4), [12, 37, 62, 87])


def test_a_class_of_one_row_is_split_at_random_and_noted():
    train, test, notes = split_rows(10, np.array([0] * 9 + [1]), test_size=0.3, random_state=0)
    assert sorted([*train, *test]) == list(range(10))
    assert len(test) == 3
    assert notes == ("split at random rather than by class: a class has too few rows",)


def test_more_classes_than_test_rows_is_split_at_random_and_noted():
    _, test, notes = split_rows(10, np.repeat(np.arange(5), 2), test_size=0.2, random_state=0)
    assert len(test) == 2
    assert len(notes) == 1


def test_limit_keeps_the_proportions_of_classes():
    data = load("iris", limit=30)
    assert np.bincount(data.train_labels).tolist() == [10, 10, 10]
    assert np.bincount(data.test_labels).tolist() == [2, 2, 2]
    assert data.notes == ("limited to 30 of 112 training rows and 6 of 38 test rows",)
    whole = load("iris")
    assert {tuple(row) for row in data.train} <= {tuple(row) for row in whole.train}


def test_limit_without_classes_and_beyond_the_data():
    assert load("faithful", limit=11).train.shape == (11, 2)
    assert load("faithful", limit=11).test.shape == (3, 2)
    assert load("faithful", limit=10**6).content_hash() == load("faithful").content_hash()


@pytest.mark.parametrize("limit", [0, -1, 2.5, True])
def test_limit_out_of_range(limit):
    with pytest.raises(InputError, match="limit must be a whole number"):
        load("iris", limit=limit)
