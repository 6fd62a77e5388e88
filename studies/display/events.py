"""The display for machines: a JSON object a line for everything that happens."""

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from studies.cells import Cell
from studies.display.outline import Outline
from studies.display.protocol import SilentDisplay
from studies.display.state import RunState
from studies.metrics import METRICS
from studies.results import CellResult, Score

FORMAT = 1
"""Of the events; raised when a field changes its meaning or goes. Fields may be added."""


class EventDisplay(SilentDisplay):
    """Writes events, each a JSON object on a line of its own, flushed.

    | event | fields |
    | --- | --- |
    | `study_begins` | `format`, `study`, `runs`, `stored`, `to_run` |
    | `note` | `study`, `text`: a sentence for people |
    | `cell_begins` | `study`, `key`, `dataset`, `estimator`, `seed` |
    | `cell_ends` | those, and `status`, `message`, `seconds`, `scores`, `done`, `runs` |
    | `report_written` | `study`, `path` |
    | `run_ends` | `runs`, `counts` (by status), `exit_status`, `message` |

    `seconds` is the cell's wall time, its process's start included. `scores` is a list of objects
    with `metric`, `split`, `value` (null if it is not finite) and `unit`. `run_ends` is the last
    line, also after Ctrl-C.

    Parameters
    ----------
    stream
        Where the lines go.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._state = RunState()

    def begin(self, outline: Outline) -> None:
        """Write `study_begins`."""
        self._state = RunState()
        self._state.begin(outline)
        self._write(
            "study_begins",
            format=FORMAT,
            study=outline.study,
            runs=outline.total,
            stored=outline.done,
            to_run=len(outline.todo),
        )

    def note(self, text: str) -> None:
        """Write `note`."""
        self._write("note", study=self._state.outline.study, text=text)

    def cell_begins(self, cell: Cell) -> None:
        """Write `cell_begins`."""
        self._state.cell_begins(cell)
        self._write("cell_begins", **self._coordinates(cell))

    def cell_ends(self, cell: Cell, result: CellResult) -> None:
        """Write `cell_ends`."""
        ended = self._state.cell_ends(cell, result)
        self._write(
            "cell_ends",
            **self._coordinates(cell),
            status=result.status,
            message=result.message,
            seconds=round(ended.seconds, 6),
            scores=[_score(score) for score in result.scores],
            done=self._state.done,
            runs=self._state.outline.total,
        )

    def report_written(self, study: str, path: Path) -> None:
        """Write `report_written`."""
        self._write("report_written", study=study, path=str(path))

    def run_ends(self, counts: Mapping[str, int], exit_status: int, message: str = "") -> None:
        """Write `run_ends`; `counts` is over all studies, by status."""
        self._write(
            "run_ends",
            runs=sum(counts.values()),
            counts=dict(counts),
            exit_status=exit_status,
            message=message,
        )

    def _coordinates(self, cell: Cell) -> dict[str, Any]:
        return {
            "study": self._state.outline.study,
            "key": cell.key,
            "dataset": cell.dataset,
            "estimator": cell.estimator,
            "seed": cell.seed,
        }

    def _write(self, event: str, **fields: Any) -> None:
        line = json.dumps({"event": event, **fields}, ensure_ascii=False, allow_nan=False)
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except BrokenPipeError:
            # Its reader has gone; what is still buffered must not fail again as Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            raise


def _score(score: Score) -> dict[str, Any]:
    unit = METRICS[score.metric].unit if score.metric in METRICS else ""
    value = float(score.value) if math.isfinite(score.value) else None
    return {"metric": score.metric, "split": score.split, "value": value, "unit": unit}
