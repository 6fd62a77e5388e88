"""Codes in the plane: every class can be read where it lies."""

import numpy as np
import pytest
from matplotlib.text import Text as Label

from studies.report.code_scatter import apart, scatter_codes
from studies.report.style import new_figure

BOX = np.array([[0.0, 0.0], [10.0, 100.0]])
"""The corners of what is drawn: labels are as wide as so much of each side."""


def nearest(places: np.ndarray) -> float:
    """The smallest distance of two places, as a share of the sides of `BOX`."""
    shares = places / np.ptp(BOX, axis=0)
    distances = np.hypot(*(shares[:, None] - shares[None]).transpose(2, 0, 1))
    np.fill_diagonal(distances, np.inf)
    return float(distances.min())


def test_labels_that_would_cover_each_other_move_apart() -> None:
    crowded = np.array([[5.0, 50.0], [5.01, 50.1], [5.1, 49.0], [1.0, 10.0]])
    moved = apart(crowded, BOX)
    assert nearest(crowded) < 0.01
    assert 0.06 <= nearest(moved) < 0.07
    np.testing.assert_array_equal(moved[3], crowded[3])
    assert np.abs((moved - crowded) / np.ptp(BOX, axis=0)).max() < 0.1


def test_labels_that_have_room_stay_at_their_medians() -> None:
    places = np.array([[1.0, 10.0], [9.0, 90.0], [5.0, 50.0]])
    np.testing.assert_array_equal(apart(places, BOX), places)


@pytest.mark.parametrize("known", [True, False])
def test_every_class_is_named_once(known: bool) -> None:
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), 20)
    arrays = {"codes": random.normal(size=(200, 2))} | ({"code_labels": labels} if known else {})
    _, axes = new_figure(1, 1, 3.0)
    scatter_codes(axes[0, 0], arrays, "class {}".format)
    drawn = [text for text in axes[0, 0].texts if isinstance(text, Label)]
    expected = [f"class {k}" for k in range(10)] if known else []
    assert [text.get_text() for text in drawn] == expected
    places = np.array([text.get_position() for text in drawn]).reshape(-1, 2)
    shares = places / np.ptp(arrays["codes"], axis=0)
    distances = np.hypot(*(shares[:, None] - shares[None]).transpose(2, 0, 1))
    assert (distances[~np.eye(len(places), dtype=bool)] > 0.059).all()
