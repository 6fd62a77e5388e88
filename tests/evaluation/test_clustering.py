import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from suite.errors import InputError
from suite.evaluation import adjusted_rand_index

labels = st.lists(st.integers(0, 4), min_size=1, max_size=40)


@settings(max_examples=100)
@given(labels, st.randoms(use_true_random=False))
def test_equals_scikit_learns(first: list[int], random: object) -> None:
    second = [random.randint(0, 4) for _ in first]
    expected = adjusted_rand_score(first, second)
    assert adjusted_rand_index(first, second) == pytest.approx(expected, abs=1e-12)


@settings(max_examples=50)
@given(labels)
def test_names_of_the_groups_do_not_matter(first: list[int]) -> None:
    renamed = np.array(["d", "a", "c", "e", "b"])[first]
    assert adjusted_rand_index(first, renamed) == pytest.approx(1.0)


def test_published_example() -> None:
    # Hubert and Arabie's formula on the contingency table [[1, 1, 0], [1, 2, 1], [0, 0, 4]]:
    # Σ C(n_ij, 2) = 7, ΣC(a, 2) = 13, ΣC(b, 2) = 14, C(10, 2) = 45.
    first = [0, 0, 1, 1, 1, 1, 2, 2, 2, 2]
    second = [0, 1, 0, 1, 1, 2, 2, 2, 2, 2]
    expected = (7 - 13 * 14 / 45) / (13.5 - 13 * 14 / 45)
    assert adjusted_rand_index(first, second) == pytest.approx(expected)


def test_labels_of_different_lengths_are_refused() -> None:
    with pytest.raises(InputError, match="two label arrays of one length"):
        adjusted_rand_index([0, 1], [0])
