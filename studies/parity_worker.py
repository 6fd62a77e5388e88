"""What happens inside the parity gate's process: one estimator after the other is checked."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import torch
from threadpoolctl import threadpool_limits

from studies.families.parity import CHECKS
from studies.parity_checks import ParityCheck
from studies.provenance import without_paths
from studies.results import ParityRow
from studies.worker import load_dataset
from suite.data import Dataset
from suite.registry import UnavailableError


def checked(checks: list[ParityCheck]) -> Iterator[list[ParityRow]]:
    """The rows of each check in turn; whatever goes wrong becomes a row that says so."""
    loaded: tuple[Any, Dataset] | None = None
    for check in checks:
        began = perf_counter()
        provenance = {
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "load_average": os.getloadavg()[0],
            "threads": check.cell.threads,
        }
        torch.set_num_threads(check.cell.threads)
        try:
            with threadpool_limits(limits=check.cell.threads):
                if loaded is None or loaded[0] != check.data:
                    loaded = check.data, load_dataset(check.cell)
                rows = _rows(check, loaded[1])
        except UnavailableError as error:
            rows = [check.row("not available", str(error))]
        except (Exception, SystemExit) as error:
            text = without_paths(f"{type(error).__name__}: {error}")
            rows = [check.row("failed", text)]
        provenance["seconds"] = perf_counter() - began
        yield [replace(row, provenance=provenance) for row in rows]


def _rows(check: ParityCheck, dataset: Dataset) -> list[ParityRow]:
    agreements = CHECKS[check.cell.spec.family](check.cell, dataset)
    return [
        ParityRow(
            key=check.key,
            dataset=check.cell.dataset,
            estimator=check.cell.estimator,
            quantity=found.quantity,
            difference=found.difference,
            tolerance=found.tolerance,
            status=found.outcome,
            how=found.how,
            message=found.message,
        )
        for found in agreements
    ]
