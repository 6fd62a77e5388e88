"""The section of published optima: every figure beside what was reached."""

import math
from functools import partial

import pandas as pd

from studies.metrics import METRICS
from studies.report.loaded import StudyResults
from studies.report.model import Block, Bullets, Column, Entry, Figure, Section, Table, Text
from studies.report.published_answer import NONE, TABLE, count_sentence, spurious_sentence
from studies.report.published_figures import draw_published
from studies.report.published_rows import MARGIN, PublishedRow, published_rows, rows_left_out
from studies.report.words import MISSING, counted, escaped, fixed, significant

_TITLE = "Published optima"

_COLUMNS = (
    Column("data", align="left"),
    Column("model", align="left"),
    Column("K"),
    Column("runs ok"),
    Column("published", "nats, total"),
    Column("measured", "nats, total"),
    Column("difference", "nats, total"),
    Column("df"),
    Column("BIC", "2 × nats, total"),
    Column("ICL", "2 × nats, total"),
    Column("source", align="left"),
    Column("verdict", align="left"),
)


def published_section(results: StudyResults) -> Section:
    """Every published optimum with what was reached, and all differences at a glance."""
    rows = published_rows(results)
    if not rows:
        return Section("published", _TITLE, (Text(NONE),))
    figure = Figure(
        name="published",
        alt="Measured less published total log-likelihood against the number of components, one "
        "panel a data set, one mark a model.",
        caption="Measured less published maximum, one mark a published figure. The axis is linear "
        f"within {fixed(MARGIN, 3)} of 0 (shaded: the same optimum) and logarithmic beyond. Above: "
        "a higher optimum than the published one. Below: not reached.",
        draw=partial(draw_published, rows),
    )
    left_out = rows_left_out(results)
    blocks: list[Block] = [Text(count_sentence(rows))]
    if left_out:
        note = (
            "was not planned in this profile and is"
            if left_out == 1
            else ("were not planned in this profile and are")
        )
        blocks.append(Text(f"{counted(left_out, 'published figure')} {note} not in these counts."))
    blocks += [Text(note) for note in [spurious_sentence(rows)] if note]
    blocks += [Bullets(_rules()), figure, _table(rows)]
    return Section("published", _TITLE, tuple(blocks))


def _rules() -> tuple[str, ...]:
    return (
        "**Measured**: the highest log-likelihood of any run that ended in a regular optimum, over "
        "all starts, without regularisation. It is computed from the learned parameters alone.",
        f"**Regular**: {METRICS['regular'].description} An optimum that is not is called spurious: "
        "without a lower limit on covariances such a likelihood has no upper bound and is no "
        "estimate; it never counts as reached, however high.",
        f"**Verdict**: *reached* within {MARGIN:g} nats in total, *higher* above that, *not "
        "reached* below it.",
        "**BIC and ICL** have scikit-learn's sign here: lower is better. Below each stands the "
        "published one where it is another, as it must be where the optimum is.",
    )


def _table(rows: list[PublishedRow]) -> Table:
    return Table(
        name=TABLE,
        caption="Every published maximum and the best regular one that was found.",
        columns=_COLUMNS,
        rows=tuple(_entries(row) for row in rows),
        frame=pd.DataFrame([_record(row) for row in rows]),
    )


def _entries(row: PublishedRow) -> tuple[Entry, ...]:
    published = row.published
    return (
        Entry(escaped(published.dataset)),
        Entry(published.model, escaped(published.covariance_type)),
        Entry(str(published.n_components)),
        Entry(f"{row.n_runs}/{row.planned}"),
        Entry(fixed(published.total_log_likelihood, 4)),
        Entry(fixed(row.measured, 4)),
        Entry(_signed(row.difference)),
        _criterion(row.n_parameters, published.n_parameters, digits=0),
        _criterion(row.bic, published.bic, digits=2),
        _criterion(row.icl, published.icl, digits=2),
        Entry(escaped(published.source)),
        Entry(_verdict(row)),
    )


def _criterion(measured: float, published: float | None, *, digits: int) -> Entry:
    shown = fixed(measured, digits)
    given = shown if published is None else fixed(published, digits)
    return Entry(shown, f"published {given}" if given != shown else "")


def _verdict(row: PublishedRow) -> str:
    words = {
        "reached": "pass",
        "higher": f"pass, higher by {significant(row.difference)}",
        "lower": f"**fail, lower by {significant(-row.difference)}**",
        "spurious": "**fail, spurious**",
        "not run": "**no run**",
    }
    return words[row.verdict]


def _record(row: PublishedRow) -> dict[str, object]:
    published = row.published
    return {
        "dataset": published.dataset,
        "model": published.model,
        "covariance_type": published.covariance_type,
        "n_components": published.n_components,
        "source": published.source,
        "published_log_likelihood": published.total_log_likelihood,
        "measured_log_likelihood": row.measured,
        "difference": row.difference,
        "n_parameters": row.n_parameters,
        "published_n_parameters": published.n_parameters,
        "bic": row.bic,
        "published_bic": published.bic,
        "icl": row.icl,
        "published_icl": published.icl,
        "highest_spurious_log_likelihood": row.spurious,
        "runs": row.n_runs,
        "planned": row.planned,
        "verdict": row.verdict,
        "passed": int(row.passed),
        "n_parameters_agree": _agree(row),
        "bic_difference": _less(row.bic, published.bic),
        "icl_difference": _less(row.icl, published.icl),
        "spurious_above": row.spurious - row.measured,
    }


def _agree(row: PublishedRow) -> int | None:
    """Whether the degrees of freedom are the published ones; None where nothing was reached."""
    if row.published.n_parameters is None or not row.passed:
        return None
    return int(row.n_parameters == row.published.n_parameters)


def _less(measured: float, published: float | None) -> float:
    return math.nan if published is None else measured - published


def _signed(value: float) -> str:
    if value != value:
        return MISSING
    if abs(value) < 0.5e-4:
        return "0.0000"
    return ("+" if value > 0 else "") + fixed(value, 4)
