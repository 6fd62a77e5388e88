"""Published figures of VAEs beside what was measured: one table a kind of score, and the answer."""

from functools import partial

import pandas as pd

from studies.published_vae import PublishedVAE, figures, protocols, spread
from studies.report.loaded import StudyResults
from studies.report.model import Answer, Block, Bullets, Column, Entry, Figure, Section, Table, Text
from studies.report.published_vae_figures import SCORES, draw_differences
from studies.report.published_vae_rows import SCORED_ON, TRAINED_ON, MeasuredRow, measured_rows
from studies.report.words import MISSING, counted, escaped, fixed, listed, signed, significant

_NAME, _TITLE = "vae-published", "Published figures"
_NONE = "No published figure belongs to what this study ran."

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


def published_vae_answer(results: StudyResults) -> Answer:
    """Whether the aim was met, and by whom; then the other figures."""
    rows = measured_rows(results)
    if not rows:
        return Answer(_NONE)
    if all(row.verdict in ("other data", "no run") for row in rows):
        return Answer(_not_comparable(rows))
    aims = [row for row in rows if row.published.rule == "aim"]
    others = [row for row in rows if row.published.rule != "aim"]
    parts = [part for part in (_aim_sentence(results, aims), _count_sentence(others)) if part]
    parts += [_exceptions(results, rows)] if _exceptions(results, rows) else []
    return Answer(parts[0], tuple(parts[1:]))


def published_vae_section(results: StudyResults) -> Section:
    """Every attempted figure with what was measured, how it was made, and what was left out."""
    rows = measured_rows(results)
    if not rows:
        return Section(_NAME, _TITLE, (Text(_NONE),))
    blocks: list[Block] = [Bullets(_rules())]
    if any(row.measured == row.measured and row.verdict != "other data" for row in rows):
        blocks.append(_figure(results, rows))
    for kind in KINDS:
        chosen = [row for row in rows if row.published.kind == kind]
        blocks += [_table(results, kind, chosen)] if chosen else []
    blocks += [Text("How the published figures were made, and what differs here:")]
    blocks += [Bullets(_protocol_lines(rows)), _left_out_table()]
    return Section(_NAME, _TITLE, tuple(blocks))


def _aim_sentence(results: StudyResults, aims: list[MeasuredRow]) -> str:
    if not aims:
        return ""
    published = aims[0].published
    aim = f"The aim, −log p(x) of at most {published.printed} nats per image"
    met = [_reached(results, row) for row in aims if row.passed]
    missed = [_reached(results, row) for row in aims if not row.passed]
    if not missed:
        who = "both twins" if len(met) == 2 else counted(len(met), "run")
        return f"{aim}, is met by {who}: {listed(met)}."
    if not met:
        return f"{aim}, is not met: {listed(missed)}."
    return f"{aim}, is met by {listed(met)}, but not by {listed(missed)}."


def _reached(results: StudyResults, row: MeasuredRow) -> str:
    label = _label(results, row)
    if row.verdict == "no run":
        return f"{label} (no run that ended well: {escaped(row.status)})"
    if row.verdict == "other data":
        return f"{label} (run on other data)"
    return (
        f"{label} with {fixed(row.measured, 2)} (Monte Carlo error "
        f"{fixed(row.monte_carlo_error, 3)}) after {fixed(row.epochs, 0)} epochs in "
        f"{significant(row.minutes)} minutes"
    )


def _count_sentence(rows: list[MeasuredRow]) -> str:
    if not rows:
        return ""
    counts = [(words, [r for r in rows if r.verdict == v]) for v, words in _VERDICT_COUNTS.items()]
    parts = [f"{len(found)} {words}" for words, found in counts if found]
    n = len({row.published for row in rows})
    return (
        f"Of {counted(len(rows), 'further measurement')} of {counted(n, 'published figure')}, each "
        f"with a band stated beforehand, {listed(parts)}."
    )


_VERDICT_COUNTS = {
    "within": "within the band",
    "better": "better than the band",
    "worse": "worse than the band",
    "not reached": "not taken, for the epoch was not reached",
    "no run": "without a run that ended well",
    "other data": "on other data",
}


def _exceptions(results: StudyResults, rows: list[MeasuredRow]) -> str:
    found = [row for row in rows if row.published.rule != "aim" and row.verdict == "worse"]
    if not found:
        return ""
    places = [
        f"{_label(results, row)} on {escaped(_place(row.published))} by "
        f"{significant(row.difference)} nats"
        for row in found
    ]
    return f"**Worse:** {listed(places)}."


def _not_comparable(rows: list[MeasuredRow]) -> str:
    on = next((row for row in rows if row.verdict == "other data"), None)
    if on is None:
        return "No run ended well, so there is no answer."
    return (
        "Nothing here is compared with a published figure: these runs are a rehearsal on "
        f"{on.n_train:,} training and {on.n_test:,} test images, and the published figures are of "
        f"{TRAINED_ON:,} and {SCORED_ON:,}."
    )


def _rules() -> tuple[str, ...]:
    one, other = (figure.printed for figure in figures("re-implementation"))
    (aim,) = [figure for figure in figures("attempted") if figure.rule == "aim"]
    return (
        "**The sign** is that of a loss throughout: lower is better.",
        f"**Counts as the same**: a band stated before anything was measured. Two "
        f"re-implementations of the setting whose published figure is {aim.printed} print {one} "
        f"and {other}: figures of one setting differ by up to {fixed(spread(), 2)} nats. So much, "
        "and half a unit of the last digit printed, is allowed on both sides. For "
        f"{aim.printed} itself, the aim, nothing above it is allowed.",
        "**Measured** at the end of training: from all importance samples; below it the standard "
        "error over test images, and that over redrawn samples (Monte Carlo). On the way: with one "
        "draw of z for each test image after the epoch named, as the source does it; errors were "
        "not stored.",
        "**Verdict**: *within* the band, *better* below it, *worse* above it.",
        "**Recalled**: a published figure that was not checked against its source here.",
    )


def _figure(results: StudyResults, rows: list[MeasuredRow]) -> Figure:
    names = listed([results.plain_label(n) for n in results.estimators])
    return Figure(
        name="vae-published",
        alt=f"Measured less published figures for {names}, one row a published figure, one panel "
        "a kind of score.",
        caption="Measured less published, left of 0 where ours is better. Shaded: what counts as "
        "the same. Bar: ± 1.96 standard errors over test images, where measured. The panels are "
        "of different kinds of score and have axes of their own.",
        draw=partial(draw_differences, results, rows),
    )


def _table(results: StudyResults, kind: str, rows: list[MeasuredRow]) -> Table:
    return Table(
        name=f"vae-published-{kind}",
        caption=KINDS[kind],
        columns=_COLUMNS,
        rows=tuple(_entries(results, row) for row in rows),
        frame=pd.DataFrame([_record(row) for row in rows]),
    )


def _entries(results: StudyResults, row: MeasuredRow) -> tuple[Entry, ...]:
    published = row.published
    low, high = published.band
    recalled = ", recalled" if published.checked == "recalled" else ""
    return (
        Entry(escaped(published.dataset)),
        Entry(_score_words(published)),
        Entry(published.printed, f"{escaped(published.source)}{recalled}"),
        Entry(f"{fixed(low, 2)} to {fixed(high, 2)}"),
        Entry(_label(results, row)),
        Entry(fixed(row.measured, 2), _errors(row)),
        Entry(signed(row.difference) if row.difference == row.difference else MISSING),
        Entry(fixed(row.epochs, 0)),
        Entry(significant(row.minutes)),
        Entry(_verdict(row)),
    )


def _score_words(published: PublishedVAE) -> str:
    words = SCORES[published.score]
    return words if published.epoch is None else f"{words} after {published.epoch} epochs"


def _place(published: PublishedVAE) -> str:
    return f"{published.dataset} ({_score_words(published)})"


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


def _label(results: StudyResults, row: MeasuredRow) -> str:
    seed = f", seed {row.seed}" if results.n_seeds > 1 else ""
    return f"{results.label(row.estimator)}{seed}"


def _record(row: MeasuredRow) -> dict[str, object]:
    published = row.published
    low, high = published.band
    return {
        "dataset": published.dataset,
        "score": published.score,
        "kind": published.kind,
        "epoch": published.epoch,
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


def _protocol_lines(rows: list[MeasuredRow]) -> tuple[str, ...]:
    names = dict.fromkeys(row.published.dataset for row in rows)
    told = [protocols()[name] for name in names]
    return tuple(
        f"**{escaped(p.dataset)}**. Published: {escaped(p.published)} Here: {escaped(p.differs)}"
        for p in told
    )


def _left_out_table() -> Table:
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
                Entry(_score_words(figure)),
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
