"""The parity gate: before anything is timed, do the implementations compute the same thing?

Each estimator of a study is asked for its log-likelihood, its bound and its gradient at given
parameters, by its own code (`suite.evaluation.parity`). The checks run in a process like a cell's,
all of a study in one unless that process ends before its time; then the check it was at is stored
as lost, and another process goes on with the next. Nothing that happens there stops a study. What
is stored already, under a key of all that decides it, is not checked again.
"""

from collections.abc import Callable, Iterator, Sequence

from studies.cells import Cell
from studies.memory import default_limit
from studies.parity_checks import ParityCheck, parity_checks
from studies.processes import listen
from studies.results import ParityRow, ResultStore

_LOST = ("failed", "timeout", "killed")
_LONGEST_CHECK = 120.0
"""Seconds; a check takes well under one where the machine is not busy."""


def run_gate(
    cells: Sequence[Cell],
    store: ResultStore,
    *,
    force: bool = False,
    note: Callable[[str], None] = lambda text: None,
) -> None:
    """Check what is not stored yet, and store each outcome as it comes.

    Parameters
    ----------
    cells
        The study's, with their data's hash.
    store
        Where outcomes go; those of checks that the study no longer has are forgotten.
    force
        Check all again.
    note
        Told in a sentence of each estimator that fails.
    """
    checks = parity_checks(cells)
    planned = [check.key for check in checks]
    stored = store.parity()
    lost = set(stored.loc[stored["status"].isin(_LOST), "key"])
    done = set() if force else set(stored["key"]) - lost
    todo = [check for check in checks if check.key not in done]
    if not todo and set(stored["key"]) - set(planned):
        store.write_parity([], planned)
    failing: set[str] = set()
    while todo:
        for rows in _as_far_as_it_goes(todo):
            todo = todo[1:]
            store.write_parity(rows, planned)
            bad = [row for row in rows if row.status not in ("agrees", "not available")]
            if bad and bad[0].estimator not in failing:
                failing.add(bad[0].estimator)
                note(_sentence(bad[0]))


def _as_far_as_it_goes(todo: list[ParityCheck]) -> Iterator[list[ParityRow]]:
    """The rows of the checks in turn; those of a check that ends its process are the last."""
    patience = min(todo[0].cell.time_limit, _LONGEST_CHECK)
    n_done = 0
    try:
        limit = todo[0].cell.memory_limit or default_limit(1)
        for _, rows in listen("parity", todo, patience, limit):
            n_done += 1
            yield rows
    # A process that ends badly after its last check has lost none.
    except TimeoutError:
        if n_done < len(todo):
            yield [todo[n_done].row("timeout", f"killed after {patience:g} s")]
    except ChildProcessError as error:
        if n_done < len(todo):
            yield [todo[n_done].row("killed", str(error))]


def _sentence(row: ParityRow) -> str:
    what = (
        f"differs in its {row.quantity.replace('_', '-')}"
        if row.status == "differs"
        else (f"came to no end ({row.status}: {row.message})")
    )
    return (
        f"{row.estimator} {what} at given parameters on {row.dataset}: it is not ranked against "
        "any other."
    )
