"""The first lines that run in a process of the study runner, and the functions it serves.

Everything heavy is imported inside functions: the runner imports this module too. In the server
that processes are forked from it is loaded already (`studies.preloading`).
"""

import faulthandler
import fcntl
import os
import select
import signal
import warnings
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any

from studies.cells import Cell
from suite.errors import InputError

if TYPE_CHECKING:
    from studies.parity_checks import ParityCheck

DUMP_SIGNAL = signal.SIGUSR1
"""Makes a process write where it is."""

_NOTICES_PER_SECOND = 10.0
_FIRST_TO_GO = "1000"  # the highest oom_score_adj (proc(5))


def serve(
    function: str, argument: Any, connection: Connection, dump: Connection, asked: float
) -> None:
    """Run one of this module's functions in the process that this is the entry point of.

    Parameters
    ----------
    function, argument
        Which, and what it is given beside the connection.
    connection
        Where its messages go. The first is ("started", seconds since it was asked for, seconds
        that the server's imports took).
    dump
        Where the process writes what lines it is in, on `DUMP_SIGNAL` or a fatal one.
    asked
        `time.monotonic()` when the process was asked for; that clock is the whole system's.
    """
    _die_with_the_runner()
    faulthandler.enable(file=dump.fileno())
    faulthandler.register(DUMP_SIGNAL, file=dump.fileno(), all_threads=True)
    from sklearn.exceptions import ConvergenceWarning

    from studies.preloading import IMPORT_SECONDS

    # Whether a fit converged is in its results; a warning between the lines of a run is noise.
    warnings.simplefilter("ignore", ConvergenceWarning)
    with suppress(BrokenPipeError):  # the parent is gone: nobody wants the answer any more
        connection.send(("started", monotonic() - asked, IMPORT_SECONDS))
        _SERVED[function](argument, connection)
    connection.close()


def _serve_cell(cell: Cell, connection: Connection) -> None:
    """Run `cell`; send ("step", n, objective) on the way, then ("result", …)."""
    from studies.worker import run_cell

    last = 0.0

    def notice(step: int, objective: float) -> None:
        nonlocal last
        if perf_counter() - last > 1 / _NOTICES_PER_SECOND:
            last = perf_counter()
            connection.send(("step", step, objective))

    connection.send(("result", run_cell(cell, notice)))


def _serve_preflight(cells: list[Cell], connection: Connection) -> None:
    """Send ("cells", the cells with their data's hash) or ("error", what is wrong with them)."""
    from studies.worker import preflight

    try:
        connection.send(("cells", preflight(cells)))
    except InputError as error:
        connection.send(("error", str(error)))


def _serve_parity(checks: "list[ParityCheck]", connection: Connection) -> None:
    """Send ("rows", what was found) of each check, then ("done",)."""
    from studies.parity_worker import checked

    for rows in checked(checks):
        connection.send(("rows", rows))
    connection.send(("done",))


_SERVED: dict[str, Callable[[Any, Connection], None]] = {
    "cell": _serve_cell,
    "preflight": _serve_preflight,
    "parity": _serve_parity,
}


def _die_with_the_runner() -> None:
    """Head a group of one's own that the system ends when the runner is gone.

    A pipe from the runner, on which nothing is sent, is closed when it ends, however it ends.
    O_ASYNC has the kernel signal that to the whole group, and SIGIO, which nothing handles, ends a
    process also while it is inside C code.
    """
    os.setpgid(0, 0)
    with suppress(OSError):  # elsewhere than on Linux
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO)
    runner = parent_process()
    assert runner is not None
    pipe = runner.sentinel
    fcntl.fcntl(pipe, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([pipe], [], [], 0)[0]:  # it was closed before that
        os._exit(1)
    # The server blocks what stops the runner. A terminal's Ctrl-C does not reach this group; what
    # is sent to this very process is meant for it.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGHUP})
