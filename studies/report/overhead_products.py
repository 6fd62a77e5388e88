"""Every implementation's epoch beside the time of its matrix products alone."""

from collections.abc import Sequence

import pandas as pd

from studies.report.loaded import StudyResults
from studies.report.model import Block, Column, Entry, Table, Text
from studies.report.numbers import linked
from studies.report.overhead_data import Ranged, Size, present, product_ratios, ranged
from studies.report.overhead_words import RANGE, range_entry, span
from studies.report.parity_data import may_be_ranked
from studies.report.tables import RUNS_OK, ok_entry
from studies.report.words import MISSING, escaped, listed, significant

_NAME = "products"
_OTHER_PRODUCTS = "numpyro-vae"
"""Whose products are not PyTorch's."""


def product_blocks(results: StudyResults, sizes: Sequence[Size]) -> list[Block]:
    """The bound in words and as a table; nothing where no products were timed."""
    table = _table(results, sizes)
    if table.frame["product_seconds"].isna().all():
        return []
    said = _other_products(results, table.frame)
    return [Text(_BOUND), table, *([Text(said)] if said else [])]


_BOUND = (
    "**The bound by matrix products.** A step of $B$ data needs, for every layer, one product "
    "forward and, backward, one for the gradient of its weights and one for that of its input, but "
    "none for the gradient of the data: $2 B (3 W - V)$ operations with $W$ weights in all and $V$ "
    "in layers that read the data. These products alone, one after another into memory that is "
    "there already, are timed by PyTorch in the process of the fit right after it, on the same "
    "threads."
)


def _table(results: StudyResults, sizes: Sequence[Size]) -> Table:
    rows, records = [], []
    for size in sizes:
        for name in present(results, [size]):
            ratio = ranged(_ratios(results, size.dataset, name))
            if not ratio.n:
                continue
            seconds, rate, square = (
                ranged(results.values(metric, "", size.dataset, name))
                for metric in ("epoch_product_seconds", "epoch_product_rate", "square_product_rate")
            )
            rows.append(
                (
                    Entry(escaped(size.dataset)),
                    Entry(size.network),
                    Entry(results.label(name)),
                    ok_entry(results, [size.dataset], [name]),
                    range_entry(seconds),
                    _rate_entry(rate, square),
                    Entry(significant(ratio.median), span(ratio)),
                )
            )
            values = (seconds.median, rate.median, square.median)
            records.append((size.dataset, name, *values, ratio.median, ratio.low, ratio.high))
    measured = ["product_seconds", "product_rate", "square_product_rate"]
    return Table(
        _NAME,
        f"{RANGE} Below the rate: that of large square products, the most that PyTorch makes of "
        "this machine. The last column is the epoch's time over that of its products, both of one "
        f"process; where it has none of its own ({MISSING}), over those of "
        f"{results.label(results.baseline)} in the same repetition.",
        (
            Column("data", align="left"),
            Column("network", align="left"),
            Column("implementation", align="left"),
            RUNS_OK,
            Column("products of an epoch", "s"),
            Column("rate", "10⁹ a second"),
            Column("epoch / products"),
        ),
        tuple(rows),
        pd.DataFrame(
            records,
            columns=["dataset", "estimator", *measured, "ratio", "ratio_low", "ratio_high"],
        ),
    )


def _ratios(results: StudyResults, dataset: str, name: str) -> pd.Series:
    """By repetition; by the baseline's products where the estimator has none of its own."""
    own = product_ratios(results, dataset, name)
    if len(own) or not may_be_ranked(results, name, results.baseline):
        return own
    return product_ratios(results, dataset, name, products_of=results.baseline)


def _rate_entry(rate: Ranged, square: Ranged) -> Entry:
    if not rate.n:
        return Entry(MISSING)
    return Entry(significant(rate.median), significant(square.median))


def _other_products(results: StudyResults, frame: pd.DataFrame) -> str:
    """What it means that a whole epoch takes less than PyTorch's products; "" where none does."""
    faster = frame[(frame["estimator"] == _OTHER_PRODUCTS) & (frame["ratio"] < 1)]
    if faster.empty:
        return ""
    times = [
        linked(
            significant(row["ratio"]),
            _NAME,
            "ratio",
            where={"dataset": row["dataset"], "estimator": row["estimator"]},
        )
        + f" times ({escaped(row['dataset'])})"
        for row in faster.to_dict("records")
    ]
    return (
        f"**Another library's products.** A whole epoch of {results.label(_OTHER_PRODUCTS)} takes "
        f"{listed(times)} what PyTorch's matrix products alone take: its products are made by "
        "another library (XLA), which is faster at them on this processor. No loop on PyTorch's "
        "products can take less than they do, and so none can be as fast here."
    )
