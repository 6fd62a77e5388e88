"""Published figures of VAEs beside what was measured: one table a kind of score."""

import pandas as pd

from studies.published_vae import PublishedVAE, figures
from studies.report.loaded import StudyResults
from studies.report.model import Column, Entry, Table
from studies.report.published_vae_figures import SCORES
from studies.report.published_vae_rows import MeasuredRow
from studies.report.words import MISSING, escaped, fixed, signed, significant

KINDS = {
    "bits": "Scores of bits: log probabilities, comparable with each other.",
    "none": "Grey pixels put into a Bernoulli, as tutorials do: the formula of a bound, but no log "
    "probability of anything, and comparable with no figure of another table.",
}
"""What a table of each kind holds."""

_COLUMNS = (
    Column("protocol", align="left"),
    Column("figure", align="left"),
    Column("published", "nats per image"),
    Column("counts as the same", "nats per image"),
    Column("estimator", align="left"),
    Column("measured", "nats per image"),
    Column("difference", "nats per image"),
    Column("epochs"),
    Column("time", "minutes"),
    Column("verdict", align="left"),
)


def kind_table(results: StudyResults, kind: str, rows: list[MeasuredRow]) -> Table:
    """The rows of one kind of score."""
    return Table(
        name=f"vae-published-{kind}",
        caption=KINDS[kind],
        columns=_COLUMNS,
        rows=tuple(_entries(results, row) for row in rows),
        frame=pd.DataFrame([record(row) for row in rows]),
    )


def _entries(results: StudyResults, row: MeasuredRow) -> tuple[Entry, ...]:
    published = row.published
    low, high = published.band
    recalled = ", recalled" if published.checked == "recalled" else ""
    return (
        Entry(escaped(published.dataset)),
        Entry(score_words(published)),
        Entry(published.printed, f"{escaped(published.source)}{recalled}"),
        Entry(f"{fixed(low, 2)} to {fixed(high, 2)}"),
        Entry(label(results, row)),
        Entry(fixed(row.measured, 2), _errors(row)),
        Entry(signed(row.difference) if row.difference == row.difference else MISSING),
        Entry(fixed(row.epochs, 0)),
        Entry(significant(row.minutes)),
        Entry(_verdict(row)),
    )


def score_words(published: PublishedVAE) -> str:
    """What a published figure is the negative of, and when it was taken."""
    words = SCORES[published.score]
    return words if published.epoch is None else f"{words} after {published.epoch} epochs"


def _errors(row: MeasuredRow) -> str:
    parts = []
    if row.image_error == row.image_error:
        parts.append(f"± {fixed(row.image_error, 2)} over images")
    if row.monte_carlo_error == row.monte_carlo_error:
        parts.append(f"± {fixed(row.monte_carlo_error, 3)} Monte Carlo")
    return ", ".join(parts)


def _verdict(row: MeasuredRow) -> str:
    words = {
        "within": "within",
        "better": "better",
        "worse": "**worse**",
        "not reached": "epoch not reached",
        "no run": f"**no run** ({escaped(row.status)})",
        "other data": f"not compared: {row.n_train:,} and {row.n_test:,} images",
    }
    return words[row.verdict]


def label(results: StudyResults, row: MeasuredRow) -> str:
    """The estimator, and the seed where there are several."""
    seed = f", seed {row.seed}" if results.n_seeds > 1 else ""
    return f"{results.label(row.estimator)}{seed}"


def record(row: MeasuredRow) -> dict[str, object]:
    """A row of the table with every figure unrounded."""
    published = row.published
    low, high = published.band
    return {
        "dataset": published.dataset,
        "score": published.score,
        "kind": published.kind,
        "rule": published.rule,
        "taken": "at the end" if published.epoch is None else f"after epoch {published.epoch}",
        "published": published.value,
        "band_low": low,
        "band_high": high,
        "source": published.source,
        "checked": published.checked,
        "estimator": row.estimator,
        "seed": row.seed,
        "measured": row.measured,
        "difference": row.difference,
        "standard_error_over_images": row.image_error,
        "monte_carlo_error": row.monte_carlo_error,
        "epochs": row.epochs,
        "minutes": row.minutes,
        "n_train": row.n_train,
        "n_test": row.n_test,
        "verdict": row.verdict,
    }


def left_out_table() -> Table:
    """The published figures that were not attempted."""
    chosen = figures("left out")
    columns = ("setting", "score", "published", "source", "checked", "why")
    return Table(
        name="vae-published-left-out",
        caption="Published figures that were not attempted, and why.",
        columns=(
            Column("setting", align="left"),
            Column("figure", align="left"),
            Column("published", "nats per image"),
            Column("source", align="left"),
            Column("why not", align="left"),
        ),
        rows=tuple(
            (
                Entry(escaped(figure.setting)),
                Entry(score_words(figure)),
                Entry(figure.printed),
                Entry(escaped(figure.source), figure.checked),
                Entry(escaped(figure.note)),
            )
            for figure in chosen
        ),
        frame=pd.DataFrame(
            [(f.setting, f.score, f.printed, f.source, f.checked, f.note) for f in chosen],
            columns=list(columns),
        ),
    )
