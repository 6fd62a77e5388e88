"""Data sets and estimators of a study that run with fewer seeds than the others."""

import pytest

from studies.cells import plan_cells
from studies.describe import describe
from studies.profiles import resolve
from studies.schema import Study
from studies.study_files import parse_study
from suite.errors import InputError

STUDY = """
title = "t"
question = "q?"
kind = "mixture"
baseline = "em"
metrics = ["log_likelihood", "fit_seconds"]
seeds = 3

[comparison]
repeats = []

[datasets.iris]

[datasets.wine]
seeds = 2

[estimators.em]

[estimators.svi]
seeds = 1

[profiles.quick]
seeds = 1
"""


def study(old: str = "", new: str = "") -> Study:
    assert old in STUDY
    return parse_study(STUDY.replace(old, new) if old else STUDY, "t.toml")


def runs(resolved: Study) -> list[tuple[str, str, int]]:
    return [(c.dataset, c.estimator, c.seed) for c in plan_cells(resolved, "t", "cpu")]


def test_the_first_seeds_run_and_no_more() -> None:
    assert runs(resolve(study())) == [
        ("iris", "em", 0),
        ("iris", "svi", 0),
        ("wine", "em", 0),
        ("wine", "svi", 0),
        ("iris", "em", 1),
        ("wine", "em", 1),
        ("iris", "em", 2),
    ]


def test_they_are_the_runs_of_the_study_with_all_seeds() -> None:
    """Same keys, so that seeds can be added later and what is stored stays."""
    every = resolve(study("seeds = 2\n", "\n"))
    keys = {cell.key for cell in plan_cells(every, "t", "cpu")}
    assert {cell.key for cell in plan_cells(resolve(study()), "t", "cpu")} < keys


def test_a_profile_or_the_command_line_may_ask_for_fewer_still() -> None:
    assert {seed for _, _, seed in runs(resolve(study(), profile="quick"))} == {0}
    two = runs(resolve(study(), seeds=2))
    assert ("wine", "em", 1) in two
    assert len(two) == 6


def test_every_point_of_a_sweep_has_as_few() -> None:
    swept = study("seeds = 2\n", 'seeds = 2\nvary = { "settings.n_components" = [2, 3] }\n')
    points = [run for run in runs(resolve(swept)) if run[0].startswith("wine n_components=")]
    assert len(points) == 2 * (2 + 1)


def test_the_second_timing_has_as_few_as_the_first() -> None:
    again = resolve(study("repeats = []", 'repeats = ["svi"]'))
    assert [run for run in runs(again) if run[1] == "svi-again"] == [
        ("iris", "svi-again", 0),
        ("wine", "svi-again", 0),
    ]


def test_the_noise_floor_is_for_as_many_pairs_as_there_are() -> None:
    """Six pairs of data set and seed are enough to rank times (`studies.repeats`), five are not."""
    six = study("[comparison]\nrepeats = []\n", "").model_dump()
    six["datasets"]["wine"]["seeds"] = None
    assert "em-again" in resolve(Study.model_validate(six)).estimators
    five = study("[comparison]\nrepeats = []\n", "")
    assert "em-again" not in resolve(five).estimators


def test_they_are_counted_and_said() -> None:
    text = describe("t", resolve(study()), "full", [])
    assert "2 data sets × 2 estimators × 3 seeds = 7 (not every seed on every one)" in text
    assert "wine  seeds = 2" in text
    assert "svi  (svi) seeds = 1" in text


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seeds = 2", "seeds = 4", "datasets.wine.seeds: expected at most the study's 3, got 4"),
        ("[estimators.em]\n", "[estimators.em]\nseeds = 9\n", "estimators.em.seeds: expected at"),
        ("seeds = 2", "seeds = 0", "datasets.wine.seeds: Input should be greater than 0"),
    ],
)
def test_more_than_the_studys_are_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        study(old, new)
