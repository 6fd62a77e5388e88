"""Criteria against the number of components: what each chooses, seed by seed."""

from dataclasses import dataclass

import pandas as pd

from studies.published import published_optima
from studies.report.loaded import StudyResults


@dataclass(frozen=True)
class Criterion:
    """A way to choose K.

    Parameters
    ----------
    metric, split
        What is compared.
    label
        Its name in text and tables.
    sign
        1 if lower is better, −1 if higher is.
    """

    metric: str
    split: str
    label: str
    sign: int


CRITERIA = (
    Criterion("bic", "train", "BIC", 1),
    Criterion("icl", "train", "ICL", 1),
    Criterion("log_likelihood", "test", "held-out log p(x)", -1),
)
"""The criteria of a study of model selection, in the order of its columns."""


@dataclass(frozen=True)
class Choice:
    """What a criterion chose on a data set.

    Parameters
    ----------
    by_seed
        The chosen K by seed.
    """

    by_seed: pd.Series

    @property
    def usual(self) -> int:
        """The K chosen most often; of several the smallest."""
        counts = self.by_seed.value_counts()
        return int(counts[counts == counts.max()].index.min())

    @property
    def votes(self) -> int:
        """How many seeds chose the usual K."""
        return int((self.by_seed == self.usual).sum())

    @property
    def n_seeds(self) -> int:
        """How many seeds chose."""
        return len(self.by_seed)

    @property
    def spread(self) -> tuple[int, int]:
        """The smallest and the largest K chosen."""
        return int(self.by_seed.min()), int(self.by_seed.max())


def swept_groups(results: StudyResults) -> dict[str, list[str]]:
    """The points at which the number of components is varied, by group."""
    swept = {
        group: [point for point in points if "n_components" in results.factors(point)]
        for group, points in results.groups.items()
    }
    return {group: points for group, points in swept.items() if len(points) > 1}


def curve(results: StudyResults, group: str, metric: str, split: str) -> pd.DataFrame:
    """A metric of the baseline against K: columns K, one row a seed; only complete seeds.

    A seed on which a run is missing could not be compared over K, and is left out.
    """
    columns = {
        int(results.factors(point)["n_components"]): results.values(
            metric, split, point, results.baseline
        )
        for point in swept_groups(results)[group]
    }
    frame = pd.DataFrame(columns)
    return frame[sorted(frame.columns)].dropna()


def choice(results: StudyResults, group: str, criterion: Criterion) -> Choice | None:
    """What the criterion chooses on each seed; None if no seed has a run for every K."""
    frame = curve(results, group, criterion.metric, criterion.split)
    if frame.empty:
        return None
    return Choice((criterion.sign * frame).idxmin(axis=1).astype(int))


def covariance_type(results: StudyResults, group: str) -> str:
    """The covariance type that the group is fitted with."""
    point = results.groups[group][0]
    return str(results.settings(point, results.baseline).get("covariance_type", "full"))


def known_classes(results: StudyResults, group: str) -> int | None:
    """How many classes, or simulated components, the data are known to have."""
    names = results.facts(results.groups[group][0]).get("label_names") or []
    return len(names) or None


def published_choice(results: StudyResults, group: str) -> int | None:
    """The K at which mclust's printed BIC of this data set and covariance type is lowest.

    It is that of the whole data set and of mclust's own optima.
    """
    name = str(results.facts(results.groups[group][0]).get("name", ""))
    kind = covariance_type(results, group)
    rows = [
        (o.bic, o.n_components)
        for o in published_optima()
        if o.bic is not None
        and o.n_parameters is not None
        and (o.dataset, o.covariance_type) == (name, kind)
    ]
    return min(rows)[1] if rows else None
