"""The whole comparison: studies matched by name, each with what differs and what moved."""

from collections import Counter
from dataclasses import dataclass

from studies.comparing.differences import Difference, differences, same_machine
from studies.comparing.matching import Matching, match_cells
from studies.comparing.value import ComparedValue
from studies.comparing.values import compare_values
from studies.report.loaded import StudyResults
from studies.result_sets import ResultSet
from studies.results import ResultStore
from suite.errors import InputError


@dataclass(frozen=True)
class StudyComparison:
    """One study before and after.

    Parameters
    ----------
    study
        Its name.
    differences
        In how the two were made.
    matching
        Of their runs.
    values
        Every quantity, before and after.
    labels
        What each estimator is called, by its name.
    """

    study: str
    differences: tuple[Difference, ...]
    matching: Matching
    values: tuple[ComparedValue, ...]
    labels: dict[str, str]

    @property
    def moved(self) -> bool:
        """Whether a value moved beyond the noise or a run ended in another way."""
        return bool(self.matching.changes) or any(value.moved for value in self.values)

    @property
    def findings(self) -> Counter[str]:
        """How many values were found to be what."""
        return Counter(value.finding for value in self.values)


@dataclass(frozen=True)
class Comparison:
    """Two sets of results.

    Parameters
    ----------
    a, b
        What the user called them.
    studies
        Those in both.
    only_in_a, only_in_b
        Names of studies in one alone.
    """

    a: str
    b: str
    studies: tuple[StudyComparison, ...]
    only_in_a: tuple[str, ...]
    only_in_b: tuple[str, ...]

    @property
    def moved(self) -> bool:
        """Whether anything moved in any study."""
        return any(study.moved for study in self.studies)


def compare_results(a: ResultSet, b: ResultSet, *, across_machines: bool = False) -> Comparison:
    """Compare two sets of results, study by study.

    Parameters
    ----------
    a, b
        Before and after. Two single studies are compared whatever their names.
    across_machines
        Judge times also where the two were not measured on one machine.

    Raises
    ------
    InputError
        If they have no run in common, or two studies are of different kinds.
    """
    names = {name: name for name in a.stores if name in b.stores}
    if not names and len(a.stores) == len(b.stores) == 1:
        names = {next(iter(a.stores)): next(iter(b.stores))}
    studies = tuple(
        _compared(before, a.stores[before], b.stores[after], across_machines)
        for before, after in names.items()
    )
    if not any(study.matching.common for study in studies):
        raise InputError(
            f"expected runs of the same data set, estimator and seed in {a.given} and {b.given}, "
            "found none in both; give two sets of results of one study."
        )
    return Comparison(
        a=a.given,
        b=b.given,
        studies=studies,
        only_in_a=tuple(name for name in a.stores if name not in names),
        only_in_b=tuple(name for name in b.stores if name not in names.values()),
    )


def _compared(
    name: str, before: ResultStore, after: ResultStore, across_machines: bool
) -> StudyComparison:
    a, b = StudyResults.read(before), StudyResults.read(after)
    if a.kind != b.kind:
        raise InputError(
            f"expected two sets of results of one kind of study, found {a.kind!r} in {before.path} "
            f"and {b.kind!r} in {after.path}; give two of the same study."
        )
    matching = match_cells(a, b)
    return StudyComparison(
        study=name,
        differences=differences(a, b, matching),
        matching=matching,
        values=compare_values(
            a, b, matching, times_comparable=across_machines or same_machine(a, b)
        ),
        labels={e: r.plain_label(e) for r in (b, a) for e in r.estimators},
    )
