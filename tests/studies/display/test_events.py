"""Events: one JSON object a line, with everything that a program needs."""

import io
import json
from pathlib import Path

from studies.display import EventDisplay, Outline, make_outline
from studies.results import CellResult, ResultStore, Score
from tests.studies.display.cells import ended_well, make_cell


class Flushing(io.StringIO):
    """A stream that counts how often it is flushed."""

    flushes = 0

    def flush(self) -> None:
        self.flushes += 1


def test_every_line_is_an_event() -> None:
    stream = Flushing()
    cell = make_cell("ñ", seed=4)
    with EventDisplay(stream) as display:
        display.begin(Outline("t", 3, [cell]))
        display.cell_begins(cell)
        display.step(cell, 5, -1.0)
        scores = [Score("elbo", "test", -2.5), Score("log_likelihood", "test", float("nan"))]
        display.cell_ends(cell, CellResult(cell.key, "diverged", "two\nlines", scores=scores))
        display.report_written("t", Path("reports/t/README.md"))
        display.run_ends({"ok": 2, "diverged": 1}, 1)
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert stream.flushes == len(events)
    kinds = ["study_begins", "cell_begins", "cell_ends", "report_written", "run_ends"]
    assert [event["event"] for event in events] == kinds
    assert events[0]["format"] == 1
    assert (events[0]["runs"], events[0]["stored"], events[0]["to_run"]) == (3, 2, 1)
    place = {"study": "t", "key": cell.key, "dataset": "ñ", "estimator": "em", "seed": 4}
    assert events[1] == {"event": "cell_begins", **place}
    ended = events[2]
    assert {name: ended[name] for name in place} == place
    assert (ended["status"], ended["message"]) == ("diverged", "two\nlines")
    assert 0 <= ended["seconds"] < 60
    assert ended["scores"] == [
        {"metric": "elbo", "split": "test", "value": -2.5, "unit": "nats per datum"},
        {"metric": "log_likelihood", "split": "test", "value": None, "unit": "nats per datum"},
    ]
    assert events[3]["path"] == "reports/t/README.md"
    assert events[4] == {
        "event": "run_ends",
        "runs": 3,
        "counts": {"ok": 2, "diverged": 1},
        "exit_status": 1,
        "message": "",
    }


def test_an_outline_knows_what_is_stored(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "results.sqlite")
    cells = [make_cell(seed=s) for s in range(2)]
    store.write_plan({}, [cell.planned() for cell in cells], {})
    store.write_cell(cells[0].description(), ended_well(cells[0], -4.0))
    outline = make_outline("t", cells, cells[1:], store)
    assert (outline.total, outline.done) == (2, 1)
    (stored,) = outline.stored
    assert (stored.cell, stored.status) == (cells[0], "ok")
    assert stored.scores["log_likelihood", "test"] == -4.0
