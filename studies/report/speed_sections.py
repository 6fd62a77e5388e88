"""The sections of a study of speed: time per iteration, the bound, time to a target."""

import math
from collections.abc import Callable, Sequence

import pandas as pd

from studies.product_rate import statistics_length
from studies.report.loaded import StudyResults
from studies.report.model import Bullets, Column, Entry, Section, Table, Text
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
from studies.report.speed_targets import verdicts
from studies.report.words import escaped, fixed, listed, significant

_Shown = tuple[Entry, float]
_GROUPS = ("sizes", "iris", "faithful")


def speed_section(results: StudyResults) -> Section:
    """Time per iteration of every implementation at every size, and the targets' verdicts."""
    points = timed_points(results, _GROUPS)
    names = _present(results, points)
    first = lambda p, n: _first_step(results, p, n)  # noqa: E731
    memory = lambda p, n: _memory(results, p, n)  # noqa: E731
    blocks = (
        Text(_HOW),
        Bullets(tuple(verdict.text for verdict in verdicts(results))),
        _wide(
            results,
            "step-seconds",
            "Milliseconds per iteration, the median over repetitions. Below: how many times as "
            f"long as {results.label(results.baseline)}'s, with the range over repetitions; *not "
            "ranked* where the two are not at the same place after the same iterations.",
            points,
            names,
            lambda p, n: _step(results, p, n),
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
            "parity",
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


def product_bound_section(results: StudyResults) -> Section:
    """How near EM by hand comes to the time of its matrix products alone."""
    points = timed_points(results, ("sizes",))
    names = [n for n in _present(results, points) if results.registered(n) == "em"]
    rows, records = [], []
    for point in points:
        for name in names:
            entries, record = _bound_row(results, point, name)
            if record is not None:
                rows.append(entries)
                records.append(record)
    frame = pd.DataFrame(records, columns=_BOUND_COLUMNS)
    share = frame["share"].astype(float)
    lead = _BOUND + (
        f" The bound is {_percent(share.min())} to {_percent(share.max())} of the time that an "
        "iteration of EM by hand takes."
        if records
        else " No run measured it."
    )
    columns = (
        *_POINT_COLUMNS,
        Column("implementation", align="left"),
        Column("M"),
        Column("operations", "10⁹"),
        Column("rate", "10⁹ a second"),
        Column("bound", "ms"),
        Column("iteration", "ms"),
        Column("bound / iteration"),
    )
    table = Table(
        "product-bound",
        "Medians over repetitions. Below the rate: that of large square products, a machine's "
        "peak, which products with so few rows or columns do not reach.",
        columns,
        tuple(rows),
        frame,
    )
    return Section(
        "product-bound",
        "The bound by matrix products",
        (Text(lead), table) if rows else (Text(lead),),
    )


_BOUND = (
    "With $T(x) = [\\mathrm{vech}(xx^\\top), x, 1]$ of length $M$, the E-step's log densities are "
    "one product $\\Theta\\,T$ of a $K \\times M$ with an $M \\times N$ matrix and the M-step's "
    "statistics one product $R\\,T^\\top$ of a $K \\times N$ with an $N \\times M$ matrix: "
    "together $4NMK$ operations, a multiplication and an addition counted as two. $M$ is $D(D+1)/2 "
    "+ D + 1$ for full, $2D + 1$ for diagonal, $D + 2$ for spherical and $D + 1$ for tied "
    "covariances, whose squares are the same for every component and drop out of the "
    "responsibilities. An iteration so arranged takes no less than $4NMK / \\text{rate}$, where "
    "the rate is that of `torch.matmul` on one chunk's two products, the best of several chunk "
    "lengths, measured in the process of the fit. Building $T$, the $NK$ exponentials and "
    "everything else come on top; they weigh most where $M$ is short."
)
_BOUND_COLUMNS = [
    "n_rows",
    "n_features",
    "n_components",
    "covariance_type",
    "estimator",
    "statistics_length",
    "operations",
    "product_rate",
    "square_product_rate",
    "bound_seconds",
    "step_seconds",
    "share",
]


def _bound_row(
    results: StudyResults, point: Point, name: str
) -> tuple[tuple[Entry, ...], tuple[object, ...] | None]:
    bound, rate, square = (
        float(results.values(metric, "", point.dataset, name).median())
        for metric in ("product_seconds", "product_rate", "square_product_rate")
    )
    step = step_seconds(results, point.dataset, name)
    if math.isnan(bound) or math.isnan(step):
        return (), None
    length = statistics_length(point.n_features, point.covariance_type)
    operations = 4 * point.n_rows * length * point.n_components
    entries = (
        *_point_entries(point),
        Entry(results.label(name)),
        Entry(fixed(length, 0)),
        Entry(significant(operations / 1e9)),
        Entry(significant(rate), significant(square)),
        Entry(_milliseconds(bound)),
        Entry(_milliseconds(step)),
        Entry(_percent(bound / step)),
    )
    described = (*point.size, point.covariance_type, name, length, operations)
    return entries, (*described, rate, square, bound, step, bound / step)


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
        rows.append((*_point_entries(point), *(entry for entry, _ in shown)))
        described = (point.dataset, *point.size, point.covariance_type)
        records.append((*described, *(value for _, value in shown)))
    columns = (*_POINT_COLUMNS, *(Column(results.label(n)) for n in names))
    headings = ["dataset", "n_rows", "n_features", "n_components", "covariance_type", *names]
    return Table(name, caption, columns, tuple(rows), pd.DataFrame(records, columns=headings))


_POINT_COLUMNS = (Column("N, D, K", align="left"), Column("covariances", align="left"))


def _point_entries(point: Point) -> tuple[Entry, Entry]:
    size = ", ".join(fixed(value, 0) for value in point.size)
    named = "" if point.group != point.dataset else escaped(point.dataset)
    return Entry(size, named), Entry(point.covariance_type)


def _step(results: StudyResults, point: Point, name: str) -> _Shown:
    value = step_seconds(results, point.dataset, name)
    if math.isnan(value):
        return _absent(results, point, name), math.nan
    note = ""
    if name != results.baseline:
        note = _ratio(results, point, name)
    return Entry(_milliseconds(value), note), value


def _ratio(results: StudyResults, point: Point, name: str) -> str:
    if is_em(results, name) and not is_ranked(results, point.dataset, name, results.baseline):
        return "not ranked"
    pairs = results.pairs("step_seconds", "", point.dataset, name, results.baseline)
    ratios = pairs["one"] / pairs["other"]
    if ratios.empty:
        return ""
    span = f" ({significant(ratios.min(), 2)}–{significant(ratios.max(), 2)})"
    return f"×{significant(float(ratios.median()))}{span if len(ratios) > 1 else ''}"


def _first_step(results: StudyResults, point: Point, name: str) -> _Shown:
    values = results.values("first_step_seconds", "", point.dataset, name)
    if values.empty:
        return _absent(results, point, name), math.nan
    value = float(values.median())
    set_up = value - step_seconds(results, point.dataset, name)
    return Entry(_milliseconds(value), f"set-up {_milliseconds(max(set_up, 0.0))}"), value


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


def _present(results: StudyResults, points: Sequence[Point]) -> list[str]:
    """The implementations that the study ran on any of the points."""
    return [
        name
        for name in results.estimators
        if any(results.planned(point.dataset, name) for point in points)
    ]


def _milliseconds(seconds: float) -> str:
    return significant(1e3 * seconds)


def _percent(share: float) -> str:
    return f"{significant(100 * share, 2)}%"
