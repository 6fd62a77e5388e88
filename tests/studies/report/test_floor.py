"""The noise floor in a report: a line wherever times are judged, and no competitor anywhere."""

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studies.cells import plan_cells
from studies.metrics import METRICS
from studies.profiles import resolve
from studies.report import write_report
from studies.report.floor_data import floor_under, repeats, self_timings
from studies.report.loaded import StudyResults
from studies.report.tables import Measured
from studies.results import CellResult, ResultStore, Score
from studies.statistics import noise_floor
from studies.study_files import parse_study
from tests.studies.report.synthetic import mixture_store

STUDY = """
title = "Two names"
question = "Is one estimator as fast as itself?"
kind = "mixture"
baseline = "em"
metrics = ["fit_seconds"]
sections = ["answer", "scores", "verdicts", "failures", "method"]
seeds = 12

[datasets.iris]
settings = { n_components = 3 }

[estimators.em]

[estimators.sklearn]
"""
SECONDS = Measured(METRICS["fit_seconds"], "")


def stored(
    folder: Path, log_times: Callable[[str, int], float], *, lost: tuple[str, int] = ("", 0)
) -> ResultStore:
    """A study, planned as any is, with made-up times and one run that failed."""
    study = resolve(parse_study(STUDY, "t.toml"))
    store = ResultStore(folder / "results.sqlite")
    cells = plan_cells(study, "t", "cpu")
    document = study.model_dump() | {"name": "t", "profile": "full"}
    store.write_plan(document, [cell.planned() for cell in cells], {})
    for cell in cells:
        value = float(np.exp(log_times(cell.estimator, cell.seed)))
        result = CellResult(cell.key, "ok", scores=[Score("fit_seconds", "", value)])
        if (cell.estimator, cell.seed) == lost:
            result = CellResult(cell.key, "killed", "its process ended")
        store.write_cell(cell.description(), result)
    return store


def noisy(slowdown: float) -> Callable[[str, int], float]:
    """Times with 3% of noise, scikit-learn's so many times as long."""
    random = np.random.default_rng(41)
    level = random.normal(0, 0.5, 12)

    def log_time(estimator: str, seed: int) -> float:
        slow = np.log(slowdown) if estimator == "sklearn" else 0.0
        return float(level[seed] + random.normal(0, 0.03) + slow)

    return log_time


def verdict_row(folder: Path) -> dict[str, Any]:
    with (folder / "tables" / "verdicts.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    return row


@pytest.mark.parametrize(("slowdown", "verdict"), [(1.0, "tie"), (1.1, "worse")])
def test_from_the_study_file_through_the_store_to_the_report(tmp_path, slowdown, verdict):
    """Equal times are a tie; a tenth is 7.8 standard errors of 0.03 √2 / √12, the floor 2.2."""
    store = stored(tmp_path, noisy(slowdown), lost=("em-again", 3))
    text = write_report(store, "t", tmp_path).read_text(encoding="utf-8")
    row = verdict_row(tmp_path)
    assert (row["estimator"], row["against"], row["verdict"]) == ("sklearn", "em", verdict)
    scores = store.scores().pivot(index="seed", columns="estimator", values="value")
    pairs = np.log(scores["em-again"] / scores["em"]).dropna().to_numpy()
    assert len(pairs) == 11
    assert float(row["noise_floor"]) == pytest.approx(noise_floor(pairs, 12).log_ratio)
    assert re.search(r"EM \(by hand\) [\d.]+% over 11 of 12 pairs", text)
    assert (verdict == "tie") == ("which is within the noise floor" in text)


def test_a_repeat_is_no_competitor_but_its_failure_is_told(tmp_path):
    store = stored(tmp_path, noisy(1.0), lost=("em-again", 3))
    text = write_report(store, "t", tmp_path).read_text(encoding="utf-8")
    results = StudyResults.read(store)
    assert results.estimators == ["em", "sklearn"]
    rows = [line for line in text.splitlines() if line.startswith("| iris |")]
    assert [row.split(" | ")[1] for row in rows] == [
        "EM (by hand)",
        "EM (scikit-learn)",
        "EM (by hand), again",  # of the table of failures
    ]
    assert "1 of 36 runs did not end well" in text


def test_a_machine_that_changed_is_told_by_the_repeats(tmp_path):
    """Every second run of EM a fifth slower: no chance of names would have it so."""
    later = lambda name, seed: 0.2 if name == "em-again" else 0.001 * seed  # noqa: E731
    store = stored(tmp_path, later)
    text = write_report(store, "t", tmp_path).read_text(encoding="utf-8")
    assert "EM (by hand) differed from itself by more than that" in text


def test_the_floor_is_that_of_the_pairs_own_repeats(tmp_path):
    """SVI's own repeat is noisy; a comparison without SVI is not held to it."""
    entry = {"estimator": "svi", "repeats": "svi"}
    estimators = {"em": {}, "sklearn": {}, "svi": {}, "svi-again": entry}
    store = mixture_store(tmp_path / "r.sqlite", estimators=estimators, seeds=7)
    results = StudyResults.read(store)
    assert repeats(results) == {"svi-again": "svi"}
    own = floor_under(results, SECONDS, "svi", "em", 7)
    assert own is not None
    assert floor_under(results, SECONDS, "sklearn", "em", 7) == own  # the only one there is
    again = {"em-again": {"estimator": "em", "repeats": "em"}}
    both = StudyResults.read(
        mixture_store(tmp_path / "b.sqlite", estimators=estimators | again, seeds=7)
    )
    floors = {t.estimator: t.floor.log_ratio for t in self_timings(both, SECONDS)}
    assert set(floors) == {"em", "svi"}
    n = self_timings(both, SECONDS)[0].floor.n
    assert floor_under(both, SECONDS, "sklearn", "em", n).log_ratio == floors["em"]
    assert floor_under(both, SECONDS, "svi", "em", n).log_ratio == max(floors.values())
    assert floor_under(both, SECONDS, "svi", "em", 0) is None
