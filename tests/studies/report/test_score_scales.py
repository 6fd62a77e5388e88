"""Scores that are log probabilities of different things share no column, axis or pair."""

from pathlib import Path

import pytest

from studies.report.building import build_document
from studies.report.loaded import StudyResults
from studies.report.model import Figure, Table
from studies.report.score_scales import KINDS, scale_of
from studies.report.tables import measured_columns, summary_frame
from studies.report.vae_pairs import paired_by_datum
from tests.studies.report.synthetic import vae_store

_ESTIMATORS = {
    "torch-vae": {},
    "grey": {"estimator": "torch-vae", "settings": {"likelihood": "gaussian"}},
    "sharp": {"estimator": "torch-vae", "settings": {"likelihood": "laplace"}},
    "loose": {"estimator": "torch-vae", "settings": {"likelihood": "bernoulli-grey"}},
}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> StudyResults:
    path = tmp_path_factory.mktemp("mixed") / "results.sqlite"
    return StudyResults.read(vae_store(path, seeds=2, estimators=_ESTIMATORS, baseline="grey"))


def test_every_likelihood_of_the_suite_has_its_own_kind_here() -> None:
    from suite.vae.likelihoods import LIKELIHOODS

    assert {name: entry.kind for name, entry in LIKELIHOODS.items()} == KINDS


def test_densities_compare_with_each_other_and_pseudo_scores_with_their_own_formula_only() -> None:
    assert scale_of("gaussian") == scale_of("laplace") == scale_of("continuous-bernoulli")
    pseudo = [name for name, kind in KINDS.items() if kind == "none"]
    scales = [scale_of(name) for name in pseudo]
    assert scales == pseudo
    assert scale_of("") == scale_of("bernoulli") == "bits"


def test_each_scale_has_columns_of_its_own_and_fills_no_other(mixed: StudyResults) -> None:
    scores = next(
        b
        for s in build_document(mixed).sections
        for b in s.blocks
        if getattr(b, "name", "") == "scores"
    )
    assert isinstance(scores, Table)
    frame = scores.frame.set_index("estimator")
    columns = {name: f"elbo_test_{scale}_median" for name, scale in _SCALES.items()}
    for name, own in columns.items():
        value = mixed.values("elbo", "test", "mnist", name).median()
        assert frame.loc[name, own] == pytest.approx(value)
        for other in set(columns.values()) - {own}:
            assert frame[other].isna()[name]
    assert "elbo_test_median" not in frame
    assert "rate_test_median" in frame  # nats of codes, the same under every likelihood
    assert len(summary_frame(mixed).columns) == 3 + len(measured_columns(mixed))


_SCALES = {"torch-vae": "bits", "grey": "density", "sharp": "density", "loose": "bernoulli-grey"}


def test_curves_and_points_of_different_scales_have_figures_of_their_own(
    mixed: StudyResults,
) -> None:
    figures = {
        b.name: b for s in build_document(mixed).sections for b in s.blocks if isinstance(b, Figure)
    }
    for start in ("elbo", "objective", "reconstruction", "tradeoff"):
        found = {name for name in figures if name.startswith(f"{start}-")}
        assert {f"{start}-{scale}" for scale in set(_SCALES.values())} <= found
    assert "pseudo-ELBO" in figures["elbo-bernoulli-grey"].alt
    assert "Scores here: bernoulli-grey, no density" in figures["elbo-bernoulli-grey"].caption


def test_only_scores_of_one_scale_are_paired(mixed: StudyResults) -> None:
    assert set(paired_by_datum(mixed)["estimator"]) == {"sharp"}


def test_a_study_of_one_scale_is_reported_without_a_word_of_scales(tmp_path: Path) -> None:
    results = StudyResults.read(vae_store(tmp_path / "results.sqlite", seeds=1))
    assert [c.name for c in measured_columns(results)][:2] == ["log_likelihood_test", "elbo_test"]
    names = [
        b.name for s in build_document(results).sections for b in s.blocks if isinstance(b, Figure)
    ]
    assert not [name for name in names if "bits" in name]
