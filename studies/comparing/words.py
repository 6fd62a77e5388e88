"""A comparison's parts as short texts, the same for terminals, Markdown and logs."""

import math
from collections.abc import Sequence

from studies.comparing.comparison import Comparison, StudyComparison
from studies.comparing.differences import Difference
from studies.comparing.matching import Place, StatusChange
from studies.comparing.value import ALL_DATASETS, ComparedValue
from studies.metrics import SHORT_UNITS
from studies.report.tables import measured
from studies.report.words import MISSING, counted, listed, signed, significant

_MOST_NAMED = 4


def verdict(study: StudyComparison) -> str:
    """Whether a study moved, in a sentence."""
    values = [value for value in study.values if value.moved]
    changes = study.matching.changes
    if not values and not changes:
        return f"{study.study}: nothing moved beyond the noise."
    parts = [f"{len(values)} of {counted(len(study.values), 'value')}"] if values else []
    parts += [f"the status of {counted(len(changes), 'run')}"] if changes else []
    return f"{study.study}: {listed(parts)} moved."


def findings(study: StudyComparison) -> str:
    """How many values were found to be what, in a sentence."""
    found = [f"{n} {finding}" for finding, n in study.findings.most_common()]
    return f"{counted(len(study.values), 'value')}: {', '.join(found)}." if found else "No values."


def absent_studies(comparison: Comparison) -> list[str]:
    """The studies that are in one set alone, a sentence a set."""
    sides = (comparison.a, comparison.only_in_a), (comparison.b, comparison.only_in_b)
    return [f"Only in {given}: {listed(names)}." for given, names in sides if names]


def difference(found: Difference) -> str:
    """One thing in which the making of two sets differs."""
    change = found.before if found.before == found.after else f"{found.before} → {found.after}"
    where = f" ({_few(found.where)})" if found.where else ""
    return f"{found.topic}, {found.name}: {change}{where}"


def status_change(found: StatusChange) -> str:
    """A run that ended otherwise."""
    dataset, estimator, seed = found.place
    return f"{dataset} / {estimator} / seed {seed}: {found.before} → {found.after}"


def places(found: Sequence[Place]) -> list[str]:
    """Runs, those of one data set and estimator on one line with their seeds."""
    seeds: dict[tuple[str, str], list[str]] = {}
    for dataset, estimator, seed in found:
        seeds.setdefault((dataset, estimator), []).append(str(seed))
    return [f"{d} / {e}: seeds {', '.join(numbers)}" for (d, e), numbers in seeds.items()]


def dataset(value: ComparedValue) -> str:
    """The data set's name."""
    return "all data sets" if value.dataset == ALL_DATASETS else value.dataset


def quantity(value: ComparedValue) -> str:
    """What is compared, with its unit."""
    unit = value.quantity.unit
    return f"{value.quantity.title} [{unit}]" if unit else value.quantity.title


def short_quantity(value: ComparedValue) -> str:
    """`quantity` with a short unit: "nats" are nats per datum."""
    unit = value.quantity.unit
    return f"{value.quantity.title} [{SHORT_UNITS.get(unit, unit)}]" if unit else quantity(value)


def medians(value: ComparedValue) -> tuple[str, str]:
    """The medians before and after."""
    metric = value.quantity.metric
    return measured(value.before, metric), measured(value.after, metric)


def change(value: ComparedValue) -> str:
    """The mean paired difference; where values are measured, the geometric mean of the ratios."""
    mean = value.summary.mean
    if not math.isfinite(mean):
        return MISSING
    return f"× {significant(math.exp(mean))}" if value.as_ratio else signed(mean)


def interval(value: ComparedValue) -> str:
    """The interval of `change`; empty where there is none."""
    bounds = value.summary.interval.bounds
    if bounds is None or bounds[0] == bounds[1]:
        return ""
    shown = [significant(math.exp(b)) if value.as_ratio else signed(b) for b in bounds]
    return f"[{shown[0]}, {shown[1]}]"


def runs(value: ComparedValue) -> str:
    """How many pairs of runs there are, of how many."""
    return f"{value.summary.n}/{value.summary.planned}"


def _few(names: Sequence[str]) -> str:
    rest = len(names) - _MOST_NAMED
    shown = list(names[:_MOST_NAMED])
    return listed([*shown, counted(rest, "more", "more")] if rest > 0 else shown)
