"""A study's pictures show what they say: each is held against decoding by other means."""

from dataclasses import replace
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
import torch

from studies.cells import Cell, plan_cells
from studies.families import FAMILIES, Evaluation
from studies.families.vae_epoch_pictures import _ALBUMS
from studies.profiles import resolve
from studies.study_files import parse_study
from studies.worker import run_cell
from suite.data import Dataset, load
from suite.evaluation import evaluate_vae, reconstruction_error
from suite.progress import Progress
from suite.vae import Autoencoder, AutoencoderWithMixture, TorchVAE

STUDY = """
title = "t"
question = "q?"
kind = "vae"
baseline = "torch-vae"
metrics = ["elbo"]
seeds = 2

[stopping]
max_steps = 3

[evaluation]
importance_samples = 5
trace_limit = 60
extra = ["pictures"]

[datasets.mnist]
options = { bundled = true, bits = "fixed" }
settings = { latent_dim = 2, hidden_dims = [8], batch_size = 1000 }

[estimators.torch-vae]
"""


@pytest.fixture(scope="module")
def cell() -> Cell:
    return plan_cells(resolve(parse_study(STUDY, "t.toml")), "t", "cpu")[0]


@pytest.fixture(scope="module")
def bits() -> Dataset:
    dataset = load("mnist", bundled=True, bits="fixed", random_state=0)
    return replace(
        dataset,
        train=dataset.train[:300],
        test=dataset.test[:80],
        test_labels=None if dataset.test_labels is None else dataset.test_labels[:80],
    )


def fitted(
    X: np.ndarray,
    kind: type[Any] = TorchVAE,
    latent_dim: int = 2,
    likelihood: str = "bernoulli",
    epochs: int = 5,
) -> Any:
    settings = {"hidden_dims": [32], "max_epochs": epochs, "batch_size": 20, "learning_rate": 0.01}
    return kind(latent_dim, likelihood=likelihood, random_state=0, **settings).fit(X)


@pytest.fixture(scope="module")
def vae(bits: Dataset) -> TorchVAE:
    """Trained so far that a small step in z moves pixels by many grey levels."""
    return fitted(bits.train, epochs=40)


@pytest.fixture(scope="module")
def found(cell: Cell, bits: Dataset, vae: TorchVAE) -> Evaluation:
    return FAMILIES["vae"].evaluate(cell, bits, vae)


def decoded(model: Any, z: list[float]) -> np.ndarray:
    """The decoder's mean at one code, as stored: by the networks, without the estimator."""
    networks = model.networks_
    with torch.no_grad():
        mean = networks.likelihood.mean(networks.decode(torch.tensor(z)))
    return as_stored(mean.numpy())


def as_stored(images: np.ndarray) -> np.ndarray:
    return np.round(images * 255).astype(np.uint8)


def test_the_worst_images_are_those_of_lowest_bound(found: Evaluation, bits, vae) -> None:
    elbo = evaluate_vae(vae.networks_, bits.test, n_samples=5, random_state=0).elbo
    rows = sorted(range(80), key=lambda row: elbo[row])[:10]
    assert found.facts["worst_by"] == "elbo"
    np.testing.assert_array_equal(found.arrays["worst_scores"], elbo[rows].astype(np.float32))
    np.testing.assert_array_equal(found.arrays["worst_originals"], as_stored(bits.test[rows]))
    again = as_stored(vae.reconstruct(bits.test[rows]))
    np.testing.assert_array_equal(found.arrays["worst_reconstructions"], again)


def test_without_a_bound_the_worst_have_the_largest_reconstruction_error(cell, bits) -> None:
    for model, family in (
        (fitted(bits.train, Autoencoder), "autoencoder"),
        (fitted(bits.train, likelihood="bernoulli-grey"), "vae"),
    ):
        found = FAMILIES[family].evaluate(cell, bits, model)
        errors = reconstruction_error(model.networks_, bits.test)
        rows = sorted(range(80), key=lambda row: -errors[row])[:10]
        assert found.facts["worst_by"] == "reconstruction_error"
        np.testing.assert_array_equal(found.arrays["worst_scores"], errors[rows])
        np.testing.assert_array_equal(found.arrays["worst_originals"], as_stored(bits.test[rows]))
        assert "sample_draws" not in found.arrays


def test_draws_are_made_at_the_codes_of_the_samples(found: Evaluation) -> None:
    """Each picture of bits is likelier under the pixel means beside it than under others'.

    Independent bits of means p have log-likelihood −Σ H(p) on average, with the variance
    Σ p (1 − p) log² (p / (1 − p)); means are stored to half a grey level.
    """
    p = np.clip(found.arrays["samples"] / 255.0, 0.5 / 255, 1 - 0.5 / 255)
    draws = found.arrays["sample_draws"] / 255.0
    assert set(np.unique(draws)) == {0.0, 1.0}
    log_odds = np.log(p / (1 - p))
    excess = ((draws - p) * log_odds).sum()  # of the log-likelihood over its mean
    assert abs(excess) < 6 * np.sqrt((p * (1 - p) * log_odds**2).sum())
    elsewhere = ((np.roll(draws, 1, axis=0) - p) * log_odds).sum()
    assert abs(elsewhere) > 12 * np.sqrt((p * (1 - p) * log_odds**2).sum())


def test_traversals_go_along_one_dimension_that_of_most_rate_first(cell, bits) -> None:
    model = fitted(bits.train, latent_dim=4)
    found = FAMILIES["vae"].evaluate(cell, bits, model)
    with torch.no_grad():
        loc, scale = model.networks_.encode(torch.as_tensor(bits.test))
    rates = (0.5 * (loc**2 + scale**2 - 1) - scale.log()).mean(0)
    dims = found.arrays["traversal_dims"].tolist()
    assert dims == sorted(range(4), key=lambda dim: -rates[dim])
    assert found.arrays["traversals"].shape == (4, 9, 784)
    assert "manifold" not in found.arrays
    for row, dim in enumerate(dims):
        for step, value in ((0, -3.0), (4, 0.0), (7, 2.25)):
            z = [value if j == dim else 0.0 for j in range(4)]
            close(found.arrays["traversals"][row, step], decoded(model, z))


def test_of_an_autoencoder_they_go_along_the_codes_of_most_variance_first(cell, bits) -> None:
    model = fitted(bits.train, Autoencoder, latent_dim=3)
    found = FAMILIES["autoencoder"].evaluate(cell, bits, model)
    variances = model.transform(bits.test).var(0)
    assert found.arrays["traversal_dims"].tolist() == np.argsort(-variances).tolist()
    assert found.facts["traversal_order"] == "variance of the codes"


def test_at_most_eight_dimensions_are_traversed(cell, bits) -> None:
    found = FAMILIES["vae"].evaluate(cell, bits, fitted(bits.train, latent_dim=11))
    assert found.arrays["traversals"].shape == (8, 9, 784)


def test_the_manifold_lies_at_normal_quantiles_the_second_coordinate_upwards(
    found: Evaluation, vae
) -> None:
    quantiles = [NormalDist().inv_cdf((i - 0.5) / 20) for i in range(1, 21)]
    grid = found.arrays["manifold"].reshape(20, 20, 784)
    for row, column in ((0, 0), (0, 19), (19, 0), (4, 13)):
        z = [quantiles[column], quantiles[19 - row]]
        close(grid[row, column], decoded(vae, z))
    assert not np.array_equal(grid[0, 19], grid[19, 0])


def close(stored: np.ndarray, expected: np.ndarray) -> None:
    """Equal but for one grey level, which batches' rounding may move a pixel by."""
    assert np.abs(stored.astype(int) - expected.astype(int)).max() <= 1


def test_the_mean_images_are_of_test_data_and_of_ten_thousand_means(found, cell, bits, vae) -> None:
    np.testing.assert_allclose(found.arrays["mean_image"], bits.test.mean(0), atol=1e-6)
    z = torch.randn((20_000, 2), generator=torch.Generator().manual_seed(99))
    others = vae.inverse_transform(z)
    # Two means over 10,000 and 20,000 independent draws; 6 standard errors, 784 pixels.
    allowed = 6 * others.std(0) * np.sqrt(1 / 10_000 + 1 / 20_000) + 1e-6
    assert (np.abs(found.arrays["mean_sample"] - others.mean(0)) < allowed).all()
    assert found.arrays["mean_sample"].dtype == np.float32


def test_where_the_priors_centre_lies_among_projected_codes(cell, bits) -> None:
    """The view is z ↦ A z + b with orthonormal A, read off its points; b is where z = 0 lies."""
    model = fitted(bits.train, Autoencoder, latent_dim=5)  # no dimension of it is left unused
    found = FAMILIES["autoencoder"].evaluate(replace(cell, extra=()), bits, model)
    codes = model.transform(bits.test).astype(np.float64)
    columns = np.column_stack([codes, np.ones(len(codes))])
    affine, *_ = np.linalg.lstsq(columns, found.arrays["codes"], rcond=None)
    np.testing.assert_allclose(affine[:5].T @ affine[:5], np.eye(2), atol=1e-3)
    np.testing.assert_allclose(found.arrays["codes_origin"], affine[5], atol=1e-3)


def test_codes_of_two_dimensions_are_shown_as_they_are(found: Evaluation, bits, vae) -> None:
    np.testing.assert_array_equal(found.arrays["codes"], vae.transform(bits.test))
    assert found.arrays["codes_origin"].tolist() == [0.0, 0.0]


def test_pictures_are_of_the_first_seed(cell, bits, vae) -> None:
    second = FAMILIES["vae"].evaluate(replace(cell, seed=1), bits, vae)
    assert set(second.arrays) == {
        "elbo_per_datum",
        "log_likelihood_per_datum",
        "reconstruction_error_per_datum",
    }


def watched(
    cell: Cell, bits: Dataset, epochs: int, kind: type[Any] = TorchVAE
) -> tuple[Evaluation, list[np.ndarray]]:
    """What is stored of a fit that was measured, and its reconstruction of a 0 at each epoch."""
    family = FAMILIES["vae" if kind is TorchVAE else "autoencoder"]
    measure = family.measure(cell, bits)
    zero = bits.test[bits.test_labels == 0][:1]
    seen: list[np.ndarray] = []

    def callback(progress: Progress) -> None:
        measure(progress)
        networks = progress.state()
        with torch.no_grad():
            code, _ = networks.encode(torch.as_tensor(zero))
            seen.append(as_stored(networks.likelihood.mean(networks.decode(code)).numpy())[0])

    model = kind(2, hidden_dims=[8], max_epochs=epochs, random_state=0)
    model.fit(bits.train, callback=callback)
    return family.evaluate(cell, bits, model), seen


def test_epochs_1_2_5_10_and_the_last_are_kept(cell, bits) -> None:
    """The first of the originals is the first test image of class 0."""
    asking = replace(cell, extra=("epoch_pictures",))
    for epochs, kept in ((12, [1, 2, 5, 10, 12]), (4, [1, 2, 4]), (1, [1]), (10, [1, 2, 5, 10])):
        found, seen = watched(asking, bits, epochs)
        assert found.arrays["epoch_steps"].tolist() == kept
        assert found.arrays["epoch_samples"].shape == (len(kept), 16, 784)
        for page, epoch in enumerate(kept):
            close(found.arrays["epoch_reconstructions"][page, 0], seen[epoch - 1])
        different = {image.tobytes() for image in seen}
        assert len(different) == epochs  # so that no page could be another epoch's
    assert not _ALBUMS


def test_the_last_epochs_page_is_of_the_final_networks(cell, bits) -> None:
    found, _ = watched(replace(cell, extra=("epoch_pictures",)), bits, 3)
    last = found.arrays["epoch_reconstructions"][-1]
    assert np.abs(last.astype(int) - found.arrays["reconstructions"].astype(int)).max() <= 1


def test_before_its_mixture_is_there_an_autoencoder_shows_no_samples(cell, bits) -> None:
    asking = replace(cell, extra=("epoch_pictures",))
    found, _ = watched(asking, bits, 2, AutoencoderWithMixture)
    assert "epoch_reconstructions" in found.arrays
    assert "epoch_samples" not in found.arrays
    found, _ = watched(asking, bits, 2, Autoencoder)
    assert "epoch_samples" in found.arrays


def test_no_picture_uses_up_what_the_fit_draws_from(cell: Cell) -> None:
    """With and without pictures a run comes to the same weights, to the last bit."""
    every = replace(cell, extra=("epoch_pictures", "pictures"))
    runs = [run_cell(one, lambda step, objective: None) for one in (replace(cell, extra=()), every)]
    plain, shown = ({s.metric: s.value for s in run.scores} for run in runs)
    assert runs[1].status == "ok", runs[1].message
    for name in ("objective", "elbo", "log_likelihood", "reconstruction_error"):
        assert plain[name] == shown[name]
    assert [p.value for p in runs[0].trace] == [p.value for p in runs[1].trace]
    assert runs[1].arrays["epoch_steps"].tolist() == [1, 2, 3]
