"""The section of verdicts: every pair of estimators in a table, in sentences, with their method."""

import math

import pandas as pd

from studies.report.floor_words import floor_blocks
from studies.report.loaded import StudyResults
from studies.report.model import Block, Bullets, Column, Entry, Section, Table, Text
from studies.report.numbers import linked
from studies.report.paired_data import is_timing
from studies.report.verdict_data import Compared, comparisons, tested_comparisons
from studies.report.verdict_links import TABLE, shown_figures
from studies.report.verdict_words import (
    METHOD,
    centre,
    interval,
    p_text,
    quantity_name,
    region,
    said_pairs,
    verdict_sentence,
)
from studies.report.words import MISSING, counted, signed
from studies.statistics import ALPHA, CONFIDENCE, fewest_pairs

_TITLE = "Verdicts"


def verdicts_section(results: StudyResults) -> Section:
    """Each pair of estimators: better, worse, equivalent, undecided or a tie, and why."""
    compared = comparisons(results)
    if not compared:
        return Section("verdicts", _TITLE, (Text(_nothing(results)),))
    blocks: list[Block] = [Text(f"{METHOD} {_family(compared)}".strip())]
    timings = dict.fromkeys(c.quantity for c in compared if is_timing(c.quantity))
    if timings:
        blocks += floor_blocks(results, tuple(timings), "verdicts")
    elif not results.compares_times:
        blocks.append(Text(_NO_TIMES))
    blocks += [_table(results, compared), Bullets(_sentences(results, compared))]
    return Section("verdicts", _TITLE, tuple(blocks))


_NO_TIMES = (
    "Times are not judged here: this study compares none (`timing = false` in its file), so that "
    "its runs may share the machine. Those in other tables are for orientation."
)


def _nothing(results: StudyResults) -> str:
    if not results.others:
        return "The study has one estimator only, so there is nothing to compare it with."
    return "No two estimators of this study can be compared in anything that it measures."


def _family(compared: tuple[Compared, ...]) -> str:
    """Over how many comparisons p is corrected, and how many pairs that takes."""
    m = tested_comparisons(compared)
    if m == 0:
        return (
            f"No comparison has the {fewest_pairs()} pairs without which no p can be at most "
            f"{ALPHA}: 2/2ⁿ is the smallest that n pairs can give."
        )
    tested = {"tested": True}
    many = linked(counted(m, "comparison"), TABLE, "pairs", where=tested, take="count")
    text = f"p is corrected by Holm's method over {many}"
    if m == 1:
        return "There is one comparison with enough pairs, hence nothing to correct p for."
    needed = fewest_pairs(ALPHA / m)
    fewest = min(c.summary.n for c in compared if c.p_corrected is not None)
    if fewest >= needed:
        return f"{text}."
    some = linked(str(fewest), TABLE, "pairs", where=tested, take="min")
    return (
        f"{text}; for the first of them {needed} pairs are needed (the smallest p of n pairs is "
        f"2/2ⁿ), and some have {some}."
    )


def _table(results: StudyResults, compared: tuple[Compared, ...]) -> Table:
    return Table(
        name=TABLE,
        caption="The first estimator of each row as judged against the second; below the mean its "
        f"{CONFIDENCE:.0%} interval. Pairs: those with two values, of those planned.",
        columns=(
            Column("estimator", align="left"),
            Column("quantity", align="left"),
            Column("pairs"),
            Column("mean difference or ratio", align="right"),
            Column("effect"),
            Column("corrected p"),
            Column("verdict", align="left"),
        ),
        rows=tuple(_row(results, c) for c in compared),
        frame=pd.DataFrame([_record(c) for c in compared]),
    )


def _row(results: StudyResults, compared: Compared) -> tuple[Entry, ...]:
    s = compared.summary
    unit = "times" if compared.as_ratio else compared.quantity.unit
    p = compared.p_corrected
    return (
        Entry(results.label(compared.one), f"against {results.label(compared.other)}"),
        Entry(quantity_name(compared), f"region: {region(compared)}"),
        Entry(f"{s.n}/{s.planned}"),
        Entry(f"{centre(compared)} {unit}".strip() if s.n else MISSING, interval(compared)),
        Entry(signed(s.effect, 2) if s.n else MISSING),
        Entry(MISSING if p is None else p_text(p)),
        Entry(compared.judgement.verdict),
    )


def _record(compared: Compared) -> dict[str, object]:
    s, low_high = compared.summary, compared.summary.interval.bounds or (math.nan, math.nan)
    return {
        "estimator": compared.one,
        "against": compared.other,
        "metric": compared.quantity.metric.name,
        "split": compared.quantity.split,
        "scale": "log ratio" if compared.as_ratio else "difference",
        "pairs": s.n,
        "planned": s.planned,
        **shown_figures(compared),
        "mean": s.mean,
        "median": s.median,
        "interval_low": low_high[0],
        "interval_high": low_high[1],
        "interval_note": s.interval.note,
        "above": s.above,
        "equal": s.equal,
        "below": s.below,
        "rank_biserial": s.effect if s.n else math.nan,
        "p": math.nan if s.p_value is None else s.p_value,
        "tested": compared.p_corrected is not None,
        "p_holm": math.nan if compared.p_corrected is None else compared.p_corrected,
        "region": compared.region,
        "noise_floor": math.nan if compared.floor is None else compared.floor.log_ratio,
        "noise_floor_percent": math.nan if compared.floor is None else 100 * compared.floor.ratio,
        "verdict": compared.judgement.verdict,
        "reason": compared.judgement.reason,
    }


def _sentences(results: StudyResults, compared: tuple[Compared, ...]) -> tuple[str, ...]:
    """One point for each pair of estimators."""
    pairs = dict.fromkeys((c.one, c.other) for c in compared)
    return tuple(
        _point(results, [c for c in compared if (c.one, c.other) == pair]) for pair in pairs
    )


def _point(results: StudyResults, of_pair: list[Compared]) -> str:
    """All quantities of one pair of estimators; the count of pairs once if it is the same."""
    names = f"**{results.label(of_pair[0].one)} against {results.label(of_pair[0].other)}"
    same = len({(c.summary.n, c.summary.planned) for c in of_pair}) == 1
    texts = [_capital(verdict_sentence(results, c)) for c in of_pair]
    if same:
        return f"{names}**, {said_pairs(of_pair[0])}. {'. '.join(texts)}."
    counted_texts = [f"{t}, {said_pairs(c)}" for t, c in zip(texts, of_pair, strict=True)]
    return f"{names}.** {'. '.join(counted_texts)}."


def _capital(text: str) -> str:
    """A capital where a sentence begins with a word; "log p(x)" stays as it is."""
    return text if text.startswith("log p") else text[:1].upper() + text[1:]
