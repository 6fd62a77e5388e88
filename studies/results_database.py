"""The SQLite file behind a store of results: its tables, its versions, and what can go wrong.

Everything is written in transactions, so that whatever ends the program, and a disk that is full,
leave the file as it was before the write or as it is after it.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from suite.errors import InputError

VERSION = 2
"""Of the tables. A store of version 1 has no runs: its cells do not say what they ran on."""

_READABLE = (1, VERSION)
_WAIT_SECONDS = 30.0  # for a write of another process

_TABLES = """
CREATE TABLE IF NOT EXISTS study (
    id INTEGER PRIMARY KEY CHECK (id = 1), document TEXT NOT NULL, provenance TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS plan (
    ordinal INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE,
    dataset TEXT NOT NULL, estimator TEXT NOT NULL, seed INTEGER NOT NULL, cell TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS cells (
    key TEXT PRIMARY KEY, cell TEXT NOT NULL, status TEXT NOT NULL, message TEXT NOT NULL,
    traceback TEXT NOT NULL, dataset_facts TEXT NOT NULL, provenance TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS scores (
    key TEXT NOT NULL, metric TEXT NOT NULL, split TEXT NOT NULL, value REAL,
    PRIMARY KEY (key, metric, split)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS trace (
    key TEXT NOT NULL, step INTEGER NOT NULL, seconds REAL NOT NULL, metric TEXT NOT NULL,
    split TEXT NOT NULL, value REAL,
    PRIMARY KEY (key, metric, split, step)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS arrays (
    key TEXT NOT NULL, name TEXT NOT NULL, content BLOB NOT NULL,
    PRIMARY KEY (key, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS parity (
    key TEXT NOT NULL, dataset TEXT NOT NULL, estimator TEXT NOT NULL, quantity TEXT NOT NULL,
    difference REAL, tolerance REAL, status TEXT NOT NULL, how TEXT NOT NULL,
    message TEXT NOT NULL, provenance TEXT NOT NULL,
    PRIMARY KEY (key, quantity)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY, facts TEXT NOT NULL, account TEXT);
"""


class Database:
    """One SQLite file.

    Parameters
    ----------
    path
        Where it is. It is created by the first write; reading a missing one is an error.

    Raises
    ------
    InputError
        From any method, if the file is missing, damaged, or no store of a version that this
        program knows.
    OSError
        If it cannot be written, because the disk is full for example; it is as it was then.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction that is kept if the block ends well."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._translated(), self._connected("rwc") as connection:
            connection.execute("PRAGMA synchronous = FULL")
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                self._bring_up_to_date(connection)
                yield connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that changes nothing, but undoes a write that was cut short."""
        if not self.path.exists():
            raise self._missing()
        # A process that was killed while it wrote leaves a journal from which the next one to open
        # the file restores it, and for that may not open it read-only.
        cut_short = self.path.with_name(f"{self.path.name}-journal").exists()
        with self._translated(), self._connected("rw" if cut_short else "ro") as connection:
            version = _version(connection)
            if version not in _READABLE:
                raise self._missing() if _is_blank(connection) else self._foreign(version)
            yield connection

    def is_blank(self) -> bool:
        """Whether nothing has been written yet: no file, or one whose first write was cut short."""
        if not self.path.exists():
            return True
        with self._translated(), self._connected("rw") as connection:
            return _is_blank(connection)

    def compact(self) -> None:
        """Give the space of what was deleted back."""
        with self._translated(), self._connected("rw") as connection:
            connection.execute("VACUUM")

    @contextmanager
    def _connected(self, mode: str) -> Iterator[sqlite3.Connection]:
        uri = f"{self.path.resolve().as_uri()}?mode={mode}"
        with closing(sqlite3.connect(uri, uri=True, timeout=_WAIT_SECONDS)) as connection:
            yield connection

    def _bring_up_to_date(self, connection: sqlite3.Connection) -> None:
        version = _version(connection)
        if version not in _READABLE and not _is_blank(connection):
            raise self._foreign(version)
        for statement in _TABLES.split(";"):
            connection.execute(statement)
        if version == 1:
            _say_what_cells_ran_on(connection)
        if version != VERSION:
            connection.execute(f"PRAGMA user_version = {VERSION}")

    def _missing(self) -> InputError:
        return InputError(
            f"expected stored results at {self.path}, found none; "
            "run the study first (`studies run NAME`)."
        )

    def _foreign(self, version: int) -> InputError:
        known = " or ".join(map(str, _READABLE))
        found = f"version {version}" if version else "another program's file"
        return InputError(
            f"expected a store of version {known} at {self.path}, found {found}; move it away and "
            "run the study again."
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the kind
            if code in _DAMAGED:
                raise InputError(
                    f"expected a store of results at {self.path}, but it is damaged ({error}); "
                    "move it away and run the study again."
                ) from error
            if code in _REMEDIES:
                raise OSError(
                    f"could not use {self.path}: {error}; {_REMEDIES[code]}, then run the study "
                    "again, which does only what is missing."
                ) from error
            raise


_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_REMEDIES = {
    sqlite3.SQLITE_FULL: "free some space",
    sqlite3.SQLITE_IOERR: "free some space or look after the disk",
    sqlite3.SQLITE_READONLY: "allow writing there",
    sqlite3.SQLITE_CANTOPEN: "allow writing there or free some space",
    sqlite3.SQLITE_PERM: "allow reading and writing there",
    sqlite3.SQLITE_BUSY: "wait for the program that is using it",
}


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _is_blank(connection: sqlite3.Connection) -> bool:
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    return _version(connection) == 0 and tables == 0


def _say_what_cells_ran_on(connection: sqlite3.Connection) -> None:
    """Make one run of all cells of version 1, of which the last plan says what they ran on."""
    row = connection.execute("SELECT provenance FROM study").fetchone()
    if row is None:
        return
    run = connection.execute("INSERT INTO runs (facts) VALUES (?)", row).lastrowid
    stored = connection.execute("SELECT key, provenance FROM cells").fetchall()
    connection.executemany(
        "UPDATE cells SET provenance = ? WHERE key = ?",
        [
            (json.dumps({**json.loads(text), "run": run}, sort_keys=True), key)
            for key, text in stored
        ],
    )
