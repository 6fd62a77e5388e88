"""The section on likelihoods: kinds apart, a normaliser's worth image by image, failed runs."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from studies.cells import plan_cells
from studies.profiles import resolve
from studies.report.building import build_answer, build_document
from studies.report.comparison import datum_differences
from studies.report.likelihoods_data import alternatives_of, normaliser_differences
from studies.report.loaded import StudyResults
from studies.report.model import Figure, Section, Table
from studies.report.numbers import addresses, agrees, found
from studies.report.writing import write_report
from studies.results import CellResult, PlannedCell, Score
from studies.study_files import load_study
from suite.vae import LIKELIHOODS
from tests.studies.report.synthetic import Change, failing, unchanged, vae_store

NAMES = {
    "bits": "bernoulli",
    "grey": "bernoulli-grey",
    "normalised": "continuous-bernoulli",
    "unnormalised": "continuous-bernoulli-unnormalised",
    "gaussian": "gaussian",
}
N = 50
GAIN = 200.0  # nats that the made-up normaliser is worth


def _per_image(cell: PlannedCell) -> np.ndarray:
    """Log-likelihoods by image, spread widely; with the normaliser GAIN more, ± 1 in turn."""
    images = 1000 + 300 * np.sin(np.arange(N)) + cell.seed
    if cell.estimator == "pyro-vae":
        images -= 0.25 * cell.seed
    turns = np.where(np.arange(N) % 2, 1.0, -1.0)
    return images + (GAIN + turns if cell.dataset == "normalised" else 0.0)


def measured(cell: PlannedCell, result: CellResult) -> CellResult:
    """What the study stores under each likelihood, with known values."""
    likelihood = LIKELIHOODS[NAMES[cell.dataset]]
    values = _per_image(cell).astype(np.float32)
    scores = {"squared_error": 30.0, "decoded_brightness": 0.2, "brightness": 0.125}
    scores |= {"decoded_outside": 0.0, "active_units": 15.0}
    histograms = {n: np.full(50, 0.02) for n in ("pixel_histogram", "decoded_histogram")}
    arrays: dict[str, np.ndarray] = dict(result.arrays) | histograms
    facts = dict(result.dataset_facts)
    arrays.pop("log_likelihood_per_datum")
    if likelihood.is_density:
        scores |= {"log_likelihood": float(values.mean()), "elbo": float(values.mean()) - 5}
        arrays["log_likelihood_per_datum"] = values
    else:
        scores |= {"pseudo_elbo": -106.0, "normalised_log_likelihood": float(values.mean())}
        scores["normalised_elbo"] = float(values.mean()) - 40
        arrays["normalised_log_likelihood_per_datum"] = values
        facts["normalised_by"] = "continuous-bernoulli"
    stored = [Score(name, "test", value) for name, value in scores.items()]
    return replace(result, scores=stored, arrays=arrays, dataset_facts=facts)


def results_of(
    path: Path, change: Change = unchanged, estimators: tuple[str, ...] = ("torch-vae",)
) -> StudyResults:
    plan: list[PlannedCell] = []

    def both(cell: PlannedCell, result: CellResult) -> CellResult | None:
        plan.append(cell)
        changed = change(cell, result)
        return changed if changed is None or changed.status != "ok" else measured(cell, changed)

    store = vae_store(
        path / "results.sqlite",
        datasets=tuple(NAMES),
        estimators=estimators,
        seeds=2,
        change=both,
        sections=["answer", "likelihoods", "failures"],
    )
    datasets = {d: {"settings": {"likelihood": n}} for d, n in NAMES.items()}
    store.write_plan(store.document() | {"datasets": datasets}, plan, {})
    return StudyResults.read(store)


def section(results: StudyResults) -> Section:
    return next(s for s in build_document(results).sections if s.name == "likelihoods")


def tables(results: StudyResults) -> dict[str, Table]:
    return {b.name: b for b in section(results).blocks if isinstance(b, Table)}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> StudyResults:
    return results_of(tmp_path_factory.mktemp("likelihoods"))


def test_the_study_has_every_likelihood_on_one_network_and_one_start() -> None:
    name, study = load_study("vae-likelihoods")
    cells = plan_cells(resolve(study), name, "cpu")
    assert {c.settings["likelihood"] for c in cells} == set(LIKELIHOODS)
    networks = {(tuple(c.settings["hidden_dims"]), c.settings["latent_dim"]) for c in cells}
    assert networks == {((400,), 20)}
    for seed in range(study.seeds):
        assert len({(c.start_seed, c.data_seed) for c in cells if c.seed == seed}) == 1
    # Bits for the likelihood of bits, grey pixels for all others.
    assert {c.settings["likelihood"]: c.options.get("bits") for c in cells} == {
        n: "redrawn" if n == "bernoulli" else None for n in LIKELIHOODS
    }
    twins = {c.dataset for c in cells if c.estimator == "pyro-vae"}
    assert "continuous-bernoulli" in twins
    assert len(cells) == study.seeds * (len(LIKELIHOODS) + len(twins))


def test_no_two_likelihoods_of_the_study_share_a_data_set() -> None:
    # Pairs, verdicts and targets are made within a data set: so none is made across kinds.
    _, study = load_study("vae-likelihoods")
    named = [entry.settings["likelihood"] for entry in study.datasets.values()]
    assert len(named) == len(set(named))
    assert not any("likelihood" in entry.settings for entry in study.estimators.values())


def test_scores_of_each_kind_stand_in_a_table_of_their_own(results: StudyResults) -> None:
    written = tables(results)
    kinds = {kind: written[f"likelihoods-{kind}"].frame for kind in ("bits", "density", "none")}
    assert list(kinds["bits"]["likelihood"]) == ["bernoulli"]
    assert list(kinds["none"]["likelihood"]) == [
        "bernoulli-grey",
        "continuous-bernoulli-unnormalised",
    ]
    density = kinds["density"]
    assert list(zip(density["likelihood"], density["normalised_afterwards"], strict=True)) == [
        ("continuous-bernoulli", False),
        ("gaussian", False),
        ("bernoulli-grey", True),
        ("continuous-bernoulli-unnormalised", True),
    ]
    assert not {"log_likelihood_median", "elbo_median"} & set(kinds["none"].columns)
    assert "pseudo_elbo_median" not in density
    for frame in (kinds["bits"], density):
        assert frame["log_likelihood_median"].notna().all()
    assert set(kinds["none"]["pseudo_elbo_median"]) == {-106.0}


def test_the_shared_table_is_of_grey_pixels_and_has_no_nats(results: StudyResults) -> None:
    shared = tables(results)["likelihoods-shared"]
    assert list(shared.frame["likelihood"]) == [n for n in NAMES.values() if n != "bernoulli"]
    assert not any("nats" in column.unit for column in shared.columns)
    assert shared.frame["squared_error_median"].tolist() == [30.0] * 4
    assert shared.frame["brightness_error"].tolist() == pytest.approx([0.6] * 4)


def test_what_the_normaliser_is_worth_is_found_image_by_image(results: StudyResults) -> None:
    found_ = normaliser_differences(results)
    assert (
        list(found_["likelihood"])
        == ["bernoulli-grey"] * 2 + ["continuous-bernoulli-unnormalised"] * 2
    )
    assert found_["mean"].tolist() == pytest.approx([GAIN] * 4, abs=1e-3)
    # The images' own spread of some 200 nats cancels: what is left are the turns of ± 1.
    half = 1.959964 * np.sqrt(N / (N - 1)) / np.sqrt(N)
    assert (found_["high"] - found_["low"]).tolist() == pytest.approx([2 * half] * 4, rel=1e-3)
    headline = build_answer(results).headline
    assert "scores +200 nats per image against training as bernoulli-grey" in headline


def test_every_number_of_the_answer_is_that_of_its_row(results: StudyResults) -> None:
    document = build_document(results)
    shown = [b for s in document.sections for b in s.blocks if isinstance(b, Table)]
    marked = addresses(document.answer.text)
    runs_that_ended_well = 1
    assert len(marked) == 2 * 3 + 4 + 1 + 5 + runs_that_ended_well
    for text, at in marked:
        read = found(at, shown)
        assert read is not None, at
        assert agrees(text, read.value), (text, at)
    assert "its reconstructions are 60% brighter" in build_answer(results).text


def test_twins_are_told_apart_seed_by_seed(tmp_path: Path) -> None:
    results = results_of(tmp_path, estimators=("torch-vae", "pyro-vae"))
    text = build_answer(results).text
    # Equal on seed 0 and a quarter of a nat apart on seed 1.
    assert "on no seed by more nats per image than 0.25 under bernoulli (VAE (Pyro)), 0.25" in text
    frame = tables(results)["likelihoods-density"].frame.set_index(["likelihood", "estimator"])
    assert frame.loc[("gaussian", "pyro-vae"), "largest_twin_difference"] == pytest.approx(0.25)
    assert np.isnan(frame.loc[("gaussian", "torch-vae"), "largest_twin_difference"])


def test_a_failed_run_stays_in_the_count(tmp_path: Path) -> None:
    results = results_of(tmp_path, failing("unnormalised", "torch-vae", 0, 1))
    rows = {entries[0].text: entries for entries in tables(results)["likelihoods-none"].rows}
    assert rows["bernoulli-grey"][2].text == "2/2"
    assert rows["continuous-bernoulli-unnormalised"][2].text == "0/2"
    assert rows["continuous-bernoulli-unnormalised"][3].text == "—"
    assert set(normaliser_differences(results)["likelihood"]) == {"bernoulli-grey"}
    assert "2 of 10 runs did not end well" in build_answer(results).text


def test_likelihoods_on_one_data_set_are_not_compared_across_kinds(tmp_path: Path) -> None:
    kinds = {"a": "bernoulli-grey", "b": "continuous-bernoulli"}
    store = vae_store(
        tmp_path / "results.sqlite",
        estimators={
            n: {"estimator": "torch-vae", "settings": {"likelihood": kind}}
            for n, kind in kinds.items()
        },
        baseline="a",
        seeds=1,
        sections=["likelihoods"],
    )
    results = StudyResults.read(store)
    assert [a.kind for a in alternatives_of(results)] == ["none", "density"]
    assert datum_differences(results, "elbo_per_datum", "mnist", "b", 0) is None


def test_the_report_is_written_with_its_pictures(results: StudyResults, tmp_path: Path) -> None:
    figures = [b for b in section(results).blocks if isinstance(b, Figure)]
    assert [f.name for f in figures] == [
        "likelihoods-reconstructions",
        "likelihoods-samples",
        "likelihoods-brightness",
    ]
    assert all(name in figures[0].alt for name in NAMES.values())
    assert "bernoulli," not in figures[2].alt.replace("bernoulli-grey,", "").replace(
        "continuous-bernoulli,", ""
    )
    canvas = figures[0].draw()
    labels = [axis.get_ylabel() for axis in canvas.axes]
    assert labels == ["test images", *NAMES.values()]
    folder = tmp_path / "report"
    write_report(results.store, "vae-likelihoods", folder)
    assert "likelihoods-brightness.svg" in (folder / "README.md").read_text()
    assert (folder / "tables" / "likelihoods-normaliser.csv").read_text().count("\n") == 1 + 4
