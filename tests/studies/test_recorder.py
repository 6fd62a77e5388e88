"""The clock stands still while progress is scored; the steps scored are the stated ones."""

import time
from itertools import pairwise

import pytest

from studies.recorder import Recorder
from suite.progress import Progress


def record(n_steps: int, **delays: float) -> tuple[Recorder, float]:
    def measure(progress: Progress) -> dict[tuple[str, str], float]:
        time.sleep(delays.get("measuring", 0.0))
        return {("objective", "train"): progress.objective}

    recorder = Recorder(measure, lambda step, objective: None)
    recorder.start()
    for step in range(1, n_steps + 1):
        time.sleep(delays.get("fitting", 0.0))
        recorder(Progress(step, float(step), dict))
    return recorder, recorder.finish()


def test_scoring_is_outside_the_clock() -> None:
    recorder, seconds = record(5, fitting=0.02, measuring=0.1)
    assert 0.1 <= seconds < 0.25  # 5 × 0.02 s of work; scoring alone would take 0.5 s
    times = [point.seconds for point in recorder.trace]
    assert times == sorted(times)
    assert times[-1] <= seconds


def test_all_early_steps_then_every_twentieth_part_and_the_last() -> None:
    recorder, _ = record(1000)
    steps = [point.step for point in recorder.trace]
    assert steps[:50] == list(range(1, 51))
    assert steps[-1] == 1000
    for earlier, later in pairwise(steps[49:-1]):
        assert later >= 1.05 * earlier
        assert later - 1 < 1.05 * earlier
    assert recorder.steps == 1000
    seconds = [point.seconds for point in recorder.trace]
    assert seconds == sorted(seconds)  # the last, scored by `finish`, as well
    assert seconds[-1] > 0


def test_no_step_at_all_is_zero_steps() -> None:
    recorder, _ = record(0)
    assert recorder.steps == 0
    assert recorder.trace == []


def test_set_up_is_in_the_first_step_and_in_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter([100.0, 105.0, 200.0, 201.0, 300.0, 303.0, 400.0, 402.0, 500.0, 500.25, 501.25])
    monkeypatch.setattr("studies.recorder.perf_counter", lambda: next(readings))
    recorder, seconds = record(4)  # started at 100; 5 s, 1 s, 3 s and 2 s; the rest is scoring
    assert recorder.first_step_seconds == 5
    assert recorder.step_seconds == 2  # the median of 1, 3 and 2
    assert seconds == 11.25
    # From each reading to the next start: 95 s, 99 s, 97 s, 98 s; and 1 s after the last step.
    assert recorder.progress_seconds == 95 + 99 + 97 + 98 + 1


def test_one_step_has_no_time_but_that_of_the_first() -> None:
    recorder, _ = record(1)
    assert recorder.first_step_seconds is not None
    assert recorder.step_seconds is None
    assert record(0)[0].first_step_seconds is None
