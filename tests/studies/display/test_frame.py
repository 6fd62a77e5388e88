"""Frames of the live table fit the terminal, cut no number, and leave it usable."""

import io
import re

import pytest
from rich.cells import cell_len
from rich.console import Console

from studies.display import Outline, make_display
from studies.display.frame import frame
from studies.display.live import LiveDisplay
from studies.display.state import RunState
from tests.studies.display.cells import ended_badly, ended_well, make_cell

NAMES = [f"simulated with a long name n_components={k} separation=0.5" for k in range(12)]


def busy_state() -> RunState:
    """Forty cells: 12 ended well, 8 badly, 4 run, the rest wait."""
    state = RunState()
    todo = [make_cell(NAMES[i % 12], "sklearn", i) for i in range(40)]
    state.begin(Outline("gmm-classics", 40, todo))
    for i, cell in enumerate(todo[:20]):
        state.cell_begins(cell)
        bad = ended_badly(cell, "diverged", "not finite: log_likelihood (test), " * 3)
        state.cell_ends(cell, bad if i >= 12 else ended_well(cell, -123456.789 - i))
    for i, cell in enumerate(todo[20:24]):
        state.cell_begins(cell)
        state.step(cell, 1000 + i, -98765.432)
    return state


def drawn(state: RunState, width: int, height: int, *, colour: bool = False) -> list[str]:
    file = io.StringIO()
    console = Console(file=file, width=width, height=height, force_terminal=colour)
    console.print(frame(state, width=width, height=height))
    return file.getvalue().splitlines()


@pytest.mark.parametrize("height", [3, 6, 10, 24, 50])
@pytest.mark.parametrize("width", [40, 64, 80, 120])
def test_a_frame_fits(width: int, height: int) -> None:
    lines = drawn(busy_state(), width, height)
    assert len(lines) < height
    assert max(cell_len(line) for line in lines) <= width


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 24), (80, 40)])
def test_a_frame_says_everything_that_matters(width: int, height: int) -> None:
    text = "\n".join(drawn(busy_state(), width, height))
    assert "20/40" in text
    assert "12 ok, 8 diverged, 4 running, 16 waiting" in text
    assert "left" in text
    assert len(re.findall(r"step 100\d +-98765\.432 nats +0:0\d", text)) == 4
    assert "diverged: not finite" in text
    assert "log p(x) -123456.789" in text
    assert "… and" in text


def test_on_a_narrow_terminal_names_lose_their_ends_and_numbers_do_not() -> None:
    lines = drawn(busy_state(), 40, 24)
    running = [line for line in lines if "step" in line]
    assert len(running) == 4
    assert all(re.search(r"….*seed 2\d +step 100\d +0:0\d$", line) for line in running)
    assert any(re.search(r"log p\(x\) -123456\.789$", line) for line in lines)


def test_a_study_that_has_all_its_runs_says_what_it_does_next() -> None:
    state = RunState()
    cell = make_cell()
    state.begin(Outline("t", 1, [cell]))
    state.cell_begins(cell)
    state.cell_ends(cell, ended_well(cell))
    text = "\n".join(drawn(state, 80, 24))
    assert "1/1" in text
    assert "writing the report" in text


def test_no_colour_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    colour = re.compile(r"\x1b\[[0-9;]*3[0-9]")
    assert any(colour.search(line) for line in drawn(busy_state(), 80, 24, colour=True))
    monkeypatch.setenv("NO_COLOR", "1")
    assert not any(colour.search(line) for line in drawn(busy_state(), 80, 24, colour=True))


def live_console(file: io.StringIO) -> Console:
    return Console(file=file, width=80, height=24, force_terminal=True, force_interactive=True)


def interrupted(console: Console) -> None:
    cells = [make_cell(seed=s) for s in range(3)]
    with make_display(console) as display:
        assert isinstance(display, LiveDisplay)
        display.begin(Outline("t", 3, cells))
        display.cell_begins(cells[0])
        display.cell_ends(cells[0], ended_badly(cells[0], message="out of luck"))
        display.cell_begins(cells[1])
        display.step(cells[1], 7, -1.5)
        raise KeyboardInterrupt


def test_ctrl_c_leaves_the_terminal_usable_and_says_how_far_it_got() -> None:
    file = io.StringIO()
    with pytest.raises(KeyboardInterrupt):
        interrupted(live_console(file))
    written = file.getvalue()
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")
    rest = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", written[written.rindex("\x1b[?25h") :])
    assert "t: 1 of 3 runs done (1 failed)" in rest
    assert "iris / em / seed 0: failed: out of luck" in rest


def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    file = io.StringIO()
    with make_display(Console(file=file, width=40, force_terminal=True)) as display:
        cell = make_cell("a data set of a long name", seed=3)
        display.begin(Outline("t", 1, [cell]))
        display.cell_begins(cell)
        display.cell_ends(cell, ended_badly(cell, message="first\nsecond"))
    assert file.getvalue().splitlines() == [
        "t: 1 run, 0 of them stored already",
        "[1/1] a data set of a long name / em / seed 3: failed: first second",
    ]
