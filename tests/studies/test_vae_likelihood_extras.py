"""The extras of studies of likelihoods: a forgotten normaliser put back, pixels as decoded."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from studies.cells import Cell, plan_cells
from studies.code_hash import code_hash
from studies.families.base import Evaluation
from studies.families.vae_decoded import DECODED, N_BINS
from studies.families.vae_normalised import NORMALISED
from studies.profiles import resolve
from studies.study_files import load_study
from suite.data import Dataset, load
from suite.vae import Autoencoder, TorchVAE

NOTHING = Evaluation([])


@pytest.fixture(scope="module")
def data() -> Dataset:
    return load("mnist", bundled=True, limit=150)


@pytest.fixture(scope="module")
def cell() -> Cell:
    _, study = load_study("vae-likelihoods")
    planned = plan_cells(resolve(study, profile="quick"), "vae-likelihoods", "cpu")
    return replace(planned[0], importance_samples=7)


def fitted(likelihood: str, data: Dataset) -> TorchVAE:
    vae = TorchVAE(3, hidden_dims=(20,), likelihood=likelihood, max_epochs=2, random_state=0)
    return vae.fit(data.train)


def scores(found: Evaluation) -> dict[str, float]:
    return {score.metric: score.value for score in found.scores}


@pytest.mark.parametrize("likelihood", ["bernoulli-grey", "continuous-bernoulli-unnormalised"])
def test_a_forgotten_normaliser_is_put_back_on_the_same_weights(
    likelihood: str, data: Dataset, cell: Cell
) -> None:
    vae = fitted(likelihood, data)
    found = NORMALISED.evaluate(cell, data, vae, NOTHING)
    # The oracle: networks built for the density itself and given these weights.
    density = TorchVAE(
        3, hidden_dims=(20,), likelihood="continuous-bernoulli", max_epochs=1, random_state=0
    ).fit(data.train)
    density.networks_.load_state_dict(vae.networks_.state_dict())
    expected = density.score_samples(data.test, n_samples=7, random_state=0)
    np.testing.assert_allclose(
        found.arrays["normalised_log_likelihood_per_datum"], expected, rtol=1e-6
    )
    assert scores(found)["normalised_log_likelihood"] == pytest.approx(expected.mean(), rel=1e-6)
    assert scores(found)["normalised_log_likelihood_standard_error"] == pytest.approx(
        expected.std(ddof=1) / np.sqrt(len(expected)), rel=1e-5
    )
    assert found.facts["normalised_by"] == "continuous-bernoulli"
    assert vae.networks_.likelihood_name == likelihood  # the model itself is left as it was


def test_what_has_a_normaliser_has_no_second_score(data: Dataset, cell: Cell) -> None:
    for model in (
        fitted("continuous-bernoulli", data),
        Autoencoder(2, hidden_dims=(8,), max_epochs=1, random_state=0).fit(data.train),
    ):
        assert NORMALISED.evaluate(cell, data, model, NOTHING) == NOTHING


def _decoder_of(pixels: np.ndarray) -> Any:
    return SimpleNamespace(reconstruct=lambda X: np.tile(pixels, (len(X), 1)))


def test_pixels_are_counted_as_they_are_decoded(cell: Cell) -> None:
    test = np.array([[0.0, 0.5, 1.0], [0.0, 0.0, 1.0]], dtype=np.float32)
    data = SimpleNamespace(test=test)
    found = DECODED.evaluate(cell, data, _decoder_of(np.array([-0.2, 0.5, 0.9])), NOTHING)  # type: ignore[arg-type]
    assert scores(found) == pytest.approx(
        {
            "squared_error": (0.04 + 0 + 0.01 + 0.04 + 0.25 + 0.01) / 2,
            "brightness": 2.5 / 6,
            "decoded_brightness": 0.4,
            "decoded_outside": 1 / 3,
        }
    )
    np.testing.assert_allclose(found.arrays["squared_error_per_datum"], [0.05, 0.30], rtol=1e-6)
    pixels, decoded = found.arrays["pixel_histogram"], found.arrays["decoded_histogram"]
    assert pixels.shape == decoded.shape == (N_BINS,)
    assert pixels[[0, 25, 49]] == pytest.approx([0.5, 1 / 6, 1 / 3])
    assert decoded[[0, 25, 45]] == pytest.approx([1 / 3, 1 / 3, 1 / 3])
    assert decoded.sum() == pytest.approx(1)


def test_an_autoencoder_decodes_pixels_too(data: Dataset, cell: Cell) -> None:
    model = Autoencoder(2, hidden_dims=(8,), max_epochs=1, random_state=0).fit(data.train)
    found = DECODED.evaluate(cell, data, model, NOTHING)
    errors = np.square(data.test - model.reconstruct(data.test)).sum(1)
    assert scores(found)["squared_error"] == pytest.approx(errors.mean(), rel=1e-5)


def test_results_that_do_not_ask_for_them_do_not_depend_on_them() -> None:
    path = "suite.vae:TorchVAE"
    hashes = {code_hash(path, "vae", extra) for extra in [(), ("decoded",), ("normalised",)]}
    assert len(hashes) == 3
