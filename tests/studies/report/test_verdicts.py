"""The section of verdicts against the rows, and simulated studies from their stored times on."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from studies.metrics import METRICS
from studies.report.building import build_document
from studies.report.floor_data import repeats
from studies.report.loaded import StudyResults
from studies.report.model import Bullets, Section, Table, Text
from studies.report.numbers import unlinked
from studies.report.tables import Measured
from studies.report.verdict_data import Compared
from studies.report.verdict_words import verdict_sentence
from studies.statistics import Judgement, NoiseFloor, summarise_pairs
from tests.studies.report.synthetic import failing, mixture_store, vae_store

TWICE = {"em": {}, "em-again": {"estimator": "em"}, "sklearn": {}}


def section(store) -> Section:
    document = build_document(StudyResults.read(store))
    return next(s for s in document.sections if s.name == "verdicts")


def frame(store) -> pd.DataFrame:
    (table,) = (b for b in section(store).blocks if isinstance(b, Table) and b.name == "verdicts")
    assert len(table.rows) == len(table.frame)
    return table.frame


def words(store) -> str:
    parts = [b.text if isinstance(b, Text) else "" for b in section(store).blocks]
    parts += [i for b in section(store).blocks if isinstance(b, Bullets) for i in b.items]
    return unlinked("\n".join(parts))


def by_hand(store, metric: str, split: str) -> pd.DataFrame:
    scores = store.scores()
    rows = scores[
        (scores["metric"] == metric) & (scores["split"] == split) & (scores["status"] == "ok")
    ]
    return rows.pivot(index=["dataset", "seed"], columns="estimator", values="value")


def test_every_figure_is_recomputed_from_the_rows(tmp_path):
    store = mixture_store(
        tmp_path / "r.sqlite",
        datasets=("galaxies", "iris"),
        seeds=5,
        change=failing("iris", "svi", 1, status="timeout"),
    )
    found = frame(store)
    assert list(zip(found["estimator"], found["against"], strict=True))[::4] == [
        ("sklearn", "em"),
        ("svi", "em"),
        ("svi", "sklearn"),
    ]
    for row in found.to_dict("records"):
        split = row["split"] if isinstance(row["split"], str) else ""
        values = by_hand(store, row["metric"], split)
        pairs = values[[row["estimator"], row["against"]]].dropna()
        one, other = pairs.to_numpy().T
        difference = np.log(one / other) if row["metric"] == "fit_seconds" else one - other
        defined = 5 if row["metric"] == "adjusted_rand_index" else 10
        lost = 1 if row["estimator"] == "svi" else 0
        assert (row["pairs"], row["planned"]) == (defined - lost, defined)
        assert row["mean"] == pytest.approx(difference.mean(), abs=1e-15)
        assert row["median"] == pytest.approx(np.median(difference), abs=1e-15)
        rounding = 1e-12 * max(np.abs(difference))
        assert row["interval_low"] - rounding <= row["mean"] <= row["interval_high"] + rounding
        if len({0.0, *np.abs(difference)}) == len(difference) + 1:  # without ties or zeros
            assert row["p"] == pytest.approx(stats.wilcoxon(difference, method="exact").pvalue)
    tested = found[found["pairs"] >= 6].sort_values("p")
    m, running = len(tested), 0.0
    assert 0 < m < len(found)
    for i, (p, corrected) in enumerate(zip(tested["p"], tested["p_holm"], strict=True)):
        running = max(running, min(1.0, (m - i) * p))
        assert corrected == pytest.approx(running)
    assert found.loc[found["pairs"] < 6, "p_holm"].isna().all()


def test_verdicts_of_made_up_differences(tmp_path):
    """SVI is 0.0003 nats below in every pair, within 0.01, and takes a hundred times as long."""
    store = mixture_store(tmp_path / "r.sqlite", seeds=4)
    found = frame(store).set_index(["estimator", "against", "metric", "split"])["verdict"]
    assert found["svi", "em", "log_likelihood", "test"] == "equivalent"
    assert found["svi", "em", "fit_seconds", ""] == "worse"
    assert found["sklearn", "em", "fit_seconds", ""] == "better"
    assert found["svi", "sklearn", "adjusted_rand_index", "test"] == "undecided"


def test_a_region_of_the_study_file_is_used(tmp_path):
    narrow = {"equivalent": {"log_likelihood": 1e-4, "steps": 0.5}}
    found = frame(mixture_store(tmp_path / "r.sqlite", seeds=4, comparison=narrow))
    found = found.set_index(["estimator", "against", "metric", "split"])
    assert found.loc[("svi", "em", "log_likelihood", "test"), "verdict"] == "worse"
    assert found.loc[("svi", "em", "steps", ""), "region"] == pytest.approx(math.log(1.5))
    assert found.loc[("svi", "em", "steps", ""), "verdict"] == "worse"
    assert found.loc[("sklearn", "em", "steps", ""), "verdict"] == "equivalent"


@pytest.mark.parametrize("timing", [True, False])
def test_times_are_judged_only_where_they_are_compared(tmp_path, timing):
    store = vae_store(tmp_path / "r.sqlite", timing=timing)
    assert ("fit_seconds" in set(frame(store)["metric"])) is timing
    assert "elbo" in set(frame(store)["metric"])
    assert ("Noise floor" in words(store)) is timing
    assert ("Times are not judged here" in words(store)) is not timing


@pytest.mark.parametrize("make", [mixture_store, vae_store])
def test_three_seeds_are_too_few_to_say(tmp_path, make):
    options = {"datasets": ("iris",)} if make is mixture_store else {}
    store = make(tmp_path / "r.sqlite", seeds=3, **options)
    assert set(frame(store)["verdict"]) == {"undecided"}
    text = words(store)
    assert "too few seeds to say: 3 pairs cannot give a p under 0.25" in text
    assert "No comparison has the 6 pairs" in text
    assert "nan" not in text.lower()
    assert "—" not in text


def test_estimators_without_a_likelihood_are_compared_in_what_they_have(tmp_path):
    found = frame(vae_store(tmp_path / "r.sqlite"))
    plain = found[(found["estimator"] == "autoencoder")]
    assert set(plain["metric"]) == {"reconstruction_error", "fit_seconds"}


def test_an_estimator_that_always_fails_is_there_with_no_pairs(tmp_path):
    store = mixture_store(
        tmp_path / "r.sqlite", datasets=("iris",), seeds=7, change=failing("iris", "svi", *range(7))
    )
    found = frame(store)
    mine = found[found["estimator"] == "svi"]
    assert set(mine["metric"]) == {"log_likelihood", "adjusted_rand_index", "fit_seconds"}
    assert set(zip(mine["pairs"], mine["planned"], strict=True)) == {(0, 7)}
    assert "over 0 of 7 pairs" in words(store)


def test_one_estimator_alone_is_no_comparison(tmp_path):
    store = mixture_store(tmp_path / "r.sqlite", estimators=("em",))
    assert "nothing to compare it with" in words(store)


def test_a_second_name_is_the_same_estimator_with_the_same_settings(tmp_path):
    estimators = TWICE | {"em-other": {"estimator": "em", "settings": {"reg_covar": 0.1}}}
    store = mixture_store(tmp_path / "r.sqlite", estimators=estimators, seeds=7)
    assert repeats(StudyResults.read(store)) == {"em-again": "em"}
    found = frame(store)
    assert not {"em-again"} & (set(found["estimator"]) | set(found["against"]))
    assert found.loc[found["metric"] == "fit_seconds", "noise_floor"].notna().all()
    assert found.loc[found["metric"] != "fit_seconds", "noise_floor"].isna().all()


def test_without_a_second_name_the_report_says_that_there_is_no_floor(tmp_path):
    store = mixture_store(tmp_path / "r.sqlite", seeds=7)
    assert "**Noise floor.** Not measured" in words(store)
    assert frame(store)["noise_floor"].isna().all()


@pytest.mark.parametrize(
    ("reason", "verdict", "phrase"),
    [
        ("no pairs", "undecided", "no pair of runs has two values"),
        ("too few pairs", "undecided", "too few seeds to say"),
        ("below the floor", "tie", "within the noise floor: an estimator differs from itself"),
        ("no interval", "undecided", "without an interval"),
        ("inside the region", "equivalent", "which lies within 0.952 to 1.05 times"),
        ("significant", "worse", "p = 0.012"),
        ("reaches into the region", "worse", "perhaps by too little to matter"),
        ("interval includes 0", "undecided", "interval includes a ratio of 1"),
        ("not significant", "undecided", "neither a difference (p = 0.012)"),
    ],
)
def test_every_line_of_the_table_of_truth_has_its_sentence(tmp_path, reason, verdict, phrase):
    results = StudyResults.read(mixture_store(tmp_path / "r.sqlite", datasets=("iris",), seeds=1))
    compared = Compared(
        one="svi",
        other="em",
        quantity=Measured(METRICS["fit_seconds"], ""),
        summary=summarise_pairs(np.log([1.1, 1.2, 0.9, 1.3, 1.1, 1.15, 1.05])),
        p_corrected=0.012,
        region=math.log(1.05),
        floor=NoiseFloor(0.1, 7, 0.0, 0.1),
        judgement=Judgement(verdict, reason),
    )
    text = unlinked(verdict_sentence(results, compared))
    assert text.startswith(f"fitting time: **{verdict}**, ")
    assert phrase in text
    assert "nan" not in text
