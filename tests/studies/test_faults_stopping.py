"""The runner stopped, killed or started twice, for real: what is stored stays, nothing is left."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import psutil
import pytest

from studies.locking import only_runner
from studies.results import ResultStore
from studies.runner import run_plan
from studies.stopping import exit_status, stoppable
from suite.errors import InputError
from tests.studies.faults import Log, gone, planned, write_study

_PATIENCE = 120.0  # for a subprocess on a busy machine to get where it should


class Runner:
    """`studies run` in a process of its own, on a study whose second cell never ends."""

    def __init__(self, folder: Path, *options: str, names: tuple[str, ...] = ("Sound", "Napping")):
        self.folder = folder
        study = folder / "study" / "faulty.toml"
        if not study.exists():
            write_study(folder / "study", names, time_limit=600)
        self.out = folder / "reports"
        self.store = ResultStore(self.out / "faulty" / "results.sqlite")
        command = [sys.executable, "-m", "tests.studies.run_without_gate", "run", str(study)]
        self.process = subprocess.Popen(
            [*command, "--out", str(self.out), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def napping(self) -> list[int]:
        """Wait for the cell that never ends; the numbers of its process and of its child."""
        started = self.folder / "study" / "started"
        until = monotonic() + _PATIENCE
        while monotonic() < until and self.process.poll() is None:
            if started.exists() and len(numbers := started.read_text().split()) == 2:
                started.unlink()
                return [int(text) for text in numbers]
            sleep(0.05)
        raise AssertionError(f"no cell came to nap: {self.output()}")

    def family(self) -> list[int]:
        """All processes that it has started so far."""
        return [p.pid for p in psutil.Process(self.process.pid).children(recursive=True)]

    def output(self) -> str:
        """All that it printed, once it has ended."""
        return self.process.communicate(timeout=_PATIENCE)[0]


def stored_whole(runner: Runner) -> None:
    """Only whole cells, in a sound file, in a folder that nobody holds."""
    assert list(runner.store.cells()["status"]) == ["ok", "not run"]
    with sqlite3.connect(runner.store.path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with only_runner(runner.store.path.parent):
        pass


def test_a_second_runner_is_refused_and_ctrl_c_ends_the_first_cleanly(tmp_path: Path) -> None:
    first = Runner(tmp_path)
    napping = first.napping()
    family = first.family()
    assert napping[0] in family
    second = Runner(tmp_path)
    output = second.output()
    assert second.process.returncode == 2
    (line,) = [line for line in output.splitlines() if line.startswith("error:")]
    assert f"process {first.process.pid} has been running there since 20" in line
    assert first.process.poll() is None

    os.kill(first.process.pid, signal.SIGINT)
    began = monotonic()
    output = first.output()
    assert monotonic() - began < 30  # seconds; the cell would go on for ten minutes
    assert first.process.returncode == 130, output
    assert "Stopped. What has finished is stored; the same command goes on" in output
    assert "Traceback" not in output
    assert gone([*family, *napping])
    stored_whole(first)


def test_kill_9_loses_the_cell_it_hit_and_a_rerun_does_what_is_missing(
    tmp_path: Path, no_parity_gate: None, no_report: None
) -> None:
    runner = Runner(tmp_path)
    napping = runner.napping()
    family = runner.family()
    os.kill(runner.process.pid, signal.SIGKILL)
    runner.output()
    assert gone([*family, *napping])  # also the cell, which is inside C code
    stored_whole(runner)
    log = Log()
    plan = planned(tmp_path / "study", ["Sound", "Napping"], time_limit=1.5)
    done = run_plan(plan, runner.out, log, arguments=[])
    assert log.begun == ["faithful / Napping / seed 0"]
    assert list(done.store.cells()["status"]) == ["ok", "timeout"]


def ask_to_stop(number: signal.Signals) -> None:
    with stoppable():
        os.kill(os.getpid(), number)
        sleep(5)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_that_ask_to_stop_do_what_ctrl_c_does(number: signal.Signals) -> None:
    outside = signal.signal(number, signal.SIG_DFL)  # under nohup it is ignored
    try:
        with pytest.raises(KeyboardInterrupt) as stopped:
            ask_to_stop(number)
        assert exit_status(stopped.value) == 128 + number
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, outside)


def test_the_lock_is_let_go_after_an_error_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), only_runner(tmp_path):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    refused = pytest.raises(InputError, match=f"process {os.getpid()} has been")
    with only_runner(tmp_path), refused, only_runner(tmp_path):
        pass
