"""How near EM by hand comes to the rate of matrix products."""

import math

import pandas as pd

from studies.report.loaded import StudyResults
from studies.report.model import Column, Entry, Section, Table, Text
from studies.report.numbers import linked
from studies.report.speed_data import Point, step_seconds, timed_points
from studies.report.speed_words import POINT_COLUMNS, milliseconds, percent, point_entries, present
from studies.report.tables import RUNS_OK, ok_entry
from studies.report.words import fixed, significant


def product_bound_section(results: StudyResults) -> Section:
    """How near EM by hand comes to the time of its matrix products alone."""
    points = timed_points(results, ("sizes",))
    names = [n for n in present(results, points) if results.registered(n) == "em"]
    rows, records = [], []
    for point in points:
        for name in names:
            entries, record = _bound_row(results, point, name)
            if record is not None:
                rows.append(entries)
                records.append(record)
    frame = pd.DataFrame(records, columns=_BOUND_COLUMNS)
    share = frame["share"].astype(float)
    frame["share_percent"] = 100 * share
    low, high = (
        linked(percent(value), "product-bound", "share_percent", take=take)
        for value, take in ((share.min(), "min"), (share.max(), "max"))
    )
    lead = _BOUND + (
        f" The bound is {low} to {high} of the time that an iteration of EM by hand takes."
        if records
        else " No run measured it."
    )
    columns = (
        *POINT_COLUMNS,
        Column("implementation", align="left"),
        RUNS_OK,
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
    "one product $\\Theta T$ of a $K \\times M$ with an $M \\times N$ matrix and the M-step's "
    "statistics one product $R T^\\top$ of a $K \\times N$ with an $N \\times M$ matrix: "
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
    from studies.product_rate import statistics_length  # imports torch: not with every report

    length = statistics_length(point.n_features, point.covariance_type)
    operations = 4 * point.n_rows * length * point.n_components
    entries = (
        *point_entries(point),
        Entry(results.label(name)),
        ok_entry(results, [point.dataset], [name]),
        Entry(fixed(length, 0)),
        Entry(significant(operations / 1e9)),
        Entry(significant(rate), significant(square)),
        Entry(milliseconds(bound)),
        Entry(milliseconds(step)),
        Entry(percent(bound / step)),
    )
    described = (*point.size, point.covariance_type, name, length, operations)
    return entries, (*described, rate, square, bound, step, bound / step)
