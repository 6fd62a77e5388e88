"""What a report says of its design: seeds, importance samples and epochs, where they differ too."""

from dataclasses import replace

import pytest

from studies.report.loaded import StudyResults
from studies.report.method_section import method_section
from studies.report.model import Text
from tests.studies.report.synthetic import vae_store


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> StudyResults:
    store = vae_store(
        tmp_path_factory.mktemp("method") / "results.sqlite",
        datasets=("mnist", "mnist-2d"),
        evaluation={"importance_samples": 300},
        stopping={"max_steps": 20},
    )
    read = StudyResults.read(store, "made-up")
    own = {"importance_samples": 50, "settings": {"max_epochs": 4}}
    read.document["datasets"] = {"mnist": {"importance_samples": None}, "mnist-2d": own}
    return read


def words(results: StudyResults) -> str:
    return " ".join(b.text for b in method_section(results).blocks if isinstance(b, Text))


def test_seeds_are_those_of_every_estimator_on_every_data_set(results: StudyResults) -> None:
    assert "on 2 data sets, 3 seeds each: 18 runs" in words(results)


def test_uneven_seeds_are_told_as_a_range(results: StudyResults) -> None:
    cells = results.cells
    few = cells[(cells["dataset"] == "mnist") | (cells["seed"] == 0)]
    assert "1 to 3 seeds for each pair of them that was planned: 12 runs" in words(
        replace(results, cells=few)
    )


def test_an_estimator_that_a_data_set_leaves_out_is_told(results: StudyResults) -> None:
    cells = results.cells
    few = cells[(cells["dataset"] == "mnist") | (cells["estimator"] != "autoencoder")]
    assert "3 seeds for each pair of them that was planned: 15 runs" in words(
        replace(results, cells=few)
    )


def test_a_data_set_with_its_own_samples_and_epochs_is_named(results: StudyResults) -> None:
    text = words(results)
    assert "S = 300 samples an image (mnist-2d: 50), by" in text
    assert "at most 20 epochs (mnist-2d: as among the settings)" in text


def test_data_sets_without_their_own_have_no_exceptions(results: StudyResults) -> None:
    document = {**results.document, "datasets": {"mnist": {}, "mnist-2d": {}}}
    text = words(replace(results, document=document))
    assert "S = 300 samples an image, by" in text
    assert "at most 20 epochs." in text
