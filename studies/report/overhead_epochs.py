"""The section on the time of an epoch, beside that of its matrix products and others' loops."""

import math
from collections.abc import Sequence
from functools import partial

import pandas as pd

from studies.report.floor_words import floor_blocks
from studies.report.loaded import StudyResults
from studies.report.model import Block, Column, Entry, Figure, Section, Table, Text
from studies.report.overhead_data import (
    FULL,
    STEP,
    Ranged,
    Size,
    held_ratio,
    present,
    ranged,
    time_ratios,
    timed_sizes,
)
from studies.report.overhead_epoch_parts import epoch_part_blocks
from studies.report.overhead_figures import draw_epochs
from studies.report.overhead_products import product_blocks
from studies.report.overhead_words import RANGE, range_entry, ratio_entry, span
from studies.report.tables import RUNS_OK, ok_entry
from studies.report.words import MISSING, escaped, fixed, significant


def epochs_section(results: StudyResults) -> Section:
    """Seconds of an epoch at the size that the targets are stated for, and what was learned."""
    title = "Seconds per epoch"
    sizes = timed_sizes(results, FULL)
    if not sizes:
        return Section("epochs", title, (Text("This run has no data set for it."),))
    blocks: list[Block] = [
        Text(_HOW),
        *floor_blocks(results, (STEP,), "epochs"),
        Figure(
            name="epochs",
            alt="Seconds per epoch of every implementation, a panel a treatment of bits.",
            caption="Seconds of an epoch after the first: medians over repetitions as marks, their "
            "range as bars. Dashed: the time of the matrix products alone. Further left is faster.",
            draw=partial(draw_epochs, results, sizes),
        ),
        _epoch_table(results, sizes),
    ]
    blocks += product_blocks(results, sizes)
    blocks += epoch_part_blocks(results, sizes)
    return Section("epochs", title, tuple(blocks))


_HOW = (
    "Every implementation trains the same network from the same weights by Adam, on minibatches of "
    "the same size, for the same number of epochs, one at a time and interleaved: all run once "
    "before any runs again, and each repetition begins with the next of them, so that none always "
    "follows the same. The time of an epoch is the median of those after the first, by the "
    "clock of the study; the first holds what is set up once, of which compilation is told by "
    "torch or JAX. The `DataLoader` loop is PyTorch's own example: pictures pass one by one "
    "through `ToTensor`, probabilities through the binary cross-entropy, `loss.item()` after every "
    "step. pythae's trainer runs as it is, but for its progress bar, its messages and the writing "
    "of the final model, which would only slow it. NumPyro's epoch is compiled. Neither of the "
    "first two draws bits anew, so that they are compared on bits that were drawn once. That all "
    "learn the same is seen from the bound on test data by the same evaluation."
)


def _epoch_table(results: StudyResults, sizes: Sequence[Size]) -> Table:
    rows, records = [], []
    for size in sizes:
        for name in present(results, [size]):
            epoch = ranged(results.values("step_seconds", "", size.dataset, name))
            first = ranged(results.values("first_step_seconds", "", size.dataset, name))
            compiling = ranged(results.values("compile_seconds", "", size.dataset, name))
            ratios = time_ratios(results, size.dataset, name, results.baseline)
            ratio, bound = ranged(ratios), ranged(_values(results, "elbo", size, name))
            rows.append(
                (
                    Entry(escaped(size.dataset)),
                    Entry(results.label(name)),
                    ok_entry(results, [size.dataset], [name]),
                    range_entry(epoch),
                    ratio_entry(results, size, name, ratios),
                    _first_entry(first, epoch, compiling),
                    Entry(fixed(bound.median, 2), span(bound, 2)),
                )
            )
            held = held_ratio(results, size, ratios)
            values = (epoch.median, epoch.low, epoch.high, ratio.median, ratio.low, ratio.high)
            after = (held.mean, 100 * held.floor, first.median, compiling.median, bound.median)
            records.append((size.dataset, name, *values, *after))
    names = ["epoch_seconds", "epoch_seconds_low", "epoch_seconds_high"]
    names += ["ratio", "ratio_low", "ratio_high", "ratio_mean", "noise_floor_percent"]
    names += ["first_epoch_seconds", "compile_seconds"]
    columns = (
        Column("data", align="left"),
        Column("implementation", align="left"),
        RUNS_OK,
        Column("epoch", "s"),
        Column("by hand = 1"),
        Column("first epoch", "s"),
        Column("ELBO, held out", "nats per image"),
    )
    return Table(
        "epochs",
        f"{RANGE} Ratios are of the same repetition; *a tie* where their "
        "geometric mean is within the noise floor of so many pairs of this data set, which is "
        "told there and is wider than that of all pairs. Below the first epoch: what of it is not "
        f"an epoch's work, and what of that is compilation. {MISSING}: no figure, or not ranked.",
        columns,
        tuple(rows),
        pd.DataFrame(records, columns=["dataset", "estimator", *names, "elbo"]),
    )


def _first_entry(first: Ranged, epoch: Ranged, compiling: Ranged) -> Entry:
    if not first.n:
        return Entry(MISSING)
    beyond = first.median - epoch.median
    notes = [] if math.isnan(beyond) else [f"set-up {significant(max(beyond, 0.0), 2)}"]
    if compiling.n and compiling.median > 0:
        notes.append(f"compiling {significant(compiling.median, 2)}")
    return Entry(significant(first.median), ", ".join(notes))


def _values(
    results: StudyResults, metric: str, size: Size, name: str, split: str = "test"
) -> pd.Series:
    return results.values(metric, split, size.dataset, name)
