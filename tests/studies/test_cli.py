"""The command line as a user meets it: exit codes, one-line errors, untouched reports."""

import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from studies.cli import main

STUDY = """
title = "t"
question = "q?"
kind = "mixture"
baseline = "em"
metrics = ["log_likelihood", "fit_seconds"]
seeds = 1

[stopping]
max_steps = 20

[datasets.own]
load = "own.csv"
settings = { n_components = 2 }

[estimators.em]

[estimators.sklearn]
"""


def studies(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.run(
        [sys.executable, "-m", "studies", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.toml").write_text(STUDY)
    rows = np.random.default_rng(0).normal(size=(40, 2)) + np.repeat([[0.0], [6.0]], 20, axis=0)
    lines = ["a,b", *(f"{x},{y}" for x, y in rows)]
    (tmp_path / "own.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "kept.txt").write_text("kept")
    return tmp_path


def content(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_users_own_file_from_data_to_report(folder: Path) -> None:
    done = studies("run", "mine.toml", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "reports/mine/README.md" in done.stdout
    table = done.stdout.partition("medians over seeds")[2]
    assert "EM (scikit-learn)" in table
    assert not re.search(r"\d…", table)
    report = (folder / "reports" / "mine" / "README.md").read_text()
    assert "own" in report
    assert str(folder) not in report
    made = content(folder / "reports")
    again = studies("report", "mine", cwd=folder)
    assert again.returncode == 0, again.stderr
    assert content(folder / "reports") == made


def replaced(file: str, old: str, new: str):
    def change(folder: Path) -> None:
        path = folder / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))

    return change


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        (lambda f: (f / "own.csv").unlink(), ["mine.toml"], "own.csv"),
        (replaced("own.csv", "a,b\n", "a,b\nx,1\n"), ["mine.toml"], "a"),
        (replaced("own.csv", "a,b\n", "a,b\n1,nan\n"), ["mine.toml"], "missing|NaN"),
        (replaced("own.csv", "a,b\n", "a,b\n1,inf\n"), ["mine.toml"], "inf"),
        (lambda f: (f / "own.csv").write_text("a;b\n1;2\n3;4\n"), ["mine.toml"], "separator|;"),
        (
            replaced("mine.toml", "s = 2 }", "s = 99 }"),
            ["mine.toml"],
            "fewer components or give more",
        ),
        (replaced("mine.toml", "max_steps", "max_step"), ["mine.toml"], "stopping.max_step: unkn"),
        (replaced("mine.toml", "[estimators.em]", "[estimators.emm]"), ["mine.toml"], "baseline"),
        (lambda f: None, ["unknown-study"], "unknown study 'unknown-study'; known: em-is-vi"),
        (lambda f: None, ["none.toml"], "expected a study file at none.toml"),
        (lambda f: None, ["mine.toml", "--estimators", "x"], "no estimator 'x'; it has: em"),
        (lambda f: None, ["mine.toml", "--datasets", "x"], "no dataset 'x'; it has: own"),
        (lambda f: None, ["mine.toml", "--profile", "x"], "unknown profile 'x'; known: full"),
        (lambda f: None, ["mine.toml", "--device", "abacus"], "device must be"),
        (lambda f: None, [], "expected a study; give --all or one of"),
    ],
)
def test_bad_input_is_one_line_exit_2_and_leaves_the_reports(
    folder: Path,
    change: Callable[[Path], object],
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    change(folder)
    before = content(folder / "reports")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["studies", "run", *arguments])
    with pytest.raises(SystemExit) as exit_:
        main()
    printed = capsys.readouterr()
    assert exit_.value.code == 2, printed
    lines = printed.err.strip().splitlines()
    assert len(lines) == 1, printed.err
    assert lines[0].startswith("error: ")
    assert any(part in lines[0] for part in message.split("|")), lines[0]
    assert content(folder / "reports") == before


def test_bad_input_ends_the_process_so_too(folder: Path) -> None:
    (folder / "own.csv").unlink()
    done = studies("run", "mine.toml", cwd=folder)
    assert done.returncode == 2, done.stdout + done.stderr
    assert re.fullmatch(r"error: .*own\.csv.*\n", done.stderr)


def test_report_of_what_was_never_run_is_one_line_and_exit_2(folder: Path) -> None:
    done = studies("report", "mine", cwd=folder)
    assert done.returncode == 2
    assert done.stderr.startswith("error: expected stored results at ")
    assert len(done.stderr.splitlines()) == 1


def test_help_needs_less_than_half_a_second_of_processor_time(tmp_path: Path) -> None:
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert "run" in studies("--help", cwd=tmp_path).stdout
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(seconds) < 0.5


def test_show_says_what_would_run(tmp_path: Path) -> None:
    done = studies("show", "gmm-classics", "--profile", "quick", cwd=tmp_path)
    assert "8 data sets × 3 estimators × 3 seeds = 72" in done.stdout
    listed = studies("list", cwd=tmp_path).stdout
    files = resources.files("studies").joinpath("builtin").iterdir()
    expected = sorted(file.name[:-5] for file in files if file.name.endswith(".toml"))
    assert {"em-is-vi", "gmm-classics", "vae-mnist"} < set(expected)
    assert [line.split()[0] for line in listed.splitlines()] == [*expected, "tour"]
