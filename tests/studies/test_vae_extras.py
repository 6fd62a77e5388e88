"""What a study's extras store of a VAE is what the suite's functions say of its networks."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studies.cells import Cell, plan_cells
from studies.code_hash import code_hash
from studies.extras import EXTRAS, load_extras
from studies.families import FAMILIES, Evaluation
from studies.metrics import METRICS
from studies.profiles import resolve
from studies.study_files import parse_study
from suite.data import Dataset, load
from suite.errors import InputError
from suite.evaluation import (
    Annealing,
    aggregated_posterior,
    ais_log_likelihood,
    bidirectional_check,
    importance_ladder,
    inference_gaps,
    latent_use,
)
from suite.vae import Autoencoder, AutoencoderWithMixture, TorchVAE

STUDY = """
title = "t"
question = "q?"
kind = "vae"
baseline = "torch-vae"
metrics = ["elbo"]
seeds = 2

[evaluation]
importance_samples = 20
trace_limit = 60
extra = ["ladder", "latent_use", "aggregate", "ais", "gaps"]
ladder_images = 30
ladder_samples = 50
aggregated_images = 40
ais_images = 3
ais_chains = 4
ais_temperatures = 10
ais_leapfrog = 2
gaps_images = 3

[datasets.mnist]
settings = { latent_dim = 3, hidden_dims = [8] }

[estimators.torch-vae]
"""


def cells(text: str = STUDY) -> list[Cell]:
    return plan_cells(resolve(parse_study(text, "t.toml")), "t", "cpu")


@pytest.fixture(scope="module")
def cell() -> Cell:
    return cells()[0]


@pytest.fixture(scope="module")
def bits() -> Dataset:
    dataset = load("mnist", bundled=True, bits="fixed", random_state=0)
    return replace(
        dataset,
        train=dataset.train[:300],
        test=dataset.test[:80],
        test_labels=None if dataset.test_labels is None else dataset.test_labels[:80],
    )


def fitted(X: np.ndarray, likelihood: str = "bernoulli", kind: type[Any] = TorchVAE) -> Any:
    return kind(3, hidden_dims=[8], likelihood=likelihood, max_epochs=3, random_state=0).fit(X)


@pytest.fixture(scope="module")
def vae(bits: Dataset) -> TorchVAE:
    return fitted(bits.train)


@pytest.fixture(scope="module")
def found(cell: Cell, bits: Dataset, vae: TorchVAE) -> Evaluation:
    return FAMILIES["vae"].evaluate(cell, bits, vae)


def score(found: Evaluation, name: str, split: str = "test") -> float:
    (value,) = [s.value for s in found.scores if (s.metric, s.split) == (name, split)]
    return value


def names(found: Evaluation) -> set[str]:
    return {s.metric for s in found.scores} | set(found.arrays) | set(found.facts)


def test_the_ladder_is_the_suites_on_the_first_images(found: Evaluation, bits, vae) -> None:
    direct = importance_ladder(vae.networks_, bits.test[:30], n_samples=(1, 10, 50))
    assert found.arrays["ladder_samples"].tolist() == [1, 10, 50]
    assert found.facts["ladder_images"] == 30
    for name in ("standard_error", "monte_carlo_error"):
        stored = found.arrays[f"ladder_{name}"]
        np.testing.assert_array_equal(stored, getattr(direct, name).astype(np.float32))
    mean, size = found.arrays["ladder_log_likelihood"], found.arrays["ladder_effective_sample_size"]
    np.testing.assert_array_equal(mean, direct.mean_log_likelihood.astype(np.float32))
    np.testing.assert_array_equal(size, direct.mean_effective_sample_size.astype(np.float32))


def test_the_top_of_the_ladder_on_all_images_is_the_tables_figure(cell, bits, vae) -> None:
    """As many samples give the same draws, so the same bound to the last bit of a float32."""
    whole = replace(cell, ladder_samples=20, ladder_images=80, extra=("ladder",))
    found = FAMILIES["vae"].evaluate(whole, bits, vae)
    assert found.arrays["ladder_samples"].tolist() == [1, 10, 20]
    table = score(found, "log_likelihood")
    assert found.arrays["ladder_log_likelihood"][-1] == pytest.approx(table, rel=1e-6)
    assert found.arrays["ladder_standard_error"][-1] == pytest.approx(
        score(found, "log_likelihood_standard_error"), rel=1e-6
    )


def test_latent_use_is_the_suites_on_all_test_images(found: Evaluation, bits, vae) -> None:
    direct = latent_use(vae.networks_, bits.test)
    assert score(found, "active_units") == direct.n_active
    stored = found.arrays["rate_per_dimension"], found.arrays["posterior_mean_variance"]
    np.testing.assert_array_equal(stored[0], direct.rate.astype(np.float32))
    np.testing.assert_array_equal(stored[1], direct.posterior_mean_variance.astype(np.float32))
    # The rates of the dimensions add up to the table's rate.
    assert stored[0].sum() == pytest.approx(score(found, "rate"), rel=1e-5)


def test_the_rates_parts_are_the_suites_on_the_first_images(found: Evaluation, bits, vae) -> None:
    direct = aggregated_posterior(vae.networks_, bits.test[:40])
    assert score(found, "mutual_information") == direct.mutual_information
    assert score(found, "marginal_divergence") == direct.marginal_divergence
    assert score(found, "aggregated_monte_carlo_error") == direct.monte_carlo_error
    assert found.facts["aggregated_images"] == 40


def test_annealing_and_its_certificate_are_the_suites(found: Evaluation, bits, vae) -> None:
    plan = Annealing(n_chains=4, n_temperatures=10, n_leapfrog=2, base="encoder")
    direct = ais_log_likelihood(vae.networks_, bits.test[:3], annealing=plan)
    check = bidirectional_check(vae.networks_, 3, annealing=plan)
    weighted = importance_ladder(vae.networks_, bits.test[:3], n_samples=(50,))
    assert {name: score(found, name) for name in AIS_SCORES} == {
        "ais_log_likelihood": direct.mean_log_likelihood,
        "ais_standard_error": direct.standard_error,
        "ais_monte_carlo_error": direct.monte_carlo_error,
        "iw_log_likelihood_on_ais_images": weighted.mean_log_likelihood[0],
        "bidirectional_gap": check.mean_gap,
        "bidirectional_gap_standard_error": check.standard_error,
    }
    assert (found.facts["ais_images"], found.facts["simulated_images"]) == (3, 3)
    assert "4 chains from the encoder's posterior through 10" in found.facts["ais_annealing"]


AIS_SCORES = (
    "ais_log_likelihood",
    "ais_standard_error",
    "ais_monte_carlo_error",
    "iw_log_likelihood_on_ais_images",
    "bidirectional_gap",
    "bidirectional_gap_standard_error",
)
GAP_SCORES = (
    "approximation_gap",
    "approximation_gap_standard_error",
    "amortisation_gap",
    "amortisation_gap_standard_error",
)


def test_the_gaps_are_the_suites_with_errors_over_images(found: Evaluation, bits, vae) -> None:
    direct = inference_gaps(vae.networks_, bits.test[:3])
    assert score(found, "approximation_gap") == direct.mean_approximation_gap
    assert score(found, "amortisation_gap") == direct.mean_amortisation_gap
    error = direct.amortisation_gap.std(ddof=1) / np.sqrt(3)
    assert score(found, "amortisation_gap_standard_error") == pytest.approx(error, rel=1e-6)
    error = direct.approximation_gap.std(ddof=1) / np.sqrt(3)
    assert score(found, "approximation_gap_standard_error") == pytest.approx(error, rel=1e-6)
    assert found.facts["gaps_images"] == 3


def test_every_score_has_its_entry_among_the_metrics(found: Evaluation) -> None:
    assert all("vae" in METRICS[s.metric].kinds for s in found.scores)


def test_costly_extras_are_measured_for_the_first_seed_only(cell, bits, vae) -> None:
    second = FAMILIES["vae"].evaluate(replace(cell, seed=1), bits, vae)
    assert not {*AIS_SCORES, *GAP_SCORES} & names(second)
    assert {"ladder_samples", "active_units", "mutual_information"} <= names(second)


def test_what_is_no_density_has_no_bounds_but_uses_its_latent_space(cell, bits) -> None:
    grey = fitted(bits.train, "bernoulli-grey")
    found = FAMILIES["vae"].evaluate(cell, bits, grey)
    assert "pseudo_elbo" in names(found)
    assert not {*AIS_SCORES, *GAP_SCORES, "log_likelihood", "elbo"} & names(found)
    assert not [name for name in found.arrays if name.startswith(("ladder", "elbo", "log_like"))]
    assert {"active_units", "mutual_information"} <= names(found)


@pytest.mark.parametrize("kind", [Autoencoder, AutoencoderWithMixture])
def test_an_autoencoder_has_nothing_of_likelihood_or_rate(cell, bits, kind) -> None:
    found = FAMILIES["autoencoder"].evaluate(cell, bits, fitted(bits.train, kind=kind))
    assert names(found) == {
        "reconstruction_error",
        "reconstruction_error_per_datum",
        "originals",
        "reconstructions",
        "samples",
        "interpolation",
        "codes",
        "codes_origin",
        "code_labels",
        "codes_note",
    }


def test_every_extra_in_the_table_is_there() -> None:
    for name in EXTRAS["vae"]:
        (extra,) = load_extras("vae", [name])
        assert callable(extra.evaluate)
        assert callable(extra.watch)


@pytest.mark.parametrize("profile", [False, True])
def test_an_extra_of_the_other_kind_is_refused_with_a_list(profile: bool) -> None:
    new = STUDY.replace('"ladder", ', '"em_rate", ')
    if profile:
        new = STUDY + '\n[profiles.quick]\nevaluation = { extra = ["em_rate"] }\n'
    with pytest.raises(
        InputError, match=r"evaluation.extra: unknown name 'em_rate'; allowed: pict"
    ):
        resolve(parse_study(new, "t.toml"), profile="quick" if profile else "full")
    with pytest.raises(InputError, match="no extra 'em_rate'; it has: pictures"):
        load_extras("vae", ["em_rate"])


def test_too_few_images_for_an_error_are_refused() -> None:
    with pytest.raises(InputError, match=r"evaluation.ais_images: .*greater than or equal to 2"):
        parse_study(STUDY.replace("ais_images = 3", "ais_images = 1"), "t.toml")


@pytest.fixture
def changed_file(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Files whose names are put in here read as if their code had changed."""
    changed: list[str] = []
    reading = Path.read_bytes
    monkeypatch.setattr(
        Path,
        "read_bytes",
        lambda file: reading(file) + (b"\nanswer = 42\n" if file.name in changed else b""),
    )
    code_hash.cache_clear()
    yield changed
    code_hash.cache_clear()


def keys() -> dict[str, str]:
    """The keys of the first cells of a study without extras and of three with one each."""
    code_hash.cache_clear()
    listed = 'extra = ["ladder", "latent_use", "aggregate", "ais", "gaps"]'
    asked = {"nothing": ""} | {
        name: f'extra = ["{name}"]' for name in ("ladder", "ais", "pictures")
    }
    return {name: cells(STUDY.replace(listed, line))[0].key for name, line in asked.items()}


def test_a_mended_extra_makes_only_runs_that_ask_for_it_stale(changed_file: list[str]) -> None:
    before = keys()
    for file, stale in (
        ("vae_ladder.py", {"ladder"}),
        ("vae_pictures.py", {"pictures"}),
        ("annealing.py", {"ais"}),
        ("vae.py", {"nothing", "ladder", "ais", "pictures"}),
    ):
        changed_file[:] = [file]
        after = keys()
        assert {name for name in before if before[name] != after[name]} == stale


def test_the_table_of_extras_decides_nothing(changed_file: list[str]) -> None:
    before = cells()[0].key
    changed_file.append("extras.py")
    code_hash.cache_clear()
    assert cells()[0].key == before


def test_settings_of_extras_are_in_the_key(cell: Cell) -> None:
    for name in (
        "ladder_images",
        "ladder_samples",
        "aggregated_images",
        "ais_images",
        "ais_chains",
        "ais_temperatures",
        "ais_leapfrog",
        "gaps_images",
    ):
        assert replace(cell, **{name: 7}).key != cell.key, name
