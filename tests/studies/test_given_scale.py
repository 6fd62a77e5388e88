"""Results of standardised data are given back in log-densities of the data as they came."""

from dataclasses import replace

import numpy as np
import pytest

from studies.given_scale import on_given_scale
from studies.results import CellResult, Score, TracePoint
from suite.data import Dataset, load

LOG_SCALE = 1.75


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return replace(load("iris", random_state=0), log_scale=LOG_SCALE)


def result() -> CellResult:
    elbo = np.array([-3.0, -5.0, -1.0], np.float32)
    return CellResult(
        "key",
        "ok",
        dataset_facts={"worst_by": "elbo"},
        scores=[
            Score("elbo", "test", float(elbo.mean())),
            Score("ais_log_likelihood", "test", -2.0),
            Score("iw_log_likelihood_on_ais_images", "test", -2.5),
            Score("gap", "test", 0.5),
            Score("rate", "test", 7.0),
        ],
        trace=[TracePoint(1, 0.1, "elbo", "test", -4.0)],
        arrays={
            "elbo_per_datum": elbo,
            "ladder_log_likelihood": elbo[:2],
            "worst_scores": np.sort(elbo),
            "rate_per_dimension": np.array([7.0], np.float32),
        },
    )


def test_log_densities_are_shifted_and_differences_are_not(dataset: Dataset) -> None:
    """p_x(x) = p_z(z) / scale: each log-density is lower by the log of the scale."""
    found = on_given_scale(result(), dataset)
    shifts = {
        after.metric: after.value - before.value
        for before, after in zip(result().scores, found.scores, strict=True)
    }
    assert shifts == {
        "elbo": -LOG_SCALE,
        "ais_log_likelihood": -LOG_SCALE,
        "iw_log_likelihood_on_ais_images": -LOG_SCALE,
        "gap": 0.0,
        "rate": 0.0,
    }
    assert found.trace[0].value == -4.0 - LOG_SCALE


def test_arrays_stay_those_that_the_scores_are_means_of(dataset: Dataset) -> None:
    found = on_given_scale(result(), dataset)
    assert found.scores[0].value == pytest.approx(float(found.arrays["elbo_per_datum"].mean()))
    for name in ("ladder_log_likelihood", "worst_scores"):
        np.testing.assert_array_equal(found.arrays[name], result().arrays[name] - LOG_SCALE)
    assert found.arrays["rate_per_dimension"].tolist() == [7.0]
    assert found.arrays["worst_scores"].dtype == np.float32


def test_worst_reconstruction_errors_are_as_they_were(dataset: Dataset) -> None:
    by_error = replace(result(), dataset_facts={"worst_by": "reconstruction_error"})
    found = on_given_scale(by_error, dataset)
    np.testing.assert_array_equal(found.arrays["worst_scores"], result().arrays["worst_scores"])


def test_data_as_they_came_change_nothing(dataset: Dataset) -> None:
    before = result()
    assert on_given_scale(before, replace(dataset, log_scale=0.0)) is before
