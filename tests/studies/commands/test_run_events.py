"""`studies run --json` and `--quiet`: standard output holds what was promised and nothing else."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from studies.commands import running
from studies.commands.run_output import EventOutput, TextOutput
from studies.commands.running import run_studies
from studies.display import Display, EventDisplay, make_outline
from studies.results import ResultStore
from studies.runner import RunPlan, StudyRun
from suite.errors import InputError
from tests.studies.display.cells import ended_badly, ended_well, make_cell

STUDY = """
title = "t"
question = "q?"
kind = "mixture"
baseline = "em"
metrics = ["log_likelihood", "fit_seconds"]
seeds = 1
sections = ["scores"]

[stopping]
max_steps = 5

[datasets.faithful]
settings = { n_components = 2 }

[estimators.em]

[estimators.loud]
estimator = "loud_estimator:Loud"
"""
LOUD = """
import os
from suite.gmm import EMGaussianMixture

print("imported")

class Loud(EMGaussianMixture):
    def fit(self, X, y=None, **options):
        print("fitting")
        os.system("echo from a program")
        return super().fit(X, y, **options)
"""

NO_STUDY = SimpleNamespace(estimators={})


@pytest.fixture(autouse=True)
def _no_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "preload", lambda specs: None)


def studies(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).resolve().parents[3]
    return subprocess.run(
        [sys.executable, "-m", "studies", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{cwd}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def parsed(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_run_as_events(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(STUDY)
    (tmp_path / "loud_estimator.py").write_text(LOUD)
    done = studies("run", "mine.toml", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "from a program" in done.stderr
    # What notes there are depends on the machine: that others use it too, say.
    events = [event for event in parsed(done.stdout) if event["event"] != "note"]
    kinds = [event["event"] for event in events]
    assert kinds[0] == "study_begins"
    assert sorted(kinds[1:5]) == ["cell_begins"] * 2 + ["cell_ends"] * 2
    assert kinds[5:] == ["report_written", "run_ends"]
    ends = [event for event in events if event["event"] == "cell_ends"]
    assert {event["estimator"] for event in ends} == {"em", "loud"}
    for event in ends:
        scores = {(score["metric"], score["split"]): score["value"] for score in event["scores"]}
        assert event["status"] == "ok"
        assert scores["log_likelihood", "test"] < 0
        assert event["seconds"] > scores["fit_seconds", ""] > 0
    assert (tmp_path / events[5]["path"]).is_file()
    last = {"event": "run_ends", "runs": 2, "counts": {"ok": 2}, "exit_status": 0, "message": ""}
    assert events[6] == last


def test_quietly_there_is_the_final_summary_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = [make_cell(seed=s) for s in range(3)]

    def run_made_up(plan: RunPlan, folder: Path, display: Display, **options: object) -> StudyRun:
        store = ResultStore(folder / plan.name / "results.sqlite")
        document = {"kind": "mixture", "baseline": "em", "metrics": ["log_likelihood"]}
        store.write_plan(document, [cell.planned() for cell in cells], {})
        display.begin(make_outline("t", cells, cells, store))
        for cell in cells:
            display.cell_begins(cell)
            bad = ended_badly(cell, "timeout") if cell.seed == 2 else None
            result = bad or ended_well(cell, -1.25)
            store.write_cell(cell.description(), result)
            display.cell_ends(cell, result)
        return StudyRun("t", store, Path("there/README.md"), 1)

    monkeypatch.setattr(running, "prepare", lambda *options: RunPlan("t", None, "full", cells))
    monkeypatch.setattr(running, "run_plan", run_made_up)
    options = {"profile": "full", "device": "cpu", "force": False}
    assert run_studies([("t", NO_STUDY)], TextOutput(quiet=True), tmp_path, **options) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "t: medians over seeds"
    assert lines[-4].split()[-3:] == ["2/3", "—", "−1.250"]
    assert lines[-2:] == [
        "Report: there/README.md",
        "1 run did not end well; the reports show which and why.",
    ]


def test_quiet_and_json_at_once_are_refused_in_one_line(tmp_path: Path) -> None:
    done = studies("run", "gmm-classics", "--quiet", "--json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: --quiet and --json: expected one of them at most; leave one out.\n"
    )


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (KeyboardInterrupt(), 130, "Stopped. What has finished is stored"),
        (OSError("could not write: disk full"), 1, "error: could not write: disk full"),
    ],
)
def test_events_end_with_why_also_when_cut_short(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    status: int,
    message: str,
) -> None:
    def stop(*arguments: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(running, "prepare", stop)
    stream = io.StringIO()
    output = EventOutput(EventDisplay(stream))
    options = {"profile": "full", "device": "cpu", "force": False}
    assert run_studies([("t", NO_STUDY)], output, tmp_path, **options) == status
    (event,) = parsed(stream.getvalue())
    assert event["event"] == "run_ends"
    assert event["exit_status"] == status
    assert event["message"].startswith(message)


def test_a_mistake_in_what_was_asked_is_an_event_and_still_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*arguments: object) -> None:
        raise InputError("no such data.")

    monkeypatch.setattr(running, "prepare", refuse)
    stream = io.StringIO()
    options = {"profile": "full", "device": "cpu", "force": False}
    for output in (EventOutput(EventDisplay(stream)), TextOutput(quiet=True)):
        with pytest.raises(InputError, match="no such data"):
            run_studies([("t", NO_STUDY)], output, tmp_path, **options)
    (event,) = parsed(stream.getvalue())
    assert (event["exit_status"], event["message"]) == (2, "error: no such data.")
    assert capsys.readouterr().out == ""
