import numpy as np
import pytest

from suite.data import binarise, load
from suite.errors import InputError

# Two-sided normal quantile for a chance of 1e-6 that a right program fails; seeds are fixed.
QUANTILE = 4.9


def test_threshold_is_strictly_above_one_half():
    X = np.array([[0.0, 0.4999, 0.5, 0.5001, 1.0]], dtype=np.float32)
    bits = binarise(X, "threshold")
    assert bits.tolist() == [[0, 0, 0, 1, 1]]
    assert bits.dtype == np.float32


def test_sampled_bits_have_the_intensities_as_means():
    intensities = np.array([0.0, 0.1, 0.5, 0.9, 1.0], dtype=np.float32)
    n_rows = 20_000
    bits = binarise(np.tile(intensities, (n_rows, 1)), random_state=1)
    assert set(np.unique(bits)) == {0.0, 1.0}
    error = np.abs(bits.mean(axis=0) - intensities)
    assert (error <= QUANTILE * np.sqrt(intensities * (1 - intensities) / n_rows) + 1e-6).all()
    assert error[0] == error[-1] == 0
    # neighbours in a row are independent: their correlation has standard error 1/√n
    correlation = np.corrcoef(bits[:, 1:4], rowvar=False)[np.triu_indices(3, 1)]
    assert np.abs(correlation).max() < QUANTILE / np.sqrt(n_rows)


def test_sampled_bits_repeat_with_the_seed_and_only_with_it():
    X = np.full((5000, 3), 0.5)
    np.testing.assert_array_equal(binarise(X, random_state=1), binarise(X, random_state=1))
    assert (binarise(X, random_state=1) != binarise(X, random_state=2)).any()
    # rows beyond the first chunk are drawn afresh
    bits = binarise(np.full((2 * 4096, 3), 0.5), random_state=1)
    assert (bits[:4096] != bits[4096:]).any()


def test_bits_stay_as_they_are():
    X = (np.arange(12).reshape(3, 4) % 2).astype(float)
    for method in ("sampled", "threshold"):
        np.testing.assert_array_equal(binarise(X, method), X)


def test_the_global_generator_is_left_alone():
    before = np.random.get_state()[1].copy()
    binarise(np.full((3, 3), 0.5))
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize("values", [[[1.5]], [[-0.1]], [[np.nan]]])
def test_intensities_out_of_range(values):
    with pytest.raises(InputError, match="expected intensities from 0 to 1"):
        binarise(np.array(values))


def test_unknown_method():
    with pytest.raises(InputError, match="must be 'sampled' or 'threshold', got 'dither'"):
        binarise(np.zeros((1, 1)), "dither")


def test_the_four_treatments_of_images():
    grey, threshold, fixed, redrawn = (
        load("mnist", bits=bits, limit=100) for bits in ("grey", "threshold", "fixed", "redrawn")
    )
    plain = load("mnist", limit=100)
    np.testing.assert_array_equal(grey.train, plain.train)
    np.testing.assert_array_equal(threshold.train, plain.train > 0.5)
    np.testing.assert_array_equal(threshold.test, plain.test > 0.5)
    np.testing.assert_array_equal(redrawn.train, plain.train)
    np.testing.assert_array_equal(redrawn.test, fixed.test)
    for bits in (fixed.train, fixed.test, redrawn.test):
        assert set(np.unique(bits)) == {0.0, 1.0}
        assert bits.dtype == np.float32
    for drawn, intensities in ((fixed.train, plain.train), (fixed.test, plain.test)):
        assert (drawn[intensities == 0] == 0).all()
        assert (drawn[intensities == 1] == 1).all()
    assert "redrawn each epoch" in redrawn.notes[1]


def test_test_bits_do_not_depend_on_the_split_seed_or_the_limit():
    first = load("mnist", bits="redrawn", random_state=1)
    second = load("mnist", bits="fixed", random_state=2)
    np.testing.assert_array_equal(first.test, second.test)
    few = load("mnist", bits="fixed", limit=100)
    rows = {row.tobytes() for row in second.test}
    assert all(row.tobytes() in rows for row in few.test)


def test_bits_of_what_is_no_image():
    with pytest.raises(InputError, match="is for images, and the rows of 'iris' are none"):
        load("iris", bits="fixed")
    with pytest.raises(InputError, match="expected intensities from 0 to 1, got 0 to 16"):
        load("digits", bits="fixed")
    with pytest.raises(InputError, match="bits must be one of grey, threshold, fixed, redrawn"):
        load("mnist", bits="larochelle")
