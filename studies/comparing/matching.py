"""Which runs of two sets of results belong together: same data set, estimator and seed."""

from dataclasses import dataclass

from studies.report.loaded import StudyResults

Place = tuple[str, str, int]
"""Data set, estimator and seed."""


@dataclass(frozen=True)
class StatusChange:
    """A run that ended in one way before and in another after."""

    place: Place
    before: str
    after: str


@dataclass(frozen=True)
class Matching:
    """The planned runs of two sets.

    Parameters
    ----------
    common
        In both, in the first one's order.
    only_in_a, only_in_b
        In one alone.
    changes
        Of status, among the common ones.
    """

    common: tuple[Place, ...]
    only_in_a: tuple[Place, ...]
    only_in_b: tuple[Place, ...]
    changes: tuple[StatusChange, ...]


def match_cells(a: StudyResults, b: StudyResults) -> Matching:
    """Match the planned runs of two sets; one that was not run has that for its status."""
    before, after = _statuses(a), _statuses(b)
    common = tuple(place for place in before if place in after)
    return Matching(
        common=common,
        only_in_a=tuple(place for place in before if place not in after),
        only_in_b=tuple(place for place in after if place not in before),
        changes=tuple(
            StatusChange(place, before[place], after[place])
            for place in common
            if before[place] != after[place]
        ),
    )


def _statuses(results: StudyResults) -> dict[Place, str]:
    columns = results.cells[["dataset", "estimator", "seed", "status"]]
    return {(d, e, int(seed)): str(s) for d, e, seed, s in columns.itertuples(index=False)}
