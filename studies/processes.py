"""Cells in processes of their own: start one, hear from it, hold it to its limits, end it.

Processes are forked from a server that has done the heavy imports once. Each is the head of a
process group of its own, so that what it starts ends with it, and the system itself ends it when
the runner is gone (`studies.serving`).
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from time import monotonic
from typing import Any

from studies import serving
from studies.cells import Cell
from studies.memory import MemoryWatch
from studies.provenance import without_paths
from studies.results import CellResult, Score, Status
from suite.errors import InputError
from suite.registry import EstimatorSpec

_GRACE_SECONDS = 5.0
_DUMP_SECONDS = 0.5  # for a dump to begin
_DUMP_PAUSE = 0.1  # in the middle of one: it is written piece by piece
_preloaded = ["studies.serving", "studies.cli", "studies.preloading"]
"""What the server imports: a cell's code; and the command line, which every process would import
anew where the program was started as a script."""

STOP_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
"""What asks the runner to stop; the server and its processes leave them to it."""


def preload(specs: Iterable[EstimatorSpec]) -> None:
    """Have the server import these estimators, if they are of an optional extra, when it starts.

    A process imports what the server lacks by itself, before its clock starts.
    """
    modules = [spec.path.partition(":")[0] for spec in specs if spec.extra is not None]
    new = [module for module in dict.fromkeys(modules) if module not in _preloaded]
    _preloaded[:0] = new


class CellProcess:
    """A cell on its way in a process of its own.

    Parameters
    ----------
    cell
        What to run.
    memory_limit
        MB beyond what the process starts with, above which it is killed.
    on_step
        Told (step, objective) of the fit's progress.
    """

    def __init__(
        self, cell: Cell, memory_limit: float, on_step: Callable[[int, float], None]
    ) -> None:
        self.cell = cell
        self._memory_limit = memory_limit
        self._on_step = on_step
        self._process = _Process("cell", cell)
        self._deadline = monotonic() + cell.time_limit
        self._watch: MemoryWatch | None = None
        self._start_seconds: float | None = None
        self.import_seconds = 0.0
        """How long the server took for its imports, once it is known."""
        self._is_done = False

    @property
    def connection(self) -> Connection:
        """Ready to be read when there is something to hear."""
        return self._process.connection

    @property
    def patience(self) -> float:
        """Seconds after which the limits must be looked at again."""
        until_deadline = max(0.0, self._deadline - monotonic())
        return until_deadline if self._watch is None else min(until_deadline, self._watch.interval)

    def hear(self) -> CellResult | None:
        """Take in what the process has sent; the cell's result, if that is decided now."""
        try:
            while self.connection.poll():
                kind, *content = self._process.receive()
                if kind == "result":
                    return self._complete(content[0])
                if kind == "started":
                    self._start_seconds, self.import_seconds = content
                    self._watch = MemoryWatch(self._process.pid, self._memory_limit)
                else:
                    self._on_step(*content)
        except EOFError:
            return self._ended_by_itself()
        return self._over_a_limit()

    def end(self) -> None:
        """End the process and what it has started."""
        self._process.end(_GRACE_SECONDS if self._is_done else 0.0)

    def _complete(self, result: CellResult) -> CellResult:
        self._is_done = True
        scores = list(result.scores)
        if scores and self._start_seconds is not None:
            scores.append(Score("start_seconds", "", self._start_seconds))
        return replace(result, scores=scores, traceback=without_paths(result.traceback))

    def _ended_by_itself(self) -> CellResult:
        code = self._process.exit_code()
        dump = self._process.dump()
        if code is not None and code < 0:
            return self._lost("killed", f"its process was ended by {_signal_name(-code)}", dump)
        how = "in a way unknown" if code is None else f"by itself with exit code {code}"
        return self._lost("failed", f"its process ended {how}", dump)

    def _over_a_limit(self) -> CellResult | None:
        if monotonic() >= self._deadline:
            message = f"killed after {self.cell.time_limit:g} s"
            return self._lost("timeout", message, self._process.where_it_is())
        excess = None if self._watch is None else self._watch.excess()
        if excess is not None:
            message = _over_memory(excess, self._memory_limit)
            return self._lost("memory", message, self._process.where_it_is())
        return None

    def _lost(self, status: Status, message: str, dump: str) -> CellResult:
        return CellResult(self.cell.key, status, message, without_paths(dump))


def ask(function: str, argument: Any) -> Any:
    """The answer of one of the functions of `studies.serving`, computed in a process of its own.

    Raises
    ------
    InputError
        If the process ends without an answer.
    """
    process = _Process(function, argument)
    try:
        while True:
            kind, *content = process.receive()
            if kind != "started":
                return kind, *content
    except EOFError:
        code = process.exit_code()
        by_signal = code is not None and code < 0
        how = _signal_name(-(code or 0)) if by_signal else f"exit code {code}"
        remedy = "check that the data fit into memory" if by_signal else "see what it said above"
        raise InputError(
            "expected an answer from the process that checks the study, but it ended with "
            f"{how}; {remedy}."
        ) from None
    finally:
        process.end()


def listen(
    function: str, argument: Any, patience: float, memory_limit: float
) -> Iterator[tuple[Any, ...]]:
    """The messages of one of the functions of `studies.serving`, from a process of its own.

    Parameters
    ----------
    function, argument
        Which, and what it is given.
    patience
        Seconds to wait for each message.
    memory_limit
        MB beyond what the process starts with, above which it is killed.

    Raises
    ------
    TimeoutError
        If the next message, or the end, does not come in time.
    ChildProcessError
        If the process ends before it says that it is done, or takes too much memory.
    """
    process = _Process(function, argument)
    watch = MemoryWatch(process.pid, memory_limit)
    deadline = monotonic() + patience
    try:
        while monotonic() < deadline:
            if not process.connection.poll(min(watch.interval, patience)):
                if (excess := watch.excess()) is not None:
                    raise ChildProcessError(_over_memory(excess, memory_limit))
                continue
            kind, *content = process.receive()
            if kind == "done":
                return
            if kind == "started":
                watch = MemoryWatch(process.pid, memory_limit)
            else:
                yield kind, *content
            deadline = monotonic() + patience
        raise TimeoutError(process.where_it_is())
    except EOFError:
        code = process.exit_code()
        how = f"with exit code {code}" if code is None or code >= 0 else f"by {_signal_name(-code)}"
        raise ChildProcessError(f"its process was ended {how}") from None
    finally:
        process.end()


def _over_memory(excess: float, limit: float) -> str:
    return (
        f"killed at {excess:,.0f} MB beyond what its process started with; the limit is "
        f"{limit:,.0f} MB"
    )


class _Process:
    """A process that sends messages on one pipe and, when it crashes, where it was on another."""

    def __init__(self, function: str, argument: Any) -> None:
        context = _context()
        self.connection, sender = context.Pipe(duplex=False)
        self._dump, dump_sender = context.Pipe(duplex=False)
        self._process: ForkServerProcess = context.Process(
            target=serving.serve,
            args=(function, argument, sender, dump_sender, monotonic()),
            daemon=True,
        )
        # It may die before it has read what it is to do. Python then holds it for never started;
        # its end is heard on the connection all the same.
        with suppress(BrokenPipeError):
            self._process.start()
        sender.close()
        dump_sender.close()

    @property
    def pid(self) -> int | None:
        """The process's number, its group's as well; None if it died before that was known."""
        return self._process.pid

    def receive(self) -> Any:
        """Its next message.

        Raises
        ------
        EOFError
            If it has ended, also if that was in the middle of a message.
        """
        try:
            return self.connection.recv()
        except OSError as error:
            raise EOFError(str(error)) from error

    def exit_code(self) -> int | None:
        """How it ended, once it has; None if that is not known."""
        self._join(_GRACE_SECONDS)
        return self._process.exitcode

    def dump(self, patience: float = 0.0) -> str:
        """What it wrote of where it was."""
        written = b""
        with suppress(OSError, EOFError):
            while self._dump.poll(patience):
                if not (part := os.read(self._dump.fileno(), 1 << 16)):
                    break
                written, patience = written + part, min(patience, _DUMP_PAUSE)
        return written.decode(errors="replace")

    def where_it_is(self) -> str:
        """The Python lines that its threads are in, also if they are inside C code."""
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, serving.DUMP_SIGNAL)
        return self.dump(_DUMP_SECONDS)

    def end(self, grace: float = 0.0) -> None:
        """Kill it and its group, after `grace` seconds if it does not end by itself."""
        self.connection.close()
        if grace:
            self._join(grace)
        if self.pid is not None:
            for kill in (os.killpg, os.kill):
                with suppress(ProcessLookupError, PermissionError):
                    kill(self.pid, signal.SIGKILL)
        self._join(_GRACE_SECONDS)
        self._dump.close()

    def _join(self, seconds: float) -> None:
        if self.pid is not None:
            self._process.join(seconds)


def _context() -> ForkServerContext:
    """Processes forked from a server, which is started here if it is not running."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_preloaded)
    # The tracker unblocks signals as it starts, so it must be running before they are blocked. The
    # server inherits the blocked set, and so do its processes from their first instruction on.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return context


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal has no name
        return f"signal {number}"
