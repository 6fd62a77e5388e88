"""Choosing K: what each criterion takes, and what is left of surplus components."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from studies.cells import Cell, plan_cells
from studies.profiles import resolve
from studies.report.building import build_answer, build_document
from studies.report.loaded import StudyResults
from studies.report.model import Table, Text
from studies.report.numbers import unlinked
from studies.report.pruning_sections import Pruning, prunings
from studies.report.selection_data import CRITERIA, choice, known_classes, published_choice
from studies.report.writing import write_report
from studies.results import CellResult, ResultStore, Score
from studies.study_files import load_study

BIC, ICL, HELD_OUT = CRITERIA
FACTS = {
    "faithful": {"n_train": 204, "n_features": 2},
    "iris": {"n_train": 112, "n_features": 4, "label_names": ["a", "b", "c"]},
    "wine": {"n_train": 133, "n_features": 13, "label_names": ["a", "b", "c"]},
    "simulated": {
        "n_train": 600,
        "n_features": 2,
        "label_names": ["1", "2", "3", "4"],
        "origin": "simulated",
    },
}
N_OWN = {"faithful": 5, "simulated": 5, "iris": 14}
"""D means and D (D + 1) / 2 entries of a full covariance."""
SPURIOUS = ("wine n_components=9", 1)
BEST = {"bic": 3, "icl": 2}
"""Where the made-up criteria are lowest."""


def made_up(cell: Cell) -> CellResult:
    """Criteria with their minimum at `BEST`; held out it is at 4, but at 5 for the last seed."""
    K = int(cell.settings["n_components"])
    held_out = 5 if cell.seed == 2 else 4
    weights = np.full(K, 1 / K)
    if cell.estimator == "vb-1":
        weights = np.array([0.5, 0.3, 0.15, 0.02, 0.01, 0.01, 0.005, 0.005])
    scores = [
        Score("bic", "train", 500.0 + 10 * cell.seed + 7 * abs(K - BEST["bic"])),
        Score("icl", "train", 520.0 + 10 * cell.seed + 9 * abs(K - BEST["icl"])),
        Score("log_likelihood", "test", -4.0 - cell.seed - 0.1 * abs(K - held_out)),
        Score("log_likelihood", "train", -3.0 - cell.seed + 0.05 * K),
        Score("components_in_use", "train", K),
        Score("regular", "", 0.0 if (cell.dataset, cell.seed) == SPURIOUS else 1.0),
        Score("n_parameters", "", K - 1 + K * N_OWN.get(cell.load, 0)),
    ]
    facts = {"name": cell.load, **FACTS[cell.load]}
    return CellResult(
        cell.key, "ok", dataset_facts=facts, scores=scores, arrays={"weights": weights}
    )


def stored(
    path: Path, change=lambda cell, result: result, datasets: list[str] | None = None
) -> StudyResults:
    _, study = load_study("gmm-model-selection")
    study = resolve(study, seeds=3, datasets=datasets)
    store = ResultStore(path)
    cells = plan_cells(study, "gmm-model-selection", "cpu")
    document = study.model_dump() | {"name": "gmm-model-selection", "profile": "full"}
    store.write_plan(document, [cell.planned() for cell in cells], {})
    for cell in cells:
        result = change(cell, made_up(cell))
        if result is not None:
            store.write_cell(cell.description(), result)
    return StudyResults.read(store)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> StudyResults:
    return stored(tmp_path_factory.mktemp("selection") / "results.sqlite")


def test_each_criterion_takes_its_best_in_its_own_direction(results: StudyResults) -> None:
    for group in ("faithful", "iris", "wine", "simulated"):
        bic, icl, held_out = (choice(results, group, criterion) for criterion in CRITERIA)
        assert bic is not None
        assert (bic.usual, bic.votes, bic.n_seeds) == (3, 3, 3)
        assert icl is not None
        assert icl.usual == 2
        assert held_out is not None
        assert (held_out.usual, held_out.votes, held_out.spread) == (4, 2, (4, 5))


def test_what_is_known_comes_from_the_data_and_from_print(results: StudyResults) -> None:
    groups = ("faithful", "iris", "wine", "simulated")
    assert [known_classes(results, g) for g in groups] == [None, 3, 3, 4]
    # Of mclust's printed BIC with full covariances the largest is at K = 2 for faithful (-2322.19;
    # K = 3: -2349.44) and for iris (-574.02; K = 3: -580.84); it has printed none of the others.
    assert [published_choice(results, g) for g in groups] == [2, 2, None, None]


def test_the_answer_says_it_in_words(results: StudyResults) -> None:
    answer = build_answer(results)
    assert answer.headline == (
        "The most frequent choice is the number of known classes, of 3 data sets with such, by BIC "
        "on 2 (iris and wine), ICL on none and held-out log p(x) on 1 (simulated)."
    )
    assert (
        "**faithful**: BIC chooses K = 3 on all 3 seeds, ICL chooses K = 2 on all 3 seeds and"
        in (answer.text)
    )
    assert "held-out log p(x) chooses K = 4 on 2 of 3 seeds (4 to 5 over all)" in answer.text
    assert "Started with 8 components on faithful-surplus" in answer.text
    assert "3 with α = 1, 8 with α = 3 and 8 with α = 10" in answer.text


def test_a_spurious_optimum_is_named(results: StudyResults) -> None:
    section = next(s for s in build_document(results).sections if s.name == "selection")
    text = " ".join(unlinked(block.text) for block in section.blocks if isinstance(block, Text))
    assert "In 1 of 108 runs no start ended in a regular optimum" in text
    assert "its K: wine with K = 9 (1)." in text


def test_a_seed_without_all_its_runs_does_not_choose(tmp_path: Path) -> None:
    def lose(cell: Cell, result: CellResult) -> CellResult | None:
        lost = cell.dataset == "iris n_components=7" and cell.seed == 1
        return CellResult(cell.key, "failed", "out of luck") if lost else result

    taken = choice(stored(tmp_path / "r.sqlite", lose, ["iris"]), "iris", BIC)
    assert taken is not None
    assert list(taken.by_seed.index) == [0, 2]


def test_components_that_hold_most_of_the_weight_are_counted_to_the_last_digit() -> None:
    exactly, short, all_in_one = [0.4, 0.3, 0.25, 0.05], [0.4, 0.3, 0.2499, 0.0501], [1.0, 0, 0, 0]
    weights = np.array([exactly, short, all_in_one])
    assert Pruning("d", "e", 1.0, weights).kept.tolist() == [3, 4, 1]


def test_surplus_runs_have_their_concentration_and_limit(results: StudyResults) -> None:
    found = {(p.dataset, p.estimator): p for p in prunings(results)}
    assert len(found) == 3 * 4
    assert found["faithful-surplus", "vb-10"].concentration == 10.0
    assert np.isnan(found["faithful-surplus", "em"].concentration)
    section = next(s for s in build_document(results).sections if s.name == "pruning")
    (table,) = (block for block in section.blocks if isinstance(block, Table))
    limits = table.frame.drop_duplicates("dataset").set_index("dataset")["sparse_limit"]
    # Half of D means and D (D + 1) / 2 entries of a covariance.
    assert limits.to_dict() == {
        "faithful-surplus": 2.5,
        "iris-surplus": 7.0,
        "simulated-surplus": 2.5,
    }


def test_the_report_is_written_whole_and_when_nothing_ran(
    results: StudyResults, tmp_path: Path
) -> None:
    folder = tmp_path / "report"
    write_report(results.store, "gmm-model-selection", folder)
    for name in ("criteria", "held-out", "weights"):
        assert (folder / "figures" / f"{name}.png").stat().st_size > 1000
    assert (folder / "tables" / "selection.csv").read_text().count("\n") == 1 + 4
    nothing = stored(tmp_path / "b.sqlite", lambda cell, result: None)
    write_report(nothing.store, "gmm-model-selection", tmp_path / "none")
    assert build_document(nothing).answer.headline.startswith("No data set has a run for every")


def test_points_of_one_group_are_given_the_same_rows() -> None:
    _, study = load_study("gmm-model-selection")
    cells = plan_cells(resolve(study, seeds=1), "s", "cpu")
    seeds = {c.dataset: c.data_seed for c in cells if c.group == "iris"}
    assert len(seeds) == 9 + 1
    assert len(set(seeds.values())) == 1
    assert replace(cells[0], group="other").data_seed != cells[0].data_seed
