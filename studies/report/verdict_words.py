"""A comparison in a sentence, for every line of the table of truth."""

import math
from collections.abc import Callable

from studies.report.loaded import StudyResults
from studies.report.tables import SPLITS
from studies.report.verdict_data import Compared
from studies.report.verdict_links import in_verdicts
from studies.report.words import counted, escaped, nats, signed, significant
from studies.statistics import ALPHA, CONFIDENCE, Reason, smallest_p


def verdict_sentence(results: StudyResults, compared: Compared) -> str:
    """The quantity, the verdict in bold, and why it is that; without a full stop."""
    reason = _SENTENCES[compared.judgement.reason](results, compared)
    return f"{quantity_name(compared)}: **{compared.judgement.verdict}**, {reason}"


def verdict_phrase(results: StudyResults, compared: Compared) -> str:
    """What an answer says of an estimator against the baseline: "equivalent to EM (…)"."""
    other = results.label(compared.other)
    words = {
        "better": f"better than {other}",
        "worse": f"worse than {other}",
        "equivalent": f"equivalent to {other}",
        "tie": f"a tie with {other}",
        "undecided": f"neither better nor worse than {other} for certain",
    }[compared.judgement.verdict]
    if compared.judgement.reason in ("no pairs", "too few pairs"):
        words = f"not to be told from {other}: too few seeds to say"
    return f"{words} ({_evidence(compared)})"


def cost_note(compared: Compared) -> str:
    """What a ratio of times is worth: its interval, a tie, or that there are too few seeds."""
    reason = compared.judgement.reason
    if reason == "too few pairs":
        n = compared.summary.n
        pairs = in_verdicts(str(n), compared, "pairs")
        return f"{pairs} {'pair' if n == 1 else 'pairs'}, too few seeds to say"
    if reason == "below the floor" and compared.floor is not None:
        floor = significant(100 * compared.floor.ratio, 2)
        floor = in_verdicts(floor, compared, "noise_floor_percent")
        return f"a tie: within the noise floor of {floor}%"
    verdict = compared.judgement.verdict
    named = verdict if verdict in ("equivalent", "undecided") else ""
    parts = (named, _interval_note(compared), _one_sided(compared))
    return ", ".join(part for part in parts if part)


def pairs_phrase(compared: Compared) -> str:
    """Over how many pairs, of how many that should be."""
    return f"over {compared.summary.n} of {counted(compared.summary.planned, 'pair')}"


def quantity_name(compared: Compared) -> str:
    """What is compared, in Markdown."""
    split = SPLITS[compared.quantity.split]
    label = escaped(compared.quantity.metric.label)
    return f"{label}, {split}" if split else label


def centre(compared: Compared) -> str:
    """The mean difference, or the geometric mean ratio, as a table shows it."""
    return _on_scale(compared, compared.summary.mean)


def said_centre(compared: Compared) -> str:
    """`centre` with its place in the table of verdicts, for prose."""
    return in_verdicts(centre(compared), compared, "shown")


def said_pairs(compared: Compared) -> str:
    """`pairs_phrase` with its place in the table of verdicts, for prose."""
    s = compared.summary
    n, planned = (
        in_verdicts(f"{v:,}", compared, c) for v, c in ((s.n, "pairs"), (s.planned, "planned"))
    )
    return f"over {n} of {planned} {'pair' if s.planned == 1 else 'pairs'}"


def interval(compared: Compared) -> str:
    """The interval as a table shows it, or why there is none; nothing for too few pairs."""
    bounds = compared.summary.interval.bounds
    if compared.judgement.reason in ("no pairs", "too few pairs"):
        return ""
    if bounds is None or bounds[0] == bounds[1]:
        return compared.summary.interval.note
    return f"{_on_scale(compared, bounds[0])} to {_on_scale(compared, bounds[1])}"


def region(compared: Compared) -> str:
    """The region of practical equivalence in words."""
    if compared.as_ratio:
        size = math.exp(compared.region)
        return f"{significant(1 / size)} to {significant(size)} times"
    if compared.quantity.unit == "nats per datum":
        return f"±{nats(compared.region)}"
    unit = compared.quantity.unit
    return f"±{significant(compared.region)}{f' {unit}' if unit else ''}"


def p_text(value: float) -> str:
    """A p-value, however small.

    Examples
    --------
    >>> p_text(0.0312), p_text(2.14e-9), p_text(1.0)
    ('0.031', '2.1×10⁻⁹', '1')
    """
    return significant(value, 2)


def _evidence(compared: Compared) -> str:
    """Mean, interval and count of pairs, as an answer puts them in brackets."""
    s = compared.summary
    if s.n == 0:
        return pairs_phrase(compared)
    if s.equal == s.n:
        return f"the same {said_pairs(compared)}"
    unit = f" {compared.quantity.unit}" if compared.quantity.unit else ""
    shown = said_centre(compared)
    mean = f"{shown} times" if compared.as_ratio else f"{shown}{unit}"
    parts = (mean, _interval_note(compared), said_pairs(compared), _one_sided(compared))
    return ", ".join(part for part in parts if part)


def _one_sided(compared: Compared) -> str:
    """That all pairs agree, where they are only too few for so many comparisons."""
    s = compared.summary
    if compared.judgement.reason != "not significant" or s.n not in (s.above, s.below):
        return ""
    side = "higher" if s.above else "lower"
    return f"{side} in every pair, which is too few pairs for so many comparisons"


def _interval_note(compared: Compared) -> str:
    bounds = interval(compared)
    if not bounds or bounds == compared.summary.interval.note:
        return bounds
    low, high = (
        in_verdicts(text, compared, column)
        for text, column in zip(bounds.split(" to "), ("shown_low", "shown_high"), strict=True)
    )
    return f"{CONFIDENCE:.0%} interval {low} to {high}"


def _on_scale(compared: Compared, value: float) -> str:
    return significant(math.exp(value)) if compared.as_ratio else signed(value)


def _observed(results: StudyResults, compared: Compared) -> str:
    """The mean with its interval."""
    s, other = compared.summary, results.label(compared.other)
    if s.equal == s.n:
        return f"the same as that of {other} in every pair"
    note = _interval_note(compared)
    shown = f" ({note})" if note else ""
    if compared.as_ratio:
        return f"{said_centre(compared)} times that of {other}{shown}"
    unit = f" {compared.quantity.unit}" if compared.quantity.unit else ""
    return f"{said_centre(compared)}{unit} from {other}{shown}"


def _no_pairs(results: StudyResults, compared: Compared) -> str:
    return "since no pair of runs has two values"


def _too_few(results: StudyResults, compared: Compared) -> str:
    n = compared.summary.n
    pairs = in_verdicts(counted(n, "pair"), compared, "pairs")
    return (
        f"too few seeds to say: {pairs} cannot give a p under "
        f"{significant(smallest_p(n))}; observed is {_observed(results, compared)}"
    )


def _below_floor(results: StudyResults, compared: Compared) -> str:
    ratio = compared.floor.ratio if compared.floor else math.nan
    floor = in_verdicts(significant(100 * ratio, 2), compared, "noise_floor_percent")
    return (
        f"{_observed(results, compared)}, which is within the noise floor: an estimator differs "
        f"from itself by up to {floor}%"
    )


def _no_interval(results: StudyResults, compared: Compared) -> str:
    return f"{_observed(results, compared)}, without an interval to judge it by"


def _inside(results: StudyResults, compared: Compared) -> str:
    within = "" if compared.summary.equal == compared.summary.n else "which lies "
    return f"{_observed(results, compared)}, {within}within {region(compared)}"


def _significant(results: StudyResults, compared: Compared) -> str:
    return f"{_observed(results, compared)}, {_p(compared)}"


def _reaches(results: StudyResults, compared: Compared) -> str:
    return (
        f"{_observed(results, compared)}, {_p(compared)}, though perhaps by too little to matter: "
        f"the interval reaches into {region(compared)}"
    )


def _disagree(results: StudyResults, compared: Compared) -> str:
    equality = "a ratio of 1" if compared.as_ratio else "0"
    return (
        f"{_observed(results, compared)}: most pairs say so ({_p(compared)}), but the mean's "
        f"interval includes {equality}"
    )


def _not_significant(results: StudyResults, compared: Compared) -> str:
    s = compared.summary
    observed = _observed(results, compared)
    if s.n in (s.above, s.below):
        pairs = in_verdicts(f"{s.n} pairs", compared, "pairs")
        return (
            f"{observed}: {'higher' if s.above else 'lower'} in every pair, but {pairs} are "
            f"too few for so many comparisons ({_p(compared)})"
        )
    return (
        f"{observed}: neither a difference ({_p(compared)}) nor within {region(compared)} for "
        "certain"
    )


def _p(compared: Compared) -> str:
    if compared.p_corrected is None:
        return "p = 1"
    return f"p = {in_verdicts(p_text(compared.p_corrected), compared, 'p_holm')}"


_SENTENCES: dict[Reason, Callable[[StudyResults, Compared], str]] = {
    "no pairs": _no_pairs,
    "too few pairs": _too_few,
    "below the floor": _below_floor,
    "no interval": _no_interval,
    "inside the region": _inside,
    "significant": _significant,
    "reaches into the region": _reaches,
    "interval includes 0": _disagree,
    "not significant": _not_significant,
}

METHOD = (
    "A pair is one data set and seed, on which both estimators had the same split and start. The "
    "mean difference (of times, the geometric mean ratio) has a BCa bootstrap interval "
    f"({CONFIDENCE:.0%}; Efron, 1987); p is Wilcoxon's signed-rank test, exact, equal pairs ranked "
    "in Pratt's (1959) way; the effect is the rank-biserial correlation, from −1 (lower in every "
    "pair) to 1 (higher in every pair; Kerby, 2014). *Better* and *worse* need a corrected p of at "
    f"most {ALPHA} and an interval that leaves out equality; *equivalent* an interval within the "
    "region of practical equivalence; a *tie* is a difference in time within the noise floor; all "
    "else is *undecided*. What is said holds for these data sets and further seeds; splits of one "
    "data set overlap, so p is a guide rather than exact."
)
"""How verdicts come about."""
