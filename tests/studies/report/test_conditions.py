"""What a report says of other work on the machine and of runs that were not made in one place."""

from dataclasses import replace
from typing import Any

import pytest

from studies.report.building import build_document
from studies.report.conditions import caveat, load_range, mixtures
from studies.report.loaded import StudyResults
from studies.report.model import Text
from studies.report.numbers import unlinked
from tests.studies.report.synthetic import mixture_store


def results_with(tmp_path, by_seed: dict[int, dict[str, Any]]) -> StudyResults:
    """Six runs, those of a seed with this record of their own."""

    def change(cell, result):
        return replace(result, provenance=by_seed[cell.seed])

    path = tmp_path / "r.sqlite"
    store = mixture_store(
        path, datasets=("iris",), estimators=("em", "svi"), seeds=3, change=change
    )
    return StudyResults.read(store)


def of_load(*averages: float, **more: Any) -> dict[int, dict[str, Any]]:
    return {i: {"load_average": a, "threads": 2} | more for i, a in enumerate(averages)}


@pytest.mark.parametrize(
    "records",
    [
        of_load(0.0, 1.9, 2.4),  # two threads cause two, and a half is the programme about them
        of_load(0.0, 7.9, 8.4, jobs=4),
        of_load(4.0, 6.0, 8.0, machine={"cores": 64}),  # a tenth of many cores is free anyway
        {0: {}, 1: {}, 2: {}},  # a store that recorded nothing
    ],
)
def test_a_load_that_the_runs_cause_is_no_caveat(tmp_path, records):
    assert caveat(results_with(tmp_path, records)) == ""


def test_a_loaded_machine_is_said_to_be_one(tmp_path):
    results = results_with(tmp_path, of_load(2.0, 2.6, 5.0))
    text = unlinked(caveat(results))
    assert "as 4 of 6 runs began" in text
    assert "5 against 2 at the worst" in text
    assert unlinked(load_range(results)) == (
        "Load average as runs began: 2 to 5; a run itself causes 2."
    )


def test_sections_with_times_begin_with_it_and_the_method_repeats_it(tmp_path):
    results = results_with(tmp_path, of_load(2.0, 2.6, 5.0))
    document = build_document(results)
    first = {
        s.name: unlinked(s.blocks[0].text)
        for s in document.sections
        if isinstance(s.blocks[0], Text)
    }
    assert "as 4 of 6 runs began" in first["scores"]
    for name in ("verdicts", "pairs", "time-to-target", "tradeoff"):
        assert first[name].startswith("**Take times with care")
    assert "Take times" not in first["ascent" if "ascent" in first else "method"]
    method = next(s for s in document.sections if s.name == "method")
    assert any(
        "as 4 of 6 runs began" in unlinked(b.text) for b in method.blocks if isinstance(b, Text)
    )
    assert "the machine had other work meanwhile" in document.answer.text


def test_a_quiet_machine_needs_no_words(tmp_path):
    document = build_document(results_with(tmp_path, of_load(1.0, 1.0, 1.0)))
    texts = [b.text for s in document.sections for b in s.blocks if isinstance(b, Text)]
    assert not any("with care" in text for text in [*texts, document.answer.text])


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ({"machine": {"processor": "A", "cores": 2}}, {"machine": {"processor": "B", "cores": 2}},
         {"processors": ("A", "B")}),
        ({"cpu": "A", "cores": 2}, {"cpu": "A", "cores": 4}, {"numbers of cores": ("2", "4")}),
        ({"versions": {"torch": "2.1", "numpy": "2.0"}},
         {"versions": {"torch": "2.2", "numpy": "2.0"}}, {"versions of torch": ("2.1", "2.2")}),
        ({"packages": {"scipy": "1"}}, {"packages": {"scipy": "2"}},
         {"versions of scipy": ("1", "2")}),
        ({"git": {"commit": "a" * 40}}, {"git": {"commit": "b" * 40}},
         {"the commits": ("a" * 10, "b" * 10)}),
        ({"commit": "a" * 40}, {"commit": "a" * 40, "uncommitted_changes": True},
         {"the commits": ("a" * 10, "a" * 10 + " with uncommitted changes")}),
        ({"jobs": 1}, {"jobs": 4}, {"numbers of runs at once": ("1", "4")}),
        ({"cpu": "A"}, {}, {}),
        ({"started": "today"}, {"started": "tomorrow"}, {}),
    ],
)  # fmt: skip
def test_runs_of_different_places_are_told(tmp_path, one, other, found):
    results = results_with(tmp_path, {0: one, 1: one, 2: other})
    assert mixtures(results) == found
    text = unlinked(caveat(results))
    assert bool(text) == bool(found)
    for what, values in found.items():
        assert f"{what} {values[0]} and {values[1]}" in text
