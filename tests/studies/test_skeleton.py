"""`studies new`: what it writes runs as it is, and nothing is overwritten."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from studies.cells import plan_cells
from studies.cli import app
from studies.profiles import resolve
from studies.study_files import load_study
from studies.worker import run_cell
from suite.errors import InputError


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))


def new(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["new", *arguments])
    if done.exception is not None:
        raise done.exception
    return done.output


@pytest.mark.parametrize(("kind", "name"), [("mixture", "ThawMixture"), ("vae", "ThawVae")])
def test_a_new_estimator_runs_in_a_new_study(kind: str, name: str) -> None:
    told = new("estimator", name, "--kind", kind)
    path = f"thaw_{kind}:{name}"
    assert f"studies check {path}" in told
    told = new("study", "thawing", "--estimator", path)
    assert "studies run thawing.toml" in told
    study_name, study = load_study("thawing.toml")
    assert study.kind == kind
    resolved = resolve(study, profile="quick")
    assert resolved.estimators["mine"].label == name
    mine = next(c for c in plan_cells(resolved, study_name, "cpu") if c.estimator == "mine")
    result = run_cell(mine, lambda step, objective: None)
    assert result.status == "ok", result.traceback


@pytest.mark.parametrize("kind", ["mixture", "vae"])
def test_a_new_study_without_an_estimator_of_ones_own_is_one(kind: str) -> None:
    new("study", "plain", "--kind", kind)
    assert "mine" not in load_study("plain.toml")[1].estimators


def test_nothing_is_overwritten() -> None:
    Path("kept_as_it_is.py").write_text("mine")
    Path("kept.toml").write_text("mine")
    for arguments in (("estimator", "KeptAsItIs"), ("study", "kept")):
        with pytest.raises(InputError, match="there is one, and nothing is overwritten"):
            new(*arguments)
    assert Path("kept_as_it_is.py").read_text() == Path("kept.toml").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("estimator", "json"), "there is a module json already; choose another"),
        (("estimator", "fast-mixture"), "the name of a class or module, such as FastMixture"),
        (("estimator", "class"), "the name of a class or module"),
        (("estimator", "Fast", "--kind", "forest"), "a kind, mixture or vae, got 'forest'"),
        (("study", "gmm-classics"), "'gmm-classics' is built in; choose another"),
        (("study", "vae"), "'vae' is built in"),
        (("study", "a/b"), "expected the name of a study"),
        (("study", "fine", "--estimator", "birch"), "unknown estimator 'birch'"),
    ],
)
def test_a_mistake_writes_nothing(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        new(*arguments)
    assert list(Path().iterdir()) == []
