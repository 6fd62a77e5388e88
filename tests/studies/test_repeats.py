"""Which estimators a study times a second time, without being asked and when asked."""

import pytest

from studies.cells import plan_cells
from studies.describe import describe
from studies.profiles import resolve
from studies.schema import Study
from studies.study_files import parse_study

STUDY = """
title = "t"
question = "q?"
kind = "mixture"
baseline = "em"
metrics = ["log_likelihood", "fit_seconds"]
seeds = 6

[datasets.iris]
settings = { n_components = 3 }

[estimators.em]

[estimators.sklearn]

[estimators.svi]
settings = { learning_rate = 0.01 }
"""


def study(*changes: tuple[str, str], more: str = "") -> Study:
    text = STUDY
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return parse_study(text + more, "t.toml")


def repeated(found: Study) -> dict[str, str]:
    return {n: e.repeats for n, e in found.estimators.items() if e.repeats is not None}


def test_a_study_that_ranks_seconds_times_its_baseline_twice() -> None:
    found = resolve(study())
    assert repeated(found) == {"em-again": "em"}
    assert found.estimators["em-again"].estimator == "em"


@pytest.mark.parametrize(
    "change",
    [
        ("seeds = 6", "seeds = 5"),  # five pairs: nothing can be significant
        (', "fit_seconds"]', "]"),  # no time is judged
        ("seeds = 6", "timing = false\nseeds = 6"),
        ("baseline =", "comparison = { repeats = [] }\nbaseline ="),
    ],
)
def test_one_that_does_not_times_each_once(change: tuple[str, str]) -> None:
    assert repeated(resolve(study(change))) == {}


def test_one_estimator_alone_is_compared_with_nothing() -> None:
    assert repeated(resolve(study(), estimators=["svi"])) == {}


def test_pairs_are_counted_over_data_sets() -> None:
    more = "[datasets.faithful]\nsettings = { n_components = 2 }\n"
    assert repeated(resolve(study(("seeds = 6", "seeds = 3"), more=more))) == {"em-again": "em"}


def test_named_estimators_are_repeated_with_their_settings() -> None:
    found = resolve(study(more='[comparison]\nrepeats = ["em", "svi"]\n'))
    assert repeated(found) == {"em-again": "em", "svi-again": "svi"}
    assert found.estimators["svi-again"].settings == {"learning_rate": 0.01}
    fewer = resolve(study(more='[comparison]\nrepeats = ["em", "svi"]\n'), estimators=["em"])
    assert repeated(fewer) == {"em-again": "em"}


def test_one_that_is_listed_twice_is_not_repeated_again() -> None:
    found = resolve(study(more='[estimators.em-twice]\nestimator = "em"\n'))
    assert repeated(found) == {}


def test_a_repeat_runs_on_the_data_sets_of_its_first() -> None:
    found = resolve(study(("settings = { n_components", 'estimators = ["em", "svi"]\n' + "settings"
                           " = { n_components")))  # fmt: skip
    assert found.datasets["iris"].estimators == ["em", "svi", "em-again"]
    cells = plan_cells(found, "t", "cpu")
    assert [(c.estimator, c.timing_only) for c in cells[:3]] == [
        ("em", False),
        ("svi", False),
        ("em-again", True),
    ]
    assert (cells[0].data_seed, cells[0].start_seed) == (cells[2].data_seed, cells[2].start_seed)


def test_what_is_run_is_told_apart_from_what_is_repeated() -> None:
    text = describe("t", resolve(study()), "full", [])
    assert "1 data sets × 3 estimators × 6 seeds = 18, and 6 of em again" in text
    assert "em-again" not in text


def test_the_fitted_number_of_components_is_shown_beside_that_of_the_data() -> None:
    simulated = (
        '[datasets.drawn]\nload = "simulated"\noptions = { n_components = 8 }\n'
        "settings = { n_components = 16 }\n"
    )
    text = describe("t", resolve(study(more=simulated)), "full", [])
    assert "drawn  n_components = 16; data: n_components = 8" in text
