"""What `studies run` prints: for people on a terminal or in a log, or events for programs."""

import os
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

from rich.console import Console

from studies.commands.summary import summary_lines
from studies.display import Display, EventDisplay, make_display
from studies.results import NO_FAILURE
from suite.errors import InputError

if TYPE_CHECKING:
    from studies.runner import RunPlan, StudyRun

_WIDTH_WITHOUT_TERMINAL = 110
_MISUSE = 2


class RunOutput(Protocol):
    """Told how a command goes, beside what its displays are told of each study."""

    def checking(self) -> None:
        """The studies and their data are being checked."""

    def display(self) -> Display:
        """The display for the next study."""

    def finished(self, run: "StudyRun") -> None:
        """A study's report is written."""

    def ends(
        self, runs: "Sequence[StudyRun]", counts: Counter[str], exit_status: int, message: str = ""
    ) -> None:
        """The command ends; `message` says why, if it is not because all is done."""


class TextOutput:
    """Lines for people.

    Parameters
    ----------
    quiet
        Print only what the command ends with.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        console = Console()
        self._console = console if console.is_terminal else Console(width=_WIDTH_WITHOUT_TERMINAL)

    def checking(self) -> None:
        """Say so: it may take a while, and nothing else is to be seen."""
        if not self._quiet:
            self._console.print("Checking the studies and their data …")

    def display(self) -> Display:
        """A live table, lines or nothing."""
        return make_display(self._console, quiet=self._quiet)

    def finished(self, run: "StudyRun") -> None:
        """Print nothing: all summaries come at the end."""

    def ends(
        self, runs: "Sequence[StudyRun]", counts: Counter[str], exit_status: int, message: str = ""
    ) -> None:
        """Print each study's medians and where its report is, and what did not end well.

        A user's mistake is left to the command line, which says it on standard error.
        """
        from studies.report import summary_table

        if message:
            if exit_status != _MISUSE:
                self._print(message)
            return
        for run in runs:
            table = summary_lines(summary_table(run.store), run.name, self._console.width)
            self._print("\n".join(table) + "\n")
        for run in runs:
            if run.account and not self._quiet:
                self._print(f"{run.name}: {run.account.sentence()}.")
            self._print(f"Report: {run.report}")
        failures = sum(n for status, n in counts.items() if status not in NO_FAILURE)
        if failures:
            runs_did = "1 run" if failures == 1 else f"{failures} runs"
            self._print(f"{runs_did} did not end well; the reports show which and why.")

    def _print(self, text: str) -> None:
        self._console.print(text, soft_wrap=True, highlight=False, markup=False)


class EventOutput:
    """Events for programs.

    Parameters
    ----------
    events
        Writes them.
    """

    def __init__(self, events: EventDisplay) -> None:
        self._events = events

    def checking(self) -> None:
        """Write nothing."""

    def display(self) -> Display:
        """The same for every study."""
        return self._events

    def finished(self, run: "StudyRun") -> None:
        """Write `report_written`."""
        self._events.report_written(run.name, run.report)

    def ends(
        self, runs: "Sequence[StudyRun]", counts: Counter[str], exit_status: int, message: str = ""
    ) -> None:
        """Write `run_ends`."""
        self._events.run_ends(counts, exit_status, message)


def reserved_stdout() -> TextIO:
    """Standard output for events alone.

    What anything else prints from now on, an estimator of one's own say, here or in a process of
    its own, goes to standard error instead.
    """
    sys.stdout.flush()
    stream = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return stream


def count_statuses(plans: "Sequence[RunPlan]", folder: Path) -> Counter[str]:
    """How many of the plans' runs ended in which way, by what is stored in `folder`."""
    from studies.results import ResultStore

    counts: Counter[str] = Counter()
    for plan in plans:
        store = ResultStore(folder / plan.name / "results.sqlite")
        known = {}
        with suppress(InputError, OSError):  # none yet, or it is what the command ends for
            known = dict(store.cells()[["key", "status"]].to_numpy())
        counts.update(known.get(cell.key, "not run") for cell in plan.cells)
    return counts
