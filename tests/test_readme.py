"""What the README shows must work: its Python snippets, its study file, its commands."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from studies.profiles import resolve
from studies.study_files import load_study, parse_study

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.DOTALL)


@pytest.mark.parametrize("snippet", blocks("python"))
def test_every_snippet_is_short_and_runs(snippet: str, tmp_path: Path) -> None:
    assert len(snippet.splitlines()) <= 15
    check = "\nassert 'losses' not in dir() or losses[-1] < losses[0]\n"
    done = subprocess.run(
        [sys.executable, "-c", snippet + check],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_study_file_shown_is_a_study(tmp_path: Path) -> None:
    study, *_ = blocks("toml")
    (tmp_path / "mine.toml").write_text(study, encoding="utf-8")
    (tmp_path / "points.csv").write_text("x,y,species\n1,2,a\n", encoding="utf-8")
    name, content = load_study(str(tmp_path / "mine.toml"))
    assert name == "mine"
    assert content.datasets["mine"].load == str(tmp_path / "points.csv")


def test_the_sweep_shown_takes_the_place_of_its_data_set() -> None:
    study, sweep, _ = blocks("toml")
    rest = re.sub(r"\[datasets\.mine\].*?(?=\n\[)", "", study, flags=re.DOTALL)
    swept = parse_study(rest + sweep, "mine.toml")
    assert len(resolve(swept).datasets) == 4 * 2
    assert len(resolve(swept, profile="quick").datasets) == 2 * 2


def test_the_judging_shown_is_an_addition_to_the_study() -> None:
    study, _, judging = blocks("toml")
    content = resolve(parse_study(study + judging, "mine.toml"))
    assert content.comparison.equivalent == {"log_likelihood": 0.01, "fit_seconds": 0.05}
    assert content.estimators["em-again"].estimator == "em"


def test_every_relative_link_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert "reports/README.md" in links
    missing = [link for link in links if not (ROOT / link).exists()]
    assert missing == []


def test_the_commands_shown_are_make_targets() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    shown = set(re.findall(r"(?:`|^    )make ([a-z-]+)", TEXT, flags=re.MULTILINE))
    assert {"study", "test"} <= shown <= targets
