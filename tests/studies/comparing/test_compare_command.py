"""`studies compare` as its users meet it: exit status, lists, JSON and the Markdown file."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from studies.cli import app, main
from tests.studies.comparing.test_comparison import noisy, shifted, stored
from tests.studies.report.synthetic import failing

DATASETS = ("iris", "a|b")
VALUES = 2 * 3 * (3 * 2 + 2) + 3
"""Data sets × estimators × (three scores on two splits, steps, time); times over all data sets."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sets")
    stored(folder / "a", datasets=DATASETS)
    failed = failing("a|b", "svi", 2, status="killed")
    worse = lambda cell, result: failed(  # noqa: E731
        cell, shifted("log_likelihood", -0.25)(cell, result)
    )
    stored(folder / "b", datasets=(*DATASETS, "wine"), change=noisy(worse, seed=1))
    return folder


def compare(folder: Path, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["compare", *arguments], env={"COLUMNS": "80"})
    return done.exit_code, done.stdout


def test_what_moved_is_shown_and_nothing_else_is_dropped(folders: Path) -> None:
    a, b = str(folders / "a"), str(folders / "b")
    status, text = compare(folders, a, b)
    assert status == 1
    assert f"made-up: 1 of {VALUES} values and the status of 1 run moved." in text
    assert "ended otherwise: a|b / svi / seed 2: ok → killed" in text
    assert f"only in {b}: wine / em: seeds 0, 1, 2" in " ".join(text.split())
    assert "iris, EM (by hand)" in text
    assert "−0.25" in text
    assert "adjusted Rand index" not in text
    assert "adjusted Rand index" in compare(folders, a, b, "--all")[1]


def test_the_same_set_has_not_moved(folders: Path) -> None:
    status, text = compare(folders, str(folders / "a"), str(folders / "a" / "results.sqlite"))
    assert status == 0
    assert "made-up: nothing moved beyond the noise." in text


def test_json_holds_everything(folders: Path) -> None:
    status, text = compare(folders, str(folders / "a"), str(folders / "b"), "--json")
    found = json.loads(text)
    assert (status, found["moved"], found["format"]) == (1, True, 1)
    (study,) = found["studies"]
    assert study["status_changes"] == [
        {"dataset": "a|b", "estimator": "svi", "seed": 2, "before": "ok", "after": "killed"}
    ]
    assert len(study["only_in_b"]) == 9
    assert len(study["values"]) == VALUES
    (value,) = [value for value in study["values"] if value["moved"]]
    assert (value["dataset"], value["estimator"], value["metric"]) == (
        "iris",
        "em",
        "log_likelihood",
    )
    assert value["change"] == pytest.approx(-0.25)
    assert value["finding"] == "worse"
    whole = [v for v in study["values"] if v["dataset"] is None]
    assert {v["metric"] for v in whole} == {"fit_seconds"}
    assert all(0.9 < v["change"] < 1.1 for v in whole)


def test_the_markdown_file_holds_every_value_and_escapes_names(
    folders: Path, tmp_path: Path
) -> None:
    file = tmp_path / "new" / "compared.md"
    status, _ = compare(folders, str(folders / "a"), str(folders / "b"), "--out", str(file))
    assert status == 1
    rows = [line for line in file.read_text().splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + VALUES
    assert {len(row.replace(r"\|", "").split("|")) for row in rows} == {11}
    assert sum("**worse" in row for row in rows) == 1


@pytest.mark.parametrize("command", ["compare A B --out FILE", "export A --format csv --out DIR"])
def test_what_cannot_be_written_is_one_line_and_no_movement(
    folders: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    (tmp_path / "file").touch()
    words = {"A": folders / "a", "B": folders / "b"}
    words |= {"FILE": tmp_path / "file" / "found.md", "DIR": tmp_path / "file" / "folder"}
    monkeypatch.setattr("sys.argv", ["studies", *(str(words.get(w, w)) for w in command.split())])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    told = capsys.readouterr()
    assert told.err.startswith("error: ")
    assert told.err.count("\n") == 1
    assert str(tmp_path / "file") in told.err


def test_what_is_no_set_of_results_is_refused(folders: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["compare", str(folders / "a"), str(tmp_path)])
    assert "expected stored results at" in str(done.exception)
