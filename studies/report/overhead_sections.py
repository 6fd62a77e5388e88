"""The section on the time of an update by size of network, beside the figures of Pyro's paper."""

from collections.abc import Sequence
from functools import partial

import pandas as pd

from studies.report.loaded import StudyResults
from studies.report.model import Block, Column, Entry, Figure, Section, Table, Text
from studies.report.overhead_data import (
    SIZES,
    Size,
    held_ratio,
    present,
    ranged,
    time_ratios,
    timed_sizes,
    update_milliseconds,
)
from studies.report.overhead_figures import draw_updates
from studies.report.overhead_paper import CITED, paper_row
from studies.report.overhead_parts import HAND, TUTORIAL
from studies.report.overhead_words import RANGE, range_entry, ratio_entry, span
from studies.report.tables import RUNS_OK, ok_entry
from studies.report.words import fixed, significant


def overhead_section(results: StudyResults) -> Section:
    """Milliseconds per update by size and variant, beside the figures of Pyro's paper."""
    title = "Milliseconds per update, by hand and with Pyro"
    sizes = timed_sizes(results, [SIZES])
    if not sizes:
        return Section("overhead", title, (Text("This run has no data set for it."),))
    names = present(results, sizes)
    paper = _paper_table(results, sizes)
    blocks: list[Block] = [
        Text(_UPDATE),
        Figure(
            name="overhead",
            alt="Time per update of every variant over that of the VAE by hand, a panel a size.",
            caption="Time per update, the VAE by hand = 1: medians over repetitions as marks, "
            "their range as bars, one panel a size. Left of the line is faster."
            + (" Diamonds: the ratio in Pyro's paper, as recalled." if paper.rows else ""),
            draw=partial(draw_updates, results, sizes, names),
        ),
        _update_table(results, sizes, names),
    ]
    if paper.rows:
        blocks.append(paper)
    return Section("overhead", title, tuple(blocks))


_UPDATE = (
    "An update is one step on one minibatch; its time is that of an epoch after the first over the "
    "updates of an epoch. Each variant changes one thing from the VAE by hand or from the suite's "
    "with Pyro; the last is Pyro as its tutorial writes it: `Trace_ELBO`, `pyro.optim.Adam`, "
    "`SVI.step`, validation on."
)


def _update_table(results: StudyResults, sizes: Sequence[Size], names: Sequence[str]) -> Table:
    rows, records = [], []
    for size in sizes:
        for name in names:
            times = ranged(update_milliseconds(results, size, name))
            ratios = time_ratios(results, size.dataset, name, results.baseline)
            ratio = ranged(ratios)
            bound = ranged(results.values("elbo", "test", size.dataset, name))
            rows.append(
                (
                    Entry(size.network),
                    Entry(results.label(name)),
                    ok_entry(results, [size.dataset], [name]),
                    range_entry(times),
                    ratio_entry(results, size, name, ratios),
                    Entry(fixed(bound.median, 2), span(bound, 2)),
                )
            )
            held = held_ratio(results, size, ratios)
            values = (times.median, times.low, times.high, ratio.median, ratio.low, ratio.high)
            after = (held.mean, 100 * held.floor, bound.median)
            records.append((size.dataset, size.network, name, *values, *after))
    measured = ["milliseconds", "milliseconds_low", "milliseconds_high"]
    measured += ["ratio", "ratio_low", "ratio_high", "ratio_mean", "noise_floor_percent"]
    return Table(
        "updates",
        f"{RANGE} Ratios are of the same repetition; *a tie* where their geometric mean is "
        "within the noise floor of so many pairs of the sweep, which is told there. The last "
        "column shows that variants of one bound learn the same, and that the sampled divergence "
        "is another path.",
        (
            Column("network", align="left"),
            Column("implementation", align="left"),
            RUNS_OK,
            Column("update", "ms"),
            Column("by hand = 1"),
            Column("ELBO, held out", "nats per image"),
        ),
        tuple(rows),
        pd.DataFrame(
            records,
            columns=["dataset", "network", "estimator", *measured, "elbo"],
        ),
    )


def _paper_table(results: StudyResults, sizes: Sequence[Size]) -> Table:
    rows, records = [], []
    for size in sizes:
        paper = paper_row(size.latent_dim, size.hidden_dims)
        own = ranged(time_ratios(results, size.dataset, TUTORIAL, HAND))
        if paper is None or not own.n:
            continue
        hand, pyro = (
            ranged(update_milliseconds(results, size, name)).median for name in (HAND, TUTORIAL)
        )
        rows.append(
            (
                Entry(size.network),
                Entry(significant(hand)),
                Entry(significant(pyro)),
                Entry(significant(own.median), span(own)),
                Entry(fixed(paper.pytorch, 2)),
                Entry(fixed(paper.pyro, 2)),
                Entry(significant(paper.ratio)),
            )
        )
        records.append(
            (size.dataset, hand, pyro, own.median, paper.pytorch, paper.pyro, paper.ratio)
        )
    measured = ["hand_milliseconds", "pyro_milliseconds", "ratio"]
    quoted = ["paper_pytorch_milliseconds", "paper_pyro_milliseconds", "paper_ratio"]
    return Table(
        "paper",
        f"Beside the paper's figures: {CITED}. Its milliseconds are of its machine; the ratios can "
        "be held beside each other, as far as the two programs are alike.",
        (
            Column("network", align="left"),
            Column("by hand", "ms"),
            Column("Pyro, as in its tutorial", "ms"),
            Column("ratio"),
            Column("paper: PyTorch", "ms"),
            Column("paper: Pyro", "ms"),
            Column("paper: ratio"),
        ),
        tuple(rows),
        pd.DataFrame(records, columns=["dataset", *measured, *quoted]),
    )
