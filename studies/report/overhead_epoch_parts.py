"""What an epoch's time consists of beside its matrix products, part by part."""

from collections.abc import Sequence

import pandas as pd

from studies.report.loaded import StudyResults
from studies.report.model import Block, Column, Entry, Table, Text
from studies.report.numbers import linked
from studies.report.overhead_data import Size, present, ranged
from studies.report.overhead_words import RANGE, range_entry, span
from studies.report.tables import RUNS_OK, ok_entry
from studies.report.words import escaped, listed, significant

_NAME = "epoch-parts"
_PARTS = {
    "epoch_product_seconds": "products",
    "epoch_optimizer_seconds": "Adam",
    "epoch_minibatch_seconds": "minibatches",
    "epoch_likelihood_seconds": "likelihood",
}
"""The metrics of the parts, and their names."""


def epoch_part_blocks(results: StudyResults, sizes: Sequence[Size]) -> list[Block]:
    """The parts in words and as a table; nothing where none was measured."""
    rows, records = [], []
    for size in sizes:
        for name in present(results, [size]):
            parts = epoch_parts(results, size.dataset, name)
            if parts.empty:
                continue
            shown = [ranged(parts[column]) for column in (*_PARTS.values(), "rest", "epoch")]
            together = ranged(parts["together"] / parts["products"])
            rows.append(
                (
                    Entry(escaped(size.dataset)),
                    Entry(results.label(name)),
                    ok_entry(results, [size.dataset], [name]),
                    *(range_entry(values) for values in shown),
                    Entry(significant(together.median), span(together)),
                )
            )
            medians = [values.median for values in shown]
            first = ranged(1 + parts["Adam"] / parts["products"])
            records.append((size.dataset, name, *medians, first.median, together.median))
    if not rows:
        return []
    columns = [f"{name.lower()}_seconds" for name in (*_PARTS.values(), "rest", "epoch")]
    table = Table(
        _NAME,
        f"{RANGE} Each part was timed alone. The rest is what the epoch took beyond them: "
        "activations, noise, the divergence and dispatching; below 0 where parts were fused or "
        "the machine was faster during the fit. The last column is the four parts over the "
        "products.",
        (
            Column("data", align="left"),
            Column("implementation", align="left"),
            RUNS_OK,
            *(Column(name, "s") for name in (*_PARTS.values(), "rest", "epoch")),
            Column("parts / products"),
        ),
        tuple(rows),
        pd.DataFrame(
            records,
            columns=["dataset", "estimator", *columns, "adam_ratio", "parts_ratio"],
        ),
    )
    return [Text(_sentence(results, table.frame)), table]


def epoch_parts(results: StudyResults, dataset: str, name: str) -> pd.DataFrame:
    """Seconds by repetition: the parts, all of them `together`, the `epoch` and its `rest`."""
    columns = {part: results.values(metric, "", dataset, name) for metric, part in _PARTS.items()}
    columns["epoch"] = results.values("step_seconds", "", dataset, name)
    frame = pd.DataFrame(columns).dropna()
    together = frame[list(_PARTS.values())].sum(axis=1)
    return frame.assign(together=together, rest=frame["epoch"] - together)


def _sentence(results: StudyResults, frame: pd.DataFrame) -> str:
    said = {
        column: listed(
            [
                linked(
                    significant(row[column]),
                    _NAME,
                    column,
                    where={"dataset": row["dataset"], "estimator": row["estimator"]},
                )
                + f" ({escaped(row['dataset'])}, {results.label(row['estimator'])})"
                for row in frame.to_dict("records")
            ]
        )
        for column in ("adam_ratio", "parts_ratio")
    }
    return (
        "**What lies between an epoch and its products.** Adam reads and writes every weight, its "
        "slope and its two moments at each step; rows are gathered into minibatches, and their "
        "bits drawn where they are drawn anew; the likelihood and its slope pass over every "
        "pixel. None of this is a product of matrices. Timed alone, in the process of the fit and "
        "on its threads, products and Adam one after the other take this many times as long as "
        f"the products: {said['adam_ratio']}; with minibatches and likelihood: "
        f"{said['parts_ratio']}. A loop that did only this, part after part, would take that."
    )
