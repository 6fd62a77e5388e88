import subprocess
import sys

import numpy as np
import pytest

import suite.data
from suite.data import Dataset, load, names, simulate_mixture
from suite.data.catalogue import IMAGE_NAMES
from suite.data.images import IMAGE_SETS
from suite.errors import InputError


@pytest.mark.parametrize("name", names())
def test_every_name_loads_as_a_consistent_data_set(name):
    data = load(name)
    assert isinstance(data, Dataset)
    assert data.name == name
    n_features = len(data.feature_names)
    assert data.train.shape[1] == data.test.shape[1] == n_features
    assert len(set(data.feature_names)) == n_features
    assert len(data.test) > 0
    assert data.train.dtype == data.test.dtype
    for rows, labels in ((data.train, data.train_labels), (data.test, data.test_labels)):
        assert np.isfinite(rows).all()
        if data.label_names:
            assert labels.shape == (len(rows),)
            assert labels.dtype == np.int64
            assert set(labels) <= set(range(len(data.label_names)))
        else:
            assert labels is None
    if data.image_shape is not None:
        assert np.prod(data.image_shape) == n_features
    assert data.source
    assert data.licence
    assert data.origin_detail
    assert (data.truth is not None) == (name == "simulated")


def test_image_names_are_those_of_the_image_table():
    assert set(IMAGE_NAMES) == set(IMAGE_SETS)


def test_simulated_by_name_is_the_default_mixture():
    by_name = load("simulated", test_size=0.1, random_state=4)
    assert by_name.content_hash() == simulate_mixture(test_size=0.1, random_state=4).content_hash()


@pytest.mark.parametrize(
    ("given", "meant"),
    [("mnits", "mnist"), ("fashion-mnist", "fashion_mnist"), ("Iris", "iris")],
)
def test_an_unknown_name_gets_the_nearest(given, meant):
    with pytest.raises(InputError, match=f"got '{given}'; did you mean {meant}.*known names: iris"):
        load(given)


def test_an_unknown_name_far_from_all_gets_the_list():
    with pytest.raises(InputError, match=r"got 'xyzzy'; known names: iris, .*, simulated\.$"):
        load("xyzzy")


def test_names_are_cheap():
    code = (
        "import sys, suite.data; suite.data.names();"
        "print([m for m in ('numpy', 'pandas', 'sklearn', 'torch') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr


def test_everything_exported_is_there():
    for name in suite.data.__all__:
        assert getattr(suite.data, name).__doc__
        assert name in dir(suite.data)
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        suite.data.lode  # noqa: B018
