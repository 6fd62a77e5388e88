"""The section of published figures of VAEs: every figure beside what was measured in its place."""

from functools import partial

from studies.published_vae import figures, protocols, spread
from studies.report.loaded import StudyResults
from studies.report.model import Block, Bullets, Figure, Section, Text
from studies.report.published_vae_answer import NONE
from studies.report.published_vae_figures import draw_differences
from studies.report.published_vae_rows import MeasuredRow, measured_rows
from studies.report.published_vae_tables import KINDS, kind_table, left_out_table
from studies.report.words import escaped, fixed, listed

_NAME, _TITLE = "vae-published", "Published figures"


def published_vae_section(results: StudyResults) -> Section:
    """Every attempted figure with what was measured, how it was made, and what was left out."""
    rows = measured_rows(results)
    if not rows:
        return Section(_NAME, _TITLE, (Text(NONE),))
    blocks: list[Block] = [Bullets(_rules())]
    if any(row.measured == row.measured and row.verdict != "other data" for row in rows):
        blocks.append(_figure(results, rows))
    for kind in KINDS:
        chosen = [row for row in rows if row.published.kind == kind]
        blocks += [kind_table(results, kind, chosen)] if chosen else []
    blocks += [Text("How the published figures were made, and what differs here:")]
    blocks += [Bullets(_protocol_lines(results, rows)), left_out_table()]
    return Section(_NAME, _TITLE, tuple(blocks))


def _rules() -> tuple[str, ...]:
    one, other = (figure.printed for figure in figures("re-implementation"))
    (aim,) = [figure for figure in figures("attempted") if figure.rule == "aim"]
    return (
        "**The sign** is that of a loss throughout: lower is better.",
        f"**Counts as the same**: a band stated before anything was measured. Two "
        f"re-implementations of the setting whose published figure is {aim.printed} print {one} "
        f"and {other}: they lie up to {fixed(spread(), 2)} nats from it. So much, and half "
        "a unit of the last digit printed, is allowed on both sides of every other figure. For "
        f"{aim.printed} itself, the aim, the band goes from the better re-implementation to that "
        "figure, and nothing above it is allowed.",
        "**Measured** at the end of training: from all importance samples; below it the standard "
        "error over test images, and that over redrawn samples (Monte Carlo). Published figures "
        "are of the same images: the first says how both would move with other ones. On the way: "
        "with one draw of z for each test image after the epoch named, as the source does it; "
        "errors were not stored.",
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


def _protocol_lines(results: StudyResults, rows: list[MeasuredRow]) -> tuple[str, ...]:
    names = dict.fromkeys(row.published.dataset for row in rows)
    told = [protocols()[name] for name in names]
    return tuple(
        f"**{escaped(p.dataset)}**. Published: {escaped(p.published)} Here: {escaped(p.differs)}"
        f"{_settings(results, p.dataset)}"
        for p in told
    )


def _settings(results: StudyResults, dataset: str) -> str:
    given = results.settings(dataset, results.baseline)
    text = ", ".join(f"{name} = {value}" for name, value in sorted(given.items()))
    return f" Settings: {escaped(text)}." if text else ""
