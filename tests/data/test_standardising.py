from pathlib import Path

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from suite.data import load_file
from suite.errors import InputError


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(rows):
    lines = ["a,b", *(f"{x!r},{y!r}" for x, y in rows.tolist())]
    Path("t.csv").write_text("\n".join(lines) + "\n")


def test_training_rows_have_mean_0_and_deviation_1_and_test_rows_the_same_scale():
    rows = np.random.default_rng(0).normal([5.0, -3.0], [0.1, 40.0], (60, 2))
    write(rows)
    given, scaled = load_file("t.csv"), load_file("t.csv", standardise=True)
    np.testing.assert_allclose(scaled.train.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(scaled.train.std(0), 1, atol=1e-12)
    back = scaled.test * given.train.std(0) + given.train.mean(0)
    np.testing.assert_allclose(back, given.test)
    assert "standardised to mean 0" in scaled.notes[-1]
    assert scaled.content_hash() != given.content_hash()


def test_log_scale_is_the_log_of_the_jacobian():
    write(np.random.default_rng(1).normal([5.0, -3.0], [0.1, 40.0], (60, 2)))
    given, scaled = load_file("t.csv"), load_file("t.csv", standardise=True)

    def log_density(rows):
        return multivariate_normal(rows.mean(0), np.cov(rows.T, bias=True)).logpdf(rows)

    expected = log_density(given.train)
    np.testing.assert_allclose(log_density(scaled.train) - scaled.log_scale, expected)
    assert given.log_scale == 0.0


def test_a_constant_column_cannot_be_standardised():
    Path("t.csv").write_text("a,b\n1,0.1\n2,0.1\n3,0.1\n")
    with pytest.raises(InputError, match="have one in 'b'; remove it, or set drop_constant"):
        load_file("t.csv", standardise=True, test_size=0)
    data = load_file("t.csv", standardise=True, test_size=0, drop_constant=True)
    assert data.feature_names == ("a",)


def test_images_are_not_standardised():
    np.save("i.npy", np.zeros((4, 2, 2), np.uint8))
    with pytest.raises(InputError, match="rows of 'i' are images"):
        load_file("i.npy", standardise=True)
