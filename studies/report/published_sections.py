"""The section of published optima: every figure beside what was reached, and the answer."""

from functools import partial

import pandas as pd

from studies.metrics import METRICS
from studies.report.loaded import StudyResults
from studies.report.model import Answer, Block, Bullets, Column, Entry, Figure, Section, Table, Text
from studies.report.published_figures import draw_published
from studies.report.published_rows import MARGIN, PublishedRow, published_rows, rows_left_out
from studies.report.words import MISSING, counted, escaped, fixed, listed, significant

_TITLE = "Published optima"
_NONE = "No published optimum belongs to what this study ran."

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


def published_answer(results: StudyResults) -> Answer:
    """How many published optima were reached, and what stands out."""
    rows = published_rows(results)
    if not rows:
        return Answer(_NONE)
    return Answer(_count_sentence(rows), (*_exceptions(rows), *_criteria_sentences(rows)))


def published_section(results: StudyResults) -> Section:
    """Every published optimum with what was reached, and all differences at a glance."""
    rows = published_rows(results)
    if not rows:
        return Section("published", _TITLE, (Text(_NONE),))
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
    blocks: list[Block] = [Text(_count_sentence(rows))]
    if left_out:
        note = (
            "was not planned in this profile and is"
            if left_out == 1
            else ("were not planned in this profile and are")
        )
        blocks.append(Text(f"{counted(left_out, 'published figure')} {note} not in these counts."))
    blocks += [Text(note) for note in [_spurious_sentence(rows)] if note]
    blocks += [Bullets(_rules()), figure, _table(rows)]
    return Section("published", _TITLE, tuple(blocks))


def _count_sentence(rows: list[PublishedRow]) -> str:
    by_verdict = {v: [r for r in rows if r.verdict == v] for v in _VERDICT_COUNTS}
    parts = [
        f"{len(found)} {_VERDICT_COUNTS[verdict]}" for verdict, found in by_verdict.items() if found
    ]
    passed = sum(row.passed for row in rows)
    return (
        f"{passed} of {counted(len(rows), 'published figure')} "
        f"{'is' if passed == 1 else 'are'} reached or passed by a regular optimum: "
        f"{listed(parts)}."
    )


_VERDICT_COUNTS = {
    "reached": f"to within {MARGIN:g} nats in total",
    "higher": "by a higher optimum",
    "lower": "not reached",
    "spurious": "met by spurious optima alone",
    "not run": "without a run that ended well",
}


def _exceptions(rows: list[PublishedRow]) -> list[str]:
    sentences = []
    higher = sorted((r for r in rows if r.verdict == "higher"), key=lambda r: -r.difference)
    if higher:
        top = higher[0]
        middle = float(pd.Series([row.difference for row in higher]).median())
        sentences.append(
            f"The higher optima lie above the published ones by {significant(middle)} nats in the "
            f"median and by {significant(top.difference)} at most ({_name(top)})."
        )
    for verdict, words in (("lower", "Not reached"), ("spurious", "Spurious only")):
        found = [row for row in rows if row.verdict == verdict]
        if found:
            places = listed([f"{_name(row)}{_by(row)}" for row in found])
            sentences.append(f"**{words}:** {places}.")
    return sentences


def _criteria_sentences(rows: list[PublishedRow]) -> list[str]:
    """Degrees of freedom, BIC and ICL against the published ones."""
    sentences = []
    counts = [r for r in rows if r.published.n_parameters is not None and r.passed]
    wrong = [r for r in counts if r.n_parameters != r.published.n_parameters]
    if counts:
        sentences.append(
            f"The degrees of freedom agree in all {len(counts)} rows that state them."
            if not wrong
            else f"**The degrees of freedom differ in {listed([_name(r) for r in wrong])}.**"
        )
    same = [r for r in rows if r.verdict == "reached"]
    parts = []
    for label, pairs in (
        ("BIC", [r.bic - r.published.bic for r in same if r.published.bic is not None]),
        ("ICL", [r.icl - r.published.icl for r in same if r.published.icl is not None]),
    ):
        if pairs:
            worst = max(abs(value) for value in pairs)
            parts.append(f"{label} by at most {significant(worst)} ({counted(len(pairs), 'row')})")
    if parts:
        sentences.append(
            f"Where the optimum is the same, the criteria differ from the published ones little: "
            f"{listed(parts)}; ICL moves with the posterior itself, and so shows sooner where a "
            "program stopped."
        )
    return sentences


def _spurious_sentence(rows: list[PublishedRow]) -> str:
    """Where some run kept a spurious optimum, which does not count."""
    found = [row for row in rows if row.spurious == row.spurious]
    if not found:
        return ""
    above = [row.spurious - row.measured for row in found if row.spurious > row.measured]
    higher = f", up to {significant(max(above))} nats above the regular one" if above else ""
    return (
        f"At {counted(len(found), 'published figure')} some run ended in spurious optima from "
        f"all of its starts{higher}; they do not count: {listed([_name(row) for row in found])}."
    )


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
        name="published",
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
    }


def _signed(value: float) -> str:
    if value != value:
        return MISSING
    if abs(value) < 0.5e-4:
        return "0.0000"
    return ("+" if value > 0 else "") + fixed(value, 4)


def _by(row: PublishedRow) -> str:
    return f" by {significant(-row.difference)} nats" if row.verdict == "lower" else ""


def _name(row: PublishedRow) -> str:
    published = row.published
    return f"{escaped(published.dataset)} {published.model} with K = {published.n_components}"
