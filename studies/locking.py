"""One runner a folder: a lock that is held as long as the runner lives, and no longer."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path

from suite.errors import InputError

_NAME = ".running"


@contextmanager
def only_runner(folder: Path) -> Iterator[None]:
    """Hold `folder` for this process until the block ends.

    The system drops the lock when its holder ends, however it ends, so that none is ever left
    behind. It is the file's own (flock(2)) and the file says who holds it; a library's lock, whose
    file is emptied by whoever asks for it, cannot. A second runner is refused and does not wait:
    whoever started it by mistake is told at once, and nothing hangs unseen.

    Raises
    ------
    InputError
        If another process holds the folder; the message says which, and since when.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _NAME
    with _locked(path) as file:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        with suppress(OSError):  # a full disk: the lock holds all the same
            os.write(file.fileno(), json.dumps({"pid": os.getpid(), "since": since}).encode())
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def check_free(folder: Path) -> None:
    """Say at once, before anything long, that `only_runner` would refuse.

    Raises
    ------
    InputError
        If another process holds the folder.
    """
    path = folder / _NAME
    if path.exists():
        with only_runner(folder):
            pass


@contextmanager
def _locked(path: Path) -> Iterator[TextIOWrapper]:
    """The file at `path`, locked and empty."""
    while True:
        with open(path, "a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InputError(_who_holds(path)) from None
            if not _is_still_there(file, path):
                continue  # its holder has just let go and removed it: another may lock a new one
            file.truncate(0)
            yield file
            return


def _is_still_there(file: TextIOWrapper, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _who_holds(path: Path) -> str:
    holder = {"pid": "unknown", "since": "an unknown time"}
    with suppress(OSError, ValueError):
        holder |= json.loads(path.read_text(encoding="utf-8"))
    return (
        f"expected to be the only runner in {path.parent}, but process {holder['pid']} has been "
        f"running there since {holder['since']}; wait for it to end, or give --out another folder."
    )
