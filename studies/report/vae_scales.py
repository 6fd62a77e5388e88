"""Places of a VAE study by the scale of their scores: one table, figure or axis for each."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from studies.report.loaded import StudyResults
from studies.report.score_scales import scale_words

Place = tuple[str, str]
"""Data set and estimator."""


@dataclass(frozen=True)
class ScaleGroup:
    """Places whose scores are on one scale.

    Parameters
    ----------
    scale
        As `StudyResults.scale` says it.
    places
        In the study's order.
    suffix
        What is added to the name of a table or figure of this group; empty where a study has one
        scale.
    note
        What its caption says of the scale; empty likewise.
    """

    scale: str
    places: tuple[Place, ...]
    suffix: str
    note: str

    def estimators(self, dataset: str) -> list[str]:
        """The estimators of the group on a data set."""
        return [name for d, name in self.places if d == dataset]

    def rows(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of a frame with columns dataset and estimator that are of the group."""
        inside = [place in self.places for place in places_of(frame)]
        return frame[inside].reset_index(drop=True)

    @property
    def is_density(self) -> bool:
        """Whether the scores are log probabilities, of mass or density, at all."""
        return self.scale in ("bits", "density")

    @property
    def datasets(self) -> list[str]:
        """The data sets of the group."""
        return list(dict.fromkeys(dataset for dataset, _ in self.places))


def places_of(frame: pd.DataFrame) -> list[Place]:
    """Each row's data set and estimator."""
    names = zip(frame["dataset"], frame["estimator"], strict=True)
    return [(str(dataset), str(estimator)) for dataset, estimator in names]


def scale_groups(results: StudyResults, places: Iterable[Place]) -> list[ScaleGroup]:
    """The places by scale, those of bits first; scales without a place are left out."""
    every = list(dict.fromkeys(places))
    groups = []
    for scale in results.scales:
        chosen = tuple(place for place in every if results.scale(*place) == scale)
        if not chosen:
            continue
        several = len(results.scales) > 1
        suffix = f"-{scale}" if several else ""
        note = f"**Scores here: {scale_words(scale)}.** " if several else ""
        groups.append(ScaleGroup(scale, chosen, suffix, note))
    return groups
