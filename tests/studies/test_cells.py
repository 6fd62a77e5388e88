"""Cells: the paired design and the keys."""

from dataclasses import replace
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from studies.cells import Cell, plan_cells
from studies.code_hash import code_hash
from studies.own_code import files_behind
from studies.profiles import resolve
from studies.schema import Comparison
from studies.study_files import load_study


def cells() -> list[Cell]:
    _, study = load_study("gmm-classics")
    return plan_cells(resolve(study, profile="quick"), "gmm-classics", "cpu")


def test_one_cell_for_each_combination_and_no_key_twice() -> None:
    planned = cells()
    assert len(planned) == 8 * (3 + 2) * 3  # two estimators are timed a second time
    assert len({cell.key for cell in planned}) == len(planned)


def test_estimators_share_data_and_start_and_nothing_else_does() -> None:
    seeds: dict[tuple[str, int], set[tuple[int, int]]] = {}
    for cell in cells():
        seeds.setdefault((cell.dataset, cell.seed), set()).add((cell.data_seed, cell.start_seed))
    assert all(len(found) == 1 for found in seeds.values())
    assert len(set().union(*seeds.values())) == len(seeds)


def test_estimators_alternate_so_that_a_slow_minute_hits_all() -> None:
    once = ["em", "sklearn", "svi", "em-again", "sklearn-again"]
    assert [cell.estimator for cell in cells()[:10]] == once * 2


def test_the_key_changes_with_what_decides_the_result_only() -> None:
    cell = cells()[0]
    assert replace(cell, time_limit=1.0).key == cell.key
    assert replace(cell, factors={"n_components": 3}).key == cell.key
    assert replace(cell, group=cell.dataset).key == cell.key
    assert replace(cell, group="another").key != cell.key
    for change in (
        {"settings": {"n_components": 4}},
        {"data_hash": "other"},
        {"code_hash": "other"},
        {"seed": 7},
        {"threads": 5},
        {"tolerance": 0.5},
        {"max_steps": 1},
        {"importance_samples": 3},
        {"options": {"test_size": 0.1}},
        {"device": "cuda"},
    ):
        assert replace(cell, **change).key != cell.key, change


def test_an_estimator_under_a_second_name_is_run_again_beside_itself() -> None:
    _, study = load_study("gmm-classics")
    resolved = resolve(study, profile="quick", estimators=["em", "sklearn"])
    first, _, second = plan_cells(resolved, "gmm-classics", "cpu")[:3]
    assert (first.estimator, second.estimator) == ("em", "em-again")
    assert (first.timing_only, second.timing_only) == (False, True)
    assert first.key != second.key
    assert first.key == cells()[0].key
    assert replace(second, estimator="em", timing_only=False).key == first.key


def test_how_results_are_judged_changes_no_key() -> None:
    _, study = load_study("gmm-classics")
    judged = Comparison(equivalent={"elbo": 3.0}, repeats=study.comparison.repeats)
    other = study.model_copy(update={"comparison": judged})
    planned = plan_cells(resolve(other, profile="quick"), "gmm-classics", "cpu")
    assert [cell.key for cell in planned] == [cell.key for cell in cells()]


def names_behind(*names: str) -> set[str]:
    return {file.stem for file in files_behind(*names)}


def test_the_code_behind_an_object_is_what_its_module_imports() -> None:
    em = names_behind("suite.gmm:EMGaussianMixture")
    assert {"em", "base", "moments", "random"} <= em  # random: of another package of the program
    assert not {"__init__", "svi", "sklearn_em", "pyro_model", "tables"} & em
    assert {"svi", "base", "settling"} <= names_behind("suite.gmm:SVIGaussianMixture")
    assert "svi" in names_behind("suite.gmm.svi:SVIGaussianMixture")


def test_the_code_behind_a_kind_has_all_its_parts_and_no_other_kinds() -> None:
    mixture = names_behind("studies.families.mixture")
    assert {"mixture", "mixture_criteria", "criteria", "initial"} <= mixture
    assert not {"vae", "bounds", "em", "svi"} & mixture
    assert {"vae", "bounds"} <= names_behind("studies.families.vae")


def test_a_change_in_what_is_imported_changes_the_fingerprint(monkeypatch) -> None:
    paths = ("suite.gmm:EMGaussianMixture", "suite.gmm:SklearnGaussianMixture")
    before = [fingerprint(path) for path in paths]
    reading = Path.read_bytes

    def changed(file: Path) -> bytes:
        return reading(file) + (b"\nanswer = 42\n" if file.name == "stepwise.py" else b"")

    monkeypatch.setattr(Path, "read_bytes", changed)
    after = [fingerprint(path) for path in paths]
    assert after[0] != before[0]
    assert after[1] == before[1]


def fingerprint(path: str) -> str:
    code_hash.cache_clear()
    return code_hash(path, "mixture")


def test_the_code_of_another_package_is_the_whole_of_it(tmp_path, monkeypatch) -> None:
    package = tmp_path / "code_of_others"
    (package / "inner").mkdir(parents=True)
    for name in ("__init__", "tree", "inner/roots"):
        (package / f"{name}.py").write_text("answer = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    before = fingerprint("code_of_others.tree:Tree")
    (package / "tree.py").write_text('"""A docstring changes nothing."""\nanswer = 1\n')
    assert fingerprint("code_of_others.tree:Tree") == before
    (package / "inner" / "roots.py").write_text("answer = 2\n")
    assert fingerprint("code_of_others.tree:Tree") != before


@pytest.mark.parametrize(
    ("name", "file"),
    [("with_template", "with_template/page.py"), ("compiled", f"compiled{EXTENSION_SUFFIXES[0]}")],
)
def test_a_file_that_is_no_python_counts_as_it_is(tmp_path, monkeypatch, name, file) -> None:
    source = tmp_path / file
    source.parent.mkdir(exist_ok=True)
    if source.parent != tmp_path:
        (source.parent / "__init__.py").touch()
    source.write_bytes(b"{{ page }}\0(")
    monkeypatch.syspath_prepend(tmp_path)
    before = fingerprint(f"{name}:A")
    source.write_bytes(b"{{ another }}\0(")
    assert fingerprint(f"{name}:A") != before


def test_the_code_of_a_lone_module_is_what_it_imports_from_its_folder(
    tmp_path, monkeypatch
) -> None:
    (tmp_path / "lone_tree.py").write_text("import numpy\n\n\ndef f():\n    import lone_root\n")
    (tmp_path / "lone_root.py").write_text("answer = 1\n")
    (tmp_path / "lone_stone.py").write_text("answer = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    before = fingerprint("lone_tree:Tree")
    (tmp_path / "lone_stone.py").write_text("answer = 2\n")
    assert fingerprint("lone_tree:Tree") == before
    (tmp_path / "lone_root.py").write_text("answer = 2\n")
    assert fingerprint("lone_tree:Tree") != before


def test_stored_results_are_found_again() -> None:
    """A key as it was when cells had these fields only: a field added since changes none."""
    cell = Cell(
        study="s",
        kind="mixture",
        dataset="iris",
        estimator="em",
        seed=1,
        load="iris",
        options={"test_size": 0.2},
        registered="em",
        settings={"n_components": 3},
        tolerance=1e-5,
        max_steps=100,
        time_limit=9.0,
        importance_samples=100,
        trace_limit=1000,
        threads=1,
        device="cpu",
        data_hash="d",
        code_hash="c",
    )
    assert cell.key == "6289f8201f58f988"
