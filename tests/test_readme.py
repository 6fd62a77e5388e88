"""What the README and CONTRIBUTING show must work: snippets, study files, commands, figures."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from studies.profiles import resolve
from studies.report.front_page import BEGIN, END, filled, results_table
from studies.study_files import load_study, parse_study
from suite.data import load
from suite.errors import InputError

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
HOUSE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
TABLE = TEXT.partition(BEGIN)[2].partition(END)[0].strip()


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder but for the reader's own file, my.csv: flowers and their species."""
    iris = load("iris")
    table = pd.DataFrame(iris.train, columns=list(iris.feature_names))
    table["species"] = np.array(iris.label_names)[iris.train_labels]
    table.to_csv(tmp_path / "my.csv", index=False)
    return tmp_path


def run(folder: Path, *command: str) -> str:
    """What a command prints, run by this Python in an empty home."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={
            "PYTHONPATH": str(ROOT),
            "PATH": os.defpath,
            "HOME": str(folder),
            "OMP_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("snippet", blocks(TEXT, "python"))
def test_every_snippet_is_short_and_runs(snippet: str, folder: Path) -> None:
    assert len(snippet.splitlines()) <= 15
    check = "\nassert 'losses' not in dir() or losses[-1] < losses[0]\n"
    run(folder, "-c", snippet + check)


def test_the_study_file_shown_runs(folder: Path) -> None:
    (study,) = blocks(TEXT, "toml")
    assert len(study.splitlines()) <= 15
    (folder / "mine.toml").write_text(study, encoding="utf-8")
    _, content = load_study(str(folder / "mine.toml"))
    assert content.datasets["mine"].load == str(folder / "my.csv")
    run(folder, "-m", "studies", "run", "mine.toml", "--seeds", "1", "--estimators", "em")
    report = (folder / "reports" / "mine" / "README.md").read_text(encoding="utf-8")
    assert "mine | EM (by hand) | 1/1" in report


def test_the_sweep_shown_takes_the_place_of_its_data_set() -> None:
    (study,) = blocks(TEXT, "toml")
    sweep, _ = blocks(HOUSE, "toml")
    rest = re.sub(r"\[datasets\.mine\].*?(?=\n\[)", "", study, flags=re.DOTALL)
    swept = parse_study(rest + sweep, "mine.toml")
    assert len(resolve(swept).datasets) == 4 * 2
    assert len(resolve(swept, profile="quick").datasets) == 2 * 2


def test_the_judging_shown_is_an_addition_to_the_study() -> None:
    (study,) = blocks(TEXT, "toml")
    _, judging = blocks(HOUSE, "toml")
    content = resolve(parse_study(study + judging, "mine.toml"))
    assert content.comparison.equivalent == {"log_likelihood": 0.01, "fit_seconds": 0.05}
    assert content.estimators["em-again"].estimator == "em"


@pytest.mark.parametrize("text", [TEXT, HOUSE], ids=["README", "CONTRIBUTING"])
def test_every_relative_link_leads_to_a_file_and_a_heading(text: str) -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    for link in links:
        file, _, heading = link.partition("#")
        path = ROOT / (file or "README.md")
        assert path.exists(), link
        if heading:
            titles = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), flags=re.MULTILINE)
            assert heading in [title.lower().replace(" ", "-") for title in titles], link


def test_the_commands_shown_are_make_targets_and_commands() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    shown = set(re.findall(r"(?:`|^    )make ([a-z-]+)", TEXT, flags=re.MULTILINE))
    assert {"study", "test"} <= shown <= targets
    commands = set(re.findall(r"^    \.venv/bin/studies ([a-z]+)", TEXT, flags=re.MULTILINE))
    assert commands == {"list", "show", "run", "report", "compare", "export", "new", "check"}


def test_the_table_has_every_study_and_the_answers_of_the_reports() -> None:
    index = (ROOT / "reports" / "README.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in TABLE.splitlines()[2:]]
    linked = {re.findall(r"\]\(reports/(.+?)/README\.md\)", study)[0] for study, _ in rows}
    assert linked == {path.parent.name for path in (ROOT / "reports").glob("*/results.sqlite")}
    for study, answer in rows:
        assert answer.replace(r"\|", "|") in index, study


@pytest.mark.slow
def test_the_table_is_what_the_stored_results_answer(tmp_path: Path) -> None:
    for store in (ROOT / "reports").glob("*/results.sqlite"):
        (tmp_path / store.parent.name).mkdir()
        shutil.copy(store, tmp_path / store.parent.name)
    assert results_table(tmp_path) == TABLE


@pytest.mark.parametrize("text", ["", BEGIN, END + BEGIN, BEGIN + BEGIN + END, BEGIN + END + END])
def test_a_readme_without_its_two_marks_is_left_alone(text: str) -> None:
    with pytest.raises(InputError, match="once each"):
        filled(text, "table")
