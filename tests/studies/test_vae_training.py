"""The evaluation's bound on training rows is what the evaluation gives, on bits of grey pixels."""

from dataclasses import replace

import numpy as np
import pytest

from studies.cells import Cell, plan_cells
from studies.families.vae_training import training_scores
from studies.profiles import resolve
from studies.study_files import parse_study
from suite.data import Dataset, load
from suite.errors import InputError
from suite.evaluation import evaluate_vae
from suite.vae import TorchVAE

STUDY = """
title = "t"
question = "q?"
kind = "vae"
baseline = "torch-vae"
metrics = ["elbo"]
seeds = 1

[evaluation]
trace_limit = 60

[datasets.mnist]

[estimators.torch-vae]
"""


@pytest.fixture(scope="module")
def cell() -> Cell:
    return plan_cells(resolve(parse_study(STUDY, "t.toml")), "t", "cpu")[0]


@pytest.fixture(scope="module")
def digits() -> Dataset:
    dataset = load("mnist", bundled=True, bits="redrawn", random_state=0)
    return replace(dataset, train=dataset.train[:200])


def fitted(X: np.ndarray, likelihood: str) -> TorchVAE:
    return TorchVAE(
        latent_dim=2, hidden_dims=[8], likelihood=likelihood, max_epochs=1, random_state=0
    ).fit(X)


def test_on_bits_it_is_the_evaluations_own_figure(cell: Cell, digits: Dataset) -> None:
    bits = (digits.train > 0.5).astype(np.float32)
    networks = fitted(bits, "bernoulli").networks_
    found = training_scores(cell, replace(digits, train=bits), networks)
    elbo = evaluate_vae(networks, bits[:60], n_samples=1, random_state=0).elbo
    assert [(s.metric, s.split) for s in found] == [
        ("elbo", "train"),
        ("elbo_standard_error", "train"),
        ("elbo_generalisation_gap", "test"),
        ("elbo_generalisation_gap_standard_error", "test"),
    ]
    assert found[0].value == pytest.approx(float(elbo.mean()), abs=0)
    assert found[1].value == pytest.approx(float(elbo.std(ddof=1) / np.sqrt(60)), abs=0)


def test_the_generalisation_gap_is_training_less_test_by_one_draw_each(
    cell: Cell, digits: Dataset
) -> None:
    bits = (digits.train > 0.5).astype(np.float32)
    networks = fitted(bits, "bernoulli").networks_
    found = training_scores(cell, replace(digits, train=bits), networks)
    rows = (bits[:60], digits.test[:60])
    train, test = (evaluate_vae(networks, X, n_samples=1, random_state=0).elbo for X in rows)
    error = np.hypot(*(elbo.std(ddof=1) / np.sqrt(60) for elbo in (train, test)))
    assert found[2].value == pytest.approx(float(train.mean() - test.mean()), rel=1e-6)
    assert found[3].value == pytest.approx(float(error), rel=1e-6)


def test_grey_pixels_are_drawn_into_bits_as_in_training(cell: Cell, digits: Dataset) -> None:
    """Bits scored by a Bernoulli are a probability, so at most 0; grey pixels have none."""
    networks = fitted(digits.train, "bernoulli").networks_
    found = [score.value for score in training_scores(cell, digits, networks)]
    assert found[0] < 0 < found[1]
    assert [s.value for s in training_scores(cell, digits, networks)] == found
    with pytest.raises(InputError, match="scores bits"):
        evaluate_vae(networks, digits.train[:60], n_samples=1, random_state=0)


def test_what_is_no_density_has_no_such_figure(cell: Cell, digits: Dataset) -> None:
    networks = fitted(digits.train, "bernoulli-grey").networks_
    assert training_scores(cell, digits, networks) == []
