"""The section of a study of speed that holds the time per iteration at every size."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from studies.metrics import METRICS
from studies.report.floor_data import floor_under
from studies.report.floor_words import floor_blocks
from studies.report.loaded import StudyResults
from studies.report.model import (
    Block,
    Bullets,
    Column,
    Entry,
    Figure,
    Section,
    Table,
    Text,
)
from studies.report.speed_data import (
    DOUBLE_PARITY,
    SINGLE_PARITY,
    Point,
    allowed_difference,
    is_em,
    is_ranked,
    parity,
    step_seconds,
    timed_points,
)
from studies.report.speed_figures import draw_ratios, step_ratios
from studies.report.speed_targets import target_table, verdicts
from studies.report.speed_words import (
    POINT_COLUMNS,
    STEP_SECONDS,
    milliseconds,
    point_entries,
    present,
)
from studies.report.tables import RUNS_OK, Measured, ok_entry
from studies.report.words import fixed, listed, significant

_Shown = tuple[Entry, float]
_GROUPS = ("sizes", "iris", "faithful")
_STEP = Measured(METRICS["step_seconds"], "")
_KINDS = ("full", "tied", "diag", "spherical", "tied_diag", "tied_spherical")


def speed_section(results: StudyResults) -> Section:
    """Time per iteration of every implementation at every size, and the targets' verdicts."""
    points = sorted(timed_points(results, _GROUPS), key=_order)
    names = present(results, points)
    first = lambda p, n: _first_step(results, p, n)  # noqa: E731
    memory = lambda p, n: _memory(results, p, n)  # noqa: E731
    blocks: tuple[Block, ...] = (
        Text(_HOW),
        *floor_blocks(results, (_STEP,), "speed"),
        Bullets(tuple(verdict.text for verdict in verdicts(results))),
        target_table(results),
        *_ratio_figure(results, points, [name for name in names if name != results.baseline]),
        _with_ratios(
            results,
            STEP_SECONDS,
            "Milliseconds per iteration, the median over repetitions. Below: how many times as "
            f"long as {results.label(results.baseline)}'s, with the range over repetitions; *not "
            "ranked* where the two are not at the same place after the same iterations; *a tie* "
            "where the mean ratio is within the noise floor of its sweep.",
            points,
            names,
        ),
        _wide(
            results,
            "first-step",
            "Milliseconds from the call of fit to the end of the first iteration. Below: what of "
            "that is set-up, the time of a later iteration taken off.",
            points,
            names,
            first,
        ),
        _wide(
            results,
            "memory",
            "Largest resident memory of the fit beyond that before it, in MB, of all repetitions; "
            "a dash where the system does not tell. The data themselves are not in it; a copy of "
            "them in another precision or order is.",
            points,
            names,
            memory,
        ),
        _wide(
            results,
            "speed-parity",
            f"Relative difference of the log-likelihood{_scored_rows(results)} from "
            f"{results.label(results.baseline)}'s after the last iteration, the largest of all "
            f"repetitions. Ranked are those up to {significant(DOUBLE_PARITY)} in double and "
            f"{significant(SINGLE_PARITY)} in single precision.",
            points,
            [name for name in names if is_em(results, name) and name != results.baseline],
            lambda p, n: _parity(results, p, n),
        ),
    )
    return Section("speed", "Time per iteration", blocks)


def _order(point: Point) -> tuple[bool, int, tuple[int, int, int]]:
    """The sweep before the tables, by covariance type and then by size."""
    return point.group == point.dataset, _KINDS.index(point.covariance_type), point.size


def _ratio_figure(
    results: StudyResults, points: list[Point], names: list[str]
) -> tuple[Figure, ...]:
    shown = [p for p in points if any(len(step_ratios(results, p, name)) for name in names)]
    if not shown:
        return ()
    who = listed([results.plain_label(name) for name in names])
    figure = Figure(
        name="ratios",
        alt=f"Time per iteration of {who} over {results.plain_label(results.baseline)}'s, a row a "
        "size.",
        caption=f"How many times as long as {results.label(results.baseline)}'s an iteration "
        "takes, on a logarithmic axis; a row a size (N, D, K) and covariance type. Right of the "
        "line is slower. Marks: medians over repetitions; bars: their range. What is not ranked is "
        "left out.",
        draw=partial(draw_ratios, results, shown, names),
    )
    return (figure,)


_HOW = (
    "Every implementation starts from the same weights, means and covariances and makes the same "
    "number of iterations. Each process first fits a few thousand rows for two iterations, so that "
    "loading code and starting threads are in no figure. The time of an iteration is the median of "
    "the differences between the clock's readings after successive iterations, so that set-up is "
    "not in it. The readings come from the progress callback: EM by hand and SVI call it "
    "themselves; scikit-learn's from the method that it calls once an iteration; pomegranate's "
    "after `from_summaries`, its M-step; torchgmm's at the end of the epoch that completes an "
    "iteration. The repetitions are interleaved: all implementations run once before any runs "
    "again."
)


def _wide(
    results: StudyResults,
    name: str,
    caption: str,
    points: Sequence[Point],
    names: Sequence[str],
    show: Callable[[Point, str], _Shown],
) -> Table:
    """One row a point, one column an implementation."""
    rows, records = [], []
    for point in points:
        shown = [show(point, estimator) for estimator in names]
        count = ok_entry(results, [point.dataset], names)
        rows.append((*point_entries(point), count, *(entry for entry, _ in shown)))
        described = (point.dataset, *point.size, point.covariance_type)
        records.append((*described, *(value for _, value in shown)))
    columns = (*POINT_COLUMNS, RUNS_OK, *(Column(results.label(n)) for n in names))
    headings = ["dataset", "n_rows", "n_features", "n_components", "covariance_type", *names]
    return Table(name, caption, columns, tuple(rows), pd.DataFrame(records, columns=headings))


def _with_ratios(
    results: StudyResults, name: str, caption: str, points: Sequence[Point], names: Sequence[str]
) -> Table:
    """Times per iteration; the frame has their ratios to the baseline's too."""
    table = _wide(results, name, caption, points, names, lambda p, n: _step(results, p, n))
    others = [n for n in names if n != results.baseline]
    ratios = {n: [_ratio_record(results, p, n) for p in points] for n in others}
    frames = [pd.DataFrame(ratios[n]).add_prefix(f"{n}_") for n in others]
    return replace(table, frame=pd.concat([table.frame, *frames], axis=1))


def _ratio_record(results: StudyResults, point: Point, name: str) -> dict[str, float]:
    ratios = pd.Series(step_ratios(results, point, name))
    found = {"ratio": ratios.median(), "low": ratios.min(), "high": ratios.max()}
    return {**found, "repetitions": len(ratios)}


def _step(results: StudyResults, point: Point, name: str) -> _Shown:
    value = step_seconds(results, point.dataset, name)
    if math.isnan(value):
        return _absent(results, point, name), math.nan
    note = ""
    if name != results.baseline:
        note = _ratio(results, point, name)
    return Entry(milliseconds(value), note), value


def _ratio(results: StudyResults, point: Point, name: str) -> str:
    if is_em(results, name) and not is_ranked(results, point.dataset, name, results.baseline):
        return "not ranked"
    pairs = results.pairs("step_seconds", "", point.dataset, name, results.baseline)
    ratios = pairs["one"] / pairs["other"]
    if ratios.empty:
        return ""
    span = f" ({significant(ratios.min(), 2)}–{significant(ratios.max(), 2)})"
    tie = ", a tie" if _is_tie(results, point, name, ratios) else ""
    return f"×{significant(float(ratios.median()))}{span if len(ratios) > 1 else ''}{tie}"


def _is_tie(results: StudyResults, point: Point, name: str, ratios: pd.Series) -> bool:
    """Whether the mean ratio is within the noise floor of the sweep that the point belongs to."""
    datasets = results.groups.get(point.group, [point.dataset])
    floor = floor_under(results, _STEP, name, results.baseline, len(ratios), datasets)
    return floor is not None and abs(float(np.log(ratios).mean())) <= floor.log_ratio


def _first_step(results: StudyResults, point: Point, name: str) -> _Shown:
    values = results.values("first_step_seconds", "", point.dataset, name)
    if values.empty:
        return _absent(results, point, name), math.nan
    value = float(values.median())
    set_up = value - step_seconds(results, point.dataset, name)
    return Entry(milliseconds(value), f"set-up {milliseconds(max(set_up, 0.0))}"), value


def _memory(results: StudyResults, point: Point, name: str) -> _Shown:
    values = results.values("fit_memory", "", point.dataset, name)
    if values.empty:
        return _absent(results, point, name), math.nan
    return Entry(fixed(float(values.max()), 0)), float(values.max())


def _parity(results: StudyResults, point: Point, name: str) -> _Shown:
    value = parity(results, point.dataset, name, results.baseline)
    if math.isnan(value):
        return _absent(results, point, name), math.nan
    allowed = allowed_difference(results, point.dataset, name, results.baseline)
    return Entry(significant(value, 2), "" if value <= allowed else "not ranked"), value


def _absent(results: StudyResults, point: Point, name: str) -> Entry:
    """What stands where there is no figure: how the runs ended, if there were any."""
    ended = results.runs(point.dataset, name)["status"].unique()
    return Entry("—", listed([s for s in ended if s != "ok"]))


def _scored_rows(results: StudyResults) -> str:
    rows = (results.document.get("evaluation") or {}).get("score_rows")
    return "" if rows is None else f" of the first {fixed(rows, 0)} rows at the most"
