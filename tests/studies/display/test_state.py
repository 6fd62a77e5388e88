"""What a display knows of a run: counts, the best, and an honest estimate of the time left."""

import pytest

from studies.display import Outline, StoredRun
from studies.display.state import RunState
from tests.studies.display.cells import ended_badly, ended_well, make_cell


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(clock: Clock) -> RunState:
    return RunState(clock)


def run(state: RunState, clock: Clock, cell, seconds: float, result=None) -> None:
    state.cell_begins(cell)
    clock.now += seconds
    state.cell_ends(cell, result or ended_well(cell))


def test_nothing_is_promised_before_anything_is_known(state: RunState) -> None:
    state.begin(Outline("t", 2, [make_cell(seed=0), make_cell(seed=1)]))
    assert state.seconds_left() is None


def test_like_cells_say_how_long_is_left(state: RunState, clock: Clock) -> None:
    todo = [make_cell(data, e, s) for s in range(2) for data in "ab" for e in ("em", "svi")]
    state.begin(Outline("t", len(todo), todo))
    for cell, seconds in zip(todo, (1, 10, 2, 20), strict=False):
        run(state, clock, cell, seconds)
    # Each of the second seed's cells takes what the first seed's did: 1 + 10 + 2 + 20.
    assert state.seconds_left() == pytest.approx(33)


def test_an_unknown_pair_takes_its_estimators_mean_else_the_mean(
    state: RunState, clock: Clock
) -> None:
    known = [make_cell("a", "em"), make_cell("a", "svi")]
    same_estimator, neither = make_cell("b", "em"), make_cell("b", "numpyro")
    state.begin(Outline("t", 4, [*known, same_estimator, neither]))
    run(state, clock, known[0], 1)
    run(state, clock, known[1], 9)
    assert state.seconds_left() == pytest.approx(1 + (1 + 9) / 2)


def test_a_running_cell_counts_by_its_rest_and_cells_at_once_share_the_work(
    state: RunState, clock: Clock
) -> None:
    todo = [make_cell(seed=s) for s in range(5)]
    state.begin(Outline("t", 5, todo))
    run(state, clock, todo[0], 10)
    state.cell_begins(todo[1])
    state.cell_begins(todo[2])
    clock.now += 4
    # Two rests of 6 s and two cells of 10 s, two at a time.
    assert state.seconds_left() == pytest.approx((6 + 6 + 10 + 10) / 2)
    clock.now += 60  # both are long overdue: what is left is at least what waits
    assert state.seconds_left() == pytest.approx(10)


def test_earlier_durations_serve_until_there_are_new_ones(state: RunState, clock: Clock) -> None:
    todo = [make_cell(seed=1), make_cell(seed=2)]
    seconds = {("fit_seconds", ""): 3.0, ("evaluation_seconds", ""): 1.0}
    state.begin(Outline("t", 3, todo, [StoredRun(make_cell(seed=0), "ok", seconds)]))
    assert state.seconds_left() == pytest.approx(8)
    run(state, clock, todo[0], 7)
    assert state.seconds_left() == pytest.approx(7)


def test_no_cell_is_expected_to_outlive_its_time_limit(state: RunState) -> None:
    cell = make_cell(seed=1, time_limit=5)
    state.begin(
        Outline("t", 2, [cell], [StoredRun(make_cell(), "ok", {("fit_seconds", ""): 60.0})])
    )
    assert state.seconds_left() == pytest.approx(5)


def test_counts_take_in_what_is_stored_but_not_what_is_redone(
    state: RunState, clock: Clock
) -> None:
    again, new = make_cell(seed=0), make_cell(seed=1)
    stored = [StoredRun(again, "failed"), StoredRun(make_cell(seed=2), "ok")]
    state.begin(Outline("t", 3, [again, new], stored))
    assert dict(state.counts) == {"ok": 1}
    run(state, clock, again, 1)
    run(state, clock, new, 1, ended_badly(new, "timeout"))
    assert dict(state.counts) == {"ok": 2, "timeout": 1}
    assert (state.done, state.waiting, state.running) == (3, 0, {})
    assert [ended.status for ended in state.failures] == ["timeout"]


def test_the_best_is_the_highest_of_comparable_regular_runs(state: RunState, clock: Clock) -> None:
    todo = [make_cell(seed=s) for s in range(4)]
    earlier = StoredRun(make_cell(seed=9), "ok", {("log_likelihood", "test"): -3.0})
    degenerate = {("log_likelihood", "test"): 50.0, ("regular", ""): 0.0}
    state.begin(Outline("t", 6, todo, [earlier, StoredRun(make_cell(seed=8), "ok", degenerate)]))
    (best,) = state.best.values()
    assert (best.value, best.cell.seed) == (-3.0, 9)
    run(state, clock, todo[0], 1, ended_well(todo[0], -2.0))
    run(state, clock, todo[1], 1, ended_well(todo[1], -2.5))
    run(state, clock, todo[2], 1, ended_well(todo[2], float("nan")))
    (best,) = state.best.values()
    assert (best.value, best.cell.seed, best.label) == (-2.0, 0, "log p(x)")
