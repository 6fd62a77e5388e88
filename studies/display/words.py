"""Results, durations and numbers of a run in a few words."""

import math
from collections.abc import Mapping

from studies.display.outline import ScoreName
from studies.results import CellResult

# The first of these that a run has is what it is called good by.
_QUALITY: tuple[tuple[ScoreName, str], ...] = (
    (("log_likelihood", "test"), "log p(x)"),
    (("elbo", "test"), "ELBO"),
)


def outcome(result: CellResult) -> str:
    """A result in a few words, on one line.

    Examples
    --------
    >>> outcome(CellResult("k", "timeout", "killed after 3 s"))
    'timeout: killed after 3 s'
    """
    if result.status != "ok":
        return f"{result.status}: {' '.join(result.message.split())}"
    scores = scores_of(result)
    found = quality(scores)
    parts = [] if found is None else [f"{found[0]} {found[1]:.3f}"]
    if ("fit_seconds", "") in scores:
        parts.append(f"{scores['fit_seconds', '']:.2f} s")
    return ", ".join(parts) or "ok"


def scores_of(result: CellResult) -> dict[ScoreName, float]:
    """A result's values by metric and split."""
    return {(score.metric, score.split): score.value for score in result.scores}


def quality(scores: Mapping[ScoreName, float]) -> tuple[str, float] | None:
    """What a run is called good by: held-out log p(x), else the ELBO, in nats per datum.

    None without a finite one, and for a mixture that is known to be degenerate, whose likelihood
    has no upper bound.

    Examples
    --------
    >>> quality({("elbo", "test"): -101.5})
    ('ELBO', -101.5)
    >>> quality({("log_likelihood", "test"): -1.0, ("regular", ""): 0.0}) is None
    True
    """
    if any(metric == "regular" and value == 0 for (metric, _), value in scores.items()):
        return None
    for name, label in _QUALITY:
        if math.isfinite(scores.get(name, math.nan)):
            return label, scores[name]
    return None


def clock(seconds: float) -> str:
    """A duration as hours, minutes and seconds.

    Examples
    --------
    >>> clock(5), clock(65), clock(3605)
    ('0:05', '1:05', '1:00:05')
    """
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def about(seconds: float) -> str:
    """A duration that is an estimate: no more digits than it deserves.

    Examples
    --------
    >>> about(8), about(42), about(200), about(5000), about(40000)
    ('under 10 s', 'about 40 s', 'about 3 min', 'about 1 h 20 min', 'about 11 h')
    """
    if seconds < 10:
        return "under 10 s"
    if seconds < 55:
        return f"about {round(seconds, -1):.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"about {minutes} min"
    if minutes < 600:
        hours, rest = divmod(round(minutes, -1), 60)
        return f"about {hours} h {rest} min" if rest else f"about {hours} h"
    return f"about {round(seconds / 3600)} h"


def tallied(counts: Mapping[str, int]) -> str:
    """How many runs ended in which way, those that ended well first.

    Examples
    --------
    >>> tallied({"failed": 2, "ok": 5, "timeout": 0})
    '5 ok, 2 failed'
    >>> tallied({})
    'none ended'
    """
    order = sorted(counts, key=lambda status: (status != "ok", status))
    return ", ".join(f"{counts[s]} {s}" for s in order if counts[s]) or "none ended"
