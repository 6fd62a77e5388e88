"""The answer in words against the rows: every number in it is recomputed from the store alone."""

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from studies.report.building import build_answer
from studies.report.loaded import StudyResults
from studies.report.words import fixed, significant
from studies.results import CellResult, PlannedCell, ResultStore, Score, TracePoint
from studies.statistics import summarise_pairs
from tests.studies.report.synthetic import Change, failing, mixture_store, vae_store

LABELS = ("EM (by hand)", "EM (scikit-learn)", "SVI (Pyro)")
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?(?:×10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?")


def answer(store: ResultStore) -> str:
    return build_answer(StudyResults.read(store)).text


def numbers(text: str) -> set[str]:
    return set(NUMBER.findall(text))


def absolute(value: float, digits: int = 3) -> str:
    return significant(abs(float(value)), digits)


def shifted(estimator: str, amounts: dict[int, float]) -> Change:
    """Move an estimator's log-likelihoods by so much on each seed."""

    def change(cell: PlannedCell, result: CellResult) -> CellResult:
        if cell.estimator != estimator:
            return result
        scores = [
            replace(s, value=s.value + amounts[cell.seed]) if s.metric == "log_likelihood" else s
            for s in result.scores
        ]
        return replace(result, scores=scores)

    return change


def table(store: ResultStore, metric: str, split: str) -> pd.DataFrame:
    """Values by (dataset, seed) and estimator, of the runs that ended well."""
    scores = store.scores()
    chosen = scores[
        (scores["metric"] == metric) & (scores["split"] == split) & (scores["status"] == "ok")
    ]
    return chosen.pivot(index=["dataset", "seed"], columns="estimator", values="value")


def of_summary(differences: pd.Series, scale: Callable = lambda v: v) -> set[str]:
    """Mean, interval and count of pairs of differences taken from the rows."""
    summary = summarise_pairs(differences.to_numpy(float))
    values = [summary.mean, *(summary.interval.bounds or ())]
    return {absolute(scale(v)) for v in values} | {str(summary.n), str(summary.planned), "95"}


def expected_mixture_numbers(store: ResultStore) -> set[str]:
    found = {"0.01"}
    train, times = table(store, "log_likelihood", "train"), table(store, "fit_seconds", "")
    test = table(store, "log_likelihood", "test")
    for name in ("sklearn", "svi"):
        found |= of_summary(test[name] - test["em"])
        differences = (train[name] - train["em"]).dropna()
        found.add(absolute(differences[differences.abs().idxmax()]))
        for count in (
            (differences.abs() <= 0.01).sum(),
            (differences > 0.01).sum(),
            (differences < -0.01).sum(),
            len(differences),
        ):
            found.add(str(count))
        found |= of_summary(np.log(times[name] / times["em"]), np.exp)
        ratios = np.log(times[name] / times["em"]).dropna()
        by_dataset = np.exp(ratios.groupby("dataset").mean())
        found |= {absolute(v) for v in (by_dataset.min(), by_dataset.max())}
    cells = store.cells()
    found |= {str(len(cells)), str((cells["status"] != "ok").sum())}
    found |= {str(n) for n in range(cells["dataset"].nunique() + 1)}
    return found | {str(cells["seed"].nunique())}


@pytest.mark.parametrize(
    ("seeds", "change"),
    [
        (3, shifted("svi", {0: 0.0, 1: 0.0, 2: 0.0})),
        (3, shifted("svi", {0: 0.05, 1: 0.2, 2: 0.031})),
        (3, shifted("svi", {0: -0.05, 1: 0.2, 2: -0.0123})),
        (7, shifted("svi", {i: 0.03 * (-1) ** i for i in range(7)})),
        (3, failing("iris", "svi", 0, 1, 2)),
        (3, failing("faithful", "em", 0, status="not run")),
    ],
)
def test_every_number_of_a_mixture_answer_is_in_the_rows(tmp_path, seeds, change):
    store = mixture_store(tmp_path / "r.sqlite", seeds=seeds, change=change)
    assert numbers(answer(store)) <= expected_mixture_numbers(store)


def expected_vae_numbers(store: ResultStore) -> set[str]:
    seeds = sorted(store.cells()["seed"].unique())
    found = {str(len(seeds)), str(len(store.cells())), "95", "0"}
    found.add(str((store.cells()["status"] != "ok").sum()))
    for metric, split in (
        ("log_likelihood", "test"),
        ("elbo", "test"),
        ("reconstruction_error", "test"),
    ):
        found |= {fixed(abs(v), 2) for v in table(store, metric, split).median()}
    times = table(store, "fit_seconds", "").reindex(
        columns=["torch-vae", "pyro-vae", "autoencoder"]
    )
    times = times.reindex(pd.MultiIndex.from_product([["mnist"], seeds]))
    found.add(significant(times["torch-vae"].median()))
    for name in ("pyro-vae", "autoencoder"):
        found |= of_summary(np.log(times[name] / times["torch-vae"]), np.exp)
    scores = table(store, "log_likelihood", "test").reindex(times.index)
    found |= of_summary(scores["pyro-vae"] - scores["torch-vae"])
    means = []
    for seed in seeds:
        pair = [
            store.arrays(f"mnist-{name}-{seed}").get("log_likelihood_per_datum")
            for name in ("pyro-vae", "torch-vae")
        ]
        if pair[0] is not None and pair[1] is not None:
            means.append((pair[0].astype(float) - pair[1].astype(float)).mean())
    if means:
        found |= {absolute(v) for v in (np.mean(means), min(means), max(means))}
        found.add(str(len(means)))
    return found


@pytest.mark.parametrize(
    ("seeds", "change"),
    [
        (1, None),
        (3, None),
        (7, None),
        (3, failing("mnist", "pyro-vae", 1)),
        (3, failing("mnist", "autoencoder", 0, 1, 2, status="killed")),
    ],
)
def test_every_number_of_a_vae_answer_is_in_the_rows(tmp_path, seeds, change):
    options = {} if change is None else {"change": change}
    store = vae_store(tmp_path / "r.sqlite", seeds=seeds, **options)
    assert numbers(answer(store)) <= expected_vae_numbers(store)


def with_images(shifts: dict[int, float]) -> Change:
    """Give one twin the other's scores plus so much on each seed, and a little noise."""
    base = np.linspace(-130, -80, 300)

    def change(cell: PlannedCell, result: CellResult) -> CellResult:
        if cell.estimator == "autoencoder":
            return result
        noise = np.random.default_rng(cell.seed).normal(0, 0.01, 300)
        noise -= noise.mean()
        moved = base + (shifts[cell.seed] + noise if cell.estimator == "pyro-vae" else 0)
        arrays = dict(result.arrays) | {"log_likelihood_per_datum": moved}
        return replace(result, arrays=arrays)

    return change


@pytest.mark.parametrize(
    ("shifts", "said"),
    [
        ([0.5, 0.6, 0.4], "better on every seed"),
        ([-0.5, -0.6, -0.4], "worse on every seed"),
        ([0.5, 1e-4, 0.4], "better on every seed"),
        ([0.5, -0.6, 0.4], "the sign changes from seed to seed"),
        ([0.0, 0.0, 0.0], "not told apart by their images"),
        ([0.5], "better on this seed"),
    ],
)
def test_what_is_said_of_twins_image_by_image(tmp_path, shifts, said):
    change = with_images(dict(enumerate(shifts)))
    text = answer(vae_store(tmp_path / "r.sqlite", seeds=len(shifts), change=change))
    assert said in text


@pytest.mark.parametrize(
    ("shifts", "said"),
    [
        ([0.1, 0.2, 0.3], "SVI (Pyro) is not to be told from EM (by hand): too few seeds to say"),
        ([0.1] * 5, "too few seeds to say (+0.0997 nats per datum, over 5 of 5 pairs)"),
        ([0.0] * 9, "SVI (Pyro) is equivalent to EM (by hand) ("),
        ([-0.1, -0.2, -0.3] * 4, "SVI (Pyro) is worse than EM (by hand) (−0.2"),
        ([0.1, 0.2, 0.3] * 4, "SVI (Pyro) is better than EM (by hand) (+0.2"),
        ([-0.2, 0.2, 0.3] * 4, "SVI (Pyro) is neither better nor worse than EM (by hand) for"),
        ([0.1, 0.2, 0.3] * 2, "higher in every pair, which is too few pairs for so many"),
    ],
)
def test_the_words_on_held_out_data_are_those_of_the_verdict(tmp_path, shifts, said):
    """SVI is made up 0.0003 nats below EM; the rest of the difference is planted."""
    change = shifted("svi", dict(enumerate(shifts)))
    store = mixture_store(
        tmp_path / "r.sqlite", datasets=("iris",), seeds=len(shifts), change=change
    )
    assert said in answer(store)


@pytest.mark.parametrize(
    ("slowdown", "said"),
    [
        (1.5, "SVI (Pyro) takes 1.5 times as long (95% interval "),
        (1.0, "SVI (Pyro) takes 1 times as long (a tie: within the noise floor of "),
    ],
)
def test_the_words_on_time_are_those_of_the_verdict(tmp_path, slowdown, said):
    """Times of EM, of EM again and of an SVI that takes so many times as long; 1% of noise."""
    noise = {"em": [0, 1, 2], "svi": [1, 2, 0], "em-again": [2, 1, 0]}

    def change(cell: PlannedCell, result: CellResult) -> CellResult:
        seconds = 1 + 0.01 * noise[cell.estimator][cell.seed % 3]
        seconds *= slowdown if cell.estimator == "svi" else 1.0
        scores = [s for s in result.scores if s.metric != "fit_seconds"]
        return replace(result, scores=[*scores, Score("fit_seconds", "", seconds)])

    store = mixture_store(
        tmp_path / "r.sqlite",
        datasets=("iris",),
        estimators={"em": {}, "svi": {}, "em-again": {"estimator": "em", "repeats": "em"}},
        seeds=12,
        change=change,
    )
    assert said in answer(store)


@pytest.mark.parametrize("timing", [True, False])
def test_a_study_that_is_no_measure_of_time_tells_no_ratio_of_times(tmp_path, timing):
    text = answer(vae_store(tmp_path / "r.sqlite", timing=timing))
    assert ("times as long" in text) is timing


def test_pairs_within_above_and_below_the_margin_are_counted(tmp_path):
    change = shifted("svi", {0: 0.05, 1: 0.005, 2: -0.2, 3: 0.3})
    text = answer(mixture_store(tmp_path / "r.sqlite", datasets=("iris",), seeds=4, change=change))
    assert (
        "SVI (Pyro) ends within 0.01 nats per datum of its log-likelihood in 1 of 4 pairs of runs, "
        "above by more in 2 and below by more in 1" in text
    )


@pytest.mark.parametrize(
    ("gaps", "said"),
    [
        ({0: 0.0, 1: 0.0}, "exactly 0 in all 2 runs"),
        ({0: 1e-12, 1: -1e-13}, "0 to rounding in all 2 runs"),
        ({0: 0.2, 1: 0.3}, "0.25 (median; 0.2 to 0.3 over 2 runs)"),
        ({0: 0.2, 1: -0.1}, "no bound can be there, so something is wrong"),
    ],
)
@pytest.mark.parametrize("from_trace", [True, False])
def test_the_gap_is_told_as_it_is(tmp_path, gaps, said, from_trace):
    """It is that of the last step or, where no way was recorded, of the evaluation."""

    def change(cell: PlannedCell, result: CellResult) -> CellResult:
        value = gaps[cell.seed]
        last = result.trace[-1].step
        trace = [p for p in result.trace if p.metric != "gap" or p.step < last]
        trace.append(TracePoint(last, 1.0, "gap", "train", value))
        if not from_trace:
            trace = [p for p in trace if p.metric != "gap"]
        score = 77.0 if from_trace else value
        scores = [replace(s, value=score) if s.metric == "gap" else s for s in result.scores]
        return replace(result, scores=scores, trace=trace)

    store = mixture_store(
        tmp_path / "r.sqlite",
        datasets=("iris",),
        estimators=("em",),
        seeds=2,
        metrics=["log_likelihood", "gap"],
        change=change,
    )
    assert said in answer(store)


@pytest.mark.parametrize(
    ("gaps", "said"),
    [
        ({0: 0.0, 1: 1e-13}, None),
        ({0: 0.25, 1: 1071.5}, "below by 536 (median; 0.25 to 1,070) for EM (by hand)."),
        ({0: 0.2, 1: -0.1}, "(median; −0.1 to 0.2)"),
    ],
)
def test_a_gap_on_new_data_is_told(tmp_path, gaps, said):
    """That of training data says nothing of what a learned q leaves elsewhere."""

    def change(cell: PlannedCell, result: CellResult) -> CellResult:
        new = [("gap", "test")]
        scores = [s for s in result.scores if (s.metric, s.split) not in new]
        return replace(result, scores=[*scores, Score("gap", "test", gaps[cell.seed])])

    store = mixture_store(
        tmp_path / "r.sqlite",
        datasets=("iris",),
        estimators=("em",),
        seeds=2,
        metrics=["log_likelihood", "gap"],
        change=change,
    )
    text = answer(store)
    assert ("On held-out data, at the q" in text) == (said is not None)
    assert said is None or said in text


@pytest.mark.parametrize("make", [mixture_store, vae_store])
def test_nothing_ended_well(tmp_path: Path, make) -> None:
    store = make(tmp_path / "r.sqlite", change=lambda *_: None)
    n = len(store.cells())
    assert answer(store).startswith("No run ended well")
    assert f"{n} of {n} runs did not end well" in answer(store)


def test_estimators_are_all_named_whatever_fails(tmp_path):
    for i, (estimator, status) in enumerate(
        product(("em", "sklearn", "svi"), ("failed", "timeout"))
    ):
        store = mixture_store(
            tmp_path / f"{i}.sqlite",
            datasets=("iris",),
            change=failing("iris", estimator, 0, 1, 2, status=status),
        )
        text = answer(store)
        label = LABELS[("em", "sklearn", "svi").index(estimator)]
        assert f"({label}: 3 {status})" in text


@pytest.mark.parametrize(("seeds", "said"), [(1, "one fit each"), (3, "medians over 3 seeds")])
def test_a_vae_answer_says_of_how_many_fits_its_scores_are(tmp_path, seeds, said):
    text = answer(vae_store(tmp_path / "r.sqlite", seeds=seeds))
    assert f"nats per datum of held-out data, {said}, log p(x) estimated from below" in text
