"""What the parity gate found: which estimators agree with the reference, and whom to rank.

Before a study times anything, every implementation is asked for its log-likelihood, its bound and
its gradient at the same parameters (`suite.evaluation.parity`). One that does not agree computes
something else, and is ranked against nobody.
"""

import pandas as pd

from studies.report.loaded import StudyResults

AGREES, DIFFERS, NOT_AVAILABLE = "agrees", "differs", "not available"
"""How a check can come out that came to an end."""


def parity_rows(results: StudyResults) -> pd.DataFrame:
    """The stored checks of the study's own estimators; columns as of `ParityRow`."""
    frame = results.parity
    return frame[frame["estimator"].isin(results.estimators)]


def failing_estimators(results: StudyResults) -> tuple[str, ...]:
    """Those that differ from the reference somewhere, or whose check came to no end."""
    rows = parity_rows(results)
    failing = set(rows.loc[~rows["status"].isin([AGREES, NOT_AVAILABLE]), "estimator"])
    return tuple(name for name in results.estimators if name in failing)


def may_be_ranked(results: StudyResults, one: str, other: str) -> bool:
    """Whether nothing is known that forbids to compare two estimators.

    False if either differs from the reference on any data set, or its check came to no end. True
    where no gate was stored: its section then says so.
    """
    return not {one, other} & set(failing_estimators(results))
