"""The A/A part of a study: estimators that are timed a second time, beside themselves.

A repeat has the same settings, seeds and data as the estimator it repeats and runs in the same
interleaved order, after all the estimators of its data set and seed, so that its distance in time
from what it repeats is no smaller than that of any two estimators that are compared. It is fitted
as the first is and not scored: what its times differ by from the first one's is noise.
"""

from typing import Any

from studies.metrics import METRICS
from studies.regions import stated_regions
from studies.statistics import fewest_pairs

_SUFFIX = "-again"


def add_repeats(content: dict[str, Any]) -> None:
    """Add to a resolved study's content an entry for every estimator that is to be repeated.

    Those are the ones that `comparison.repeats` names and, where it is left out, the baseline if
    the study ranks seconds (`ranks_seconds`). One that the study lists under a second name with
    the same settings is repeated already.

    Parameters
    ----------
    content
        A study as plain data, its profile applied and its sweeps expanded; changed in place.
    """
    estimators = content["estimators"]
    named = content["comparison"]["repeats"]
    if named is None:
        named = [content["baseline"]] if ranks_seconds(content) else []
    named = [name for name in named if name in estimators]
    if content["comparison"]["repeats"] is not None:
        content["comparison"]["repeats"] = named
    for name in named:
        if not _listed_twice(estimators, name) and name + _SUFFIX not in estimators:
            _add(content, name)


def ranks_seconds(content: dict[str, Any]) -> bool:
    """Whether estimators are told apart by time: there are two, a time is judged, and enough pairs.

    A study that says that it compares no times (`timing = false`) does not. With fewer than six
    pairs of data set and seed no difference in time can be significant, so that there would be
    nothing to hold to a noise floor.
    """
    given = content["comparison"]["equivalent"]
    judged = stated_regions(content["kind"], content["metrics"], given)
    timed = any(METRICS[name].unit == "seconds" for name in judged)
    pairs = sum(entry["seeds"] or content["seeds"] for entry in content["datasets"].values())
    return (
        content["timing"] and timed and len(content["estimators"]) > 1 and pairs >= fewest_pairs()
    )


def _listed_twice(estimators: dict[str, Any], name: str) -> bool:
    same = [_identity(other, entry) for other, entry in estimators.items()]
    return same.count(_identity(name, estimators[name])) > 1


def _identity(name: str, entry: dict[str, Any]) -> tuple[str, str]:
    return str(entry["estimator"] or name), str(sorted(entry["settings"].items()))


def _add(content: dict[str, Any], name: str) -> None:
    entry = content["estimators"][name]
    again = name + _SUFFIX
    content["estimators"][again] = entry | {
        "estimator": entry["estimator"] or name,
        "repeats": name,
    }
    for dataset in content["datasets"].values():
        if dataset["estimators"] is not None and name in dataset["estimators"]:
            dataset["estimators"] = [*dataset["estimators"], again]
