"""The store of results: one SQLite file a study, written a whole cell at a time.

A cell is written in one transaction when it ends, so that a killed run loses that cell alone. The
store keeps every cell ever run under its content key; the *plan* says which of them the study, as
last run, consists of. A planned cell without a row has not been run yet.
"""

import json
import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from studies.metrics import METRICS
from studies.results_database import Database
from suite.errors import InputError

Status = Literal[
    "ok", "failed", "diverged", "timeout", "memory", "killed", "unavailable", "not run"
]
"""How a run ended.

"memory" is one that wanted more than its limit or than there is, "killed" one whose process was
ended by a signal, "unavailable" one whose estimator needs an extra that is not installed.
"""

NO_FAILURE: tuple[Status, ...] = ("ok", "unavailable")
"""How runs end that no exit status complains of."""


@dataclass(frozen=True)
class Score:
    """One measured value; `split` is "train", "test" or, for the run as a whole, ""."""

    metric: str
    split: str
    value: float


@dataclass(frozen=True)
class TracePoint:
    """One value on the way: after `step` steps and `seconds` of fitting."""

    step: int
    seconds: float
    metric: str
    split: str
    value: float


@dataclass(frozen=True)
class CellResult:
    """Everything that one cell left behind, whether it succeeded or not."""

    key: str
    status: Status
    message: str = ""
    traceback: str = ""
    dataset_facts: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    scores: Sequence[Score] = ()
    trace: Sequence[TracePoint] = ()
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class PlannedCell:
    """One line of the plan: a cell's key, its coordinates and its whole description."""

    key: str
    dataset: str
    estimator: str
    seed: int
    description: Mapping[str, Any]


@dataclass(frozen=True)
class ParityRow:
    """One quantity of the parity gate: what an estimator's own code differs by at given parameters.

    Parameters
    ----------
    key
        Names the check: a hash of all that decides its outcome.
    dataset, estimator, quantity
        What was checked. A check that came to no end has the one quantity "all".
    difference, tolerance
        Relative, without unit; NaN where there is none.
    status
        "agrees", "differs", "not available", or how the check ended: "failed", "timeout", "killed".
    how
        Which way the estimator's figure was got.
    message
        What went wrong, or why there is nothing.
    provenance
        Where and when.
    """

    key: str
    dataset: str
    estimator: str
    quantity: str
    difference: float
    tolerance: float
    status: str
    how: str = ""
    message: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)


class ResultStore:
    """The results of one study.

    Parameters
    ----------
    path
        The SQLite file. It is created by the first write; reading a missing one is an error.

    Raises
    ------
    InputError
        From any method, if the file is missing, damaged, no store or one of an unknown version.
    OSError
        From any method, if the disk is full or cannot be used; what was stored is intact.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._database = Database(self.path)

    # -- writing -----------------------------------------------------------------------------

    def write_plan(
        self,
        document: Mapping[str, Any],
        plan: Sequence[PlannedCell],
        provenance: Mapping[str, Any],
    ) -> None:
        """Make `plan` what the study consists of; results already stored stay."""
        with self._database.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO study VALUES (1, ?, ?)",
                (_dump(document), _dump(provenance)),
            )
            connection.execute("DELETE FROM plan")
            connection.executemany(
                "INSERT INTO plan VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (i, cell.key, cell.dataset, cell.estimator, cell.seed, _dump(cell.description))
                    for i, cell in enumerate(plan)
                ],
            )

    def write_cell(self, description: Mapping[str, Any], result: CellResult) -> None:
        """Store one cell, replacing what was stored under its key, all or nothing."""
        key = result.key
        with self._database.writing() as connection:
            for table in ("cells", "scores", "trace", "arrays"):
                connection.execute(f"DELETE FROM {table} WHERE key = ?", (key,))
            connection.execute(
                "INSERT INTO cells VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    key,
                    _dump(description),
                    result.status,
                    result.message,
                    result.traceback,
                    _dump(result.dataset_facts),
                    _dump(result.provenance),
                ),
            )
            connection.executemany(
                "INSERT INTO scores VALUES (?, ?, ?, ?)",
                [(key, s.metric, s.split, _finite(s.value)) for s in result.scores],
            )
            connection.executemany(
                "INSERT INTO trace VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (key, p.step, p.seconds, p.metric, p.split, _finite(p.value))
                    for p in result.trace
                ],
            )
            connection.executemany(
                "INSERT INTO arrays VALUES (?, ?, ?)",
                [(key, name, _pack(array)) for name, array in result.arrays.items()],
            )

    def write_parity(self, rows: Sequence[ParityRow], planned: Sequence[str]) -> None:
        """Store checks of the parity gate, and forget those whose key is not `planned`."""
        with self._database.writing() as connection:
            kept = set(planned) - {row.key for row in rows}
            stored = {key for (key,) in connection.execute("SELECT DISTINCT key FROM parity")}
            connection.executemany(
                "DELETE FROM parity WHERE key = ?", [(key,) for key in stored - kept]
            )
            connection.executemany(
                "INSERT INTO parity VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        *(r.key, r.dataset, r.estimator, r.quantity),
                        *(_finite(r.difference), _finite(r.tolerance), r.status),
                        *(r.how, r.message, _dump(r.provenance)),
                    )
                    for r in rows
                ],
            )

    def prune(self) -> int:
        """Delete the results that the plan does not name; return how many cells went."""
        with self._database.writing() as connection:
            for table in ("scores", "trace", "arrays"):
                connection.execute(f"DELETE FROM {table} WHERE key NOT IN (SELECT key FROM plan)")
            gone = connection.execute(
                "DELETE FROM cells WHERE key NOT IN (SELECT key FROM plan)"
            ).rowcount
        self._database.compact()
        return gone

    def begin_run(self, facts: Mapping[str, Any]) -> int:
        """Note that a run begins, and what it runs on; return its number, for its cells to name.

        A cell names it as "run" in its provenance.
        """
        with self._database.writing() as connection:
            row = connection.execute("INSERT INTO runs (facts) VALUES (?)", (_dump(facts),))
            assert row.lastrowid is not None
            return row.lastrowid

    def end_run(self, run: int, account: Mapping[str, Any]) -> None:
        """Add what a run took (`studies.accounts`)."""
        with self._database.writing() as connection:
            connection.execute("UPDATE runs SET account = ? WHERE id = ?", (_dump(account), run))

    # -- reading -----------------------------------------------------------------------------

    def is_blank(self) -> bool:
        """Whether nothing has been stored yet."""
        return self._database.is_blank()

    def runs(self) -> dict[int, dict[str, Any]]:
        """The runs that the stored cells come from, by number.

        Each is what it ran on, as in `provenance`, and as "account" what it took, unless it was
        ended before it could say so. A store of version 1 knows of none.
        """
        with self._database.reading() as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone():
                return {}
            rows = connection.execute("SELECT id, facts, account FROM runs ORDER BY id").fetchall()
        return {
            number: _load(facts) | ({"account": _load(account)} if account else {})
            for number, facts, account in rows
        }

    def document(self) -> dict[str, Any]:
        """The study as it was last run: its file's content with the profile applied."""
        return _load(self._one("SELECT document FROM study"))

    def provenance(self) -> dict[str, Any]:
        """Where and with what the plan was last run."""
        return _load(self._one("SELECT provenance FROM study"))

    def finished(self) -> set[str]:
        """The keys of all stored cells that ended well."""
        if self.is_blank():
            return set()
        with self._database.reading() as connection:
            rows = connection.execute("SELECT key FROM cells WHERE status = 'ok'").fetchall()
        return {key for (key,) in rows}

    def cells(self) -> pd.DataFrame:
        """One row a planned cell, in the plan's order.

        Columns: key, dataset, estimator, seed, status, message, traceback, description,
        dataset_facts, provenance (the last three are dictionaries).
        """
        frame = self._frame(
            "SELECT plan.key, dataset, estimator, seed, coalesce(status, 'not run') AS status, "
            "coalesce(message, '') AS message, coalesce(traceback, '') AS traceback, "
            "plan.cell AS description, coalesce(dataset_facts, '{}') AS dataset_facts, "
            "coalesce(provenance, '{}') AS provenance "
            "FROM plan LEFT JOIN cells USING (key) ORDER BY ordinal"
        )
        for column in ("description", "dataset_facts", "provenance"):
            frame[column] = frame[column].map(_load)
        return frame

    def scores(self) -> pd.DataFrame:
        """One row a measured value of the plan's cells.

        Columns: key, dataset, estimator, seed, status, metric, split, value, unit. A value that
        was not finite is NaN.
        """
        frame = self._frame(
            "SELECT plan.key, dataset, estimator, seed, status, metric, split, value "
            "FROM plan JOIN cells USING (key) JOIN scores USING (key) "
            "ORDER BY ordinal, metric, split"
        )
        frame["value"] = frame["value"].astype(float)
        frame["unit"] = [METRICS[name].unit for name in frame["metric"]]
        return frame

    def trace(self) -> pd.DataFrame:
        """The way each of the plan's cells took.

        Columns: key, dataset, estimator, seed, step, seconds, metric, split, value.
        """
        frame = self._frame(
            "SELECT plan.key, dataset, estimator, seed, step, seconds, metric, split, value "
            "FROM plan JOIN trace USING (key) ORDER BY ordinal, metric, split, step"
        )
        frame["value"] = frame["value"].astype(float)
        return frame

    def arrays(self, key: str) -> dict[str, np.ndarray]:
        """The arrays that the cell `key` left, by name."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT name, content FROM arrays WHERE key = ? ORDER BY name", (key,)
            ).fetchall()
        return {name: _unpack(content) for name, content in rows}

    def parity(self) -> pd.DataFrame:
        """The parity gate, one row a quantity checked; no row if no gate has been run.

        Columns: the names of `ParityRow`.
        """
        with self._database.reading() as connection:
            made = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'parity'")
            if made.fetchone() is None:  # a store from before there was a gate
                return pd.DataFrame(columns=[f.name for f in fields(ParityRow)])
            frame = _table(connection, "SELECT * FROM parity ORDER BY dataset, estimator, quantity")
        frame[["difference", "tolerance"]] = frame[["difference", "tolerance"]].astype(float)
        frame["provenance"] = frame["provenance"].map(_load)
        return frame

    def _one(self, query: str) -> str:
        with self._database.reading() as connection:
            row = connection.execute(query).fetchone()
        if row is None:
            raise InputError(f"{self.path} holds no study; run it first (`studies run NAME`).")
        text: str = row[0]
        return text

    def _frame(self, query: str) -> pd.DataFrame:
        with self._database.reading() as connection:
            return _table(connection, query)


def _table(connection: sqlite3.Connection, query: str) -> pd.DataFrame:
    """As pandas.read_sql_query has it, which would hide SQLite's errors behind one of its own."""
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description]
    return pd.DataFrame.from_records(cursor.fetchall(), columns=names, coerce_float=True)


def _dump(content: Mapping[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=False)


def _load(text: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _finite(value: float) -> float | None:
    """SQLite has no NaN: a value that is not finite is stored as NULL and read as NaN."""
    return float(value) if np.isfinite(value) else None


def _pack(array: np.ndarray) -> bytes:
    buffer = BytesIO()
    np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return zlib.compress(buffer.getvalue(), level=9)


def _unpack(content: bytes) -> np.ndarray:
    array: np.ndarray = np.load(BytesIO(zlib.decompress(content)), allow_pickle=False)
    return array
