"""A study's results as the report reads them: the store's content, by name."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from studies.regions import stated_regions
from studies.report.score_scales import scale_of
from studies.report.sections import section_names
from studies.report.words import drawn, escaped
from studies.results import ResultStore
from suite.registry import ESTIMATORS


@dataclass(frozen=True, eq=False)
class StudyResults:
    """Everything stored of one study, read once.

    Only runs that ended well give values; `planned` says how many there should be.
    """

    store: ResultStore
    name: str
    document: dict[str, Any]
    provenance: dict[str, Any]
    cells: pd.DataFrame
    scores: pd.DataFrame
    trace: pd.DataFrame

    @classmethod
    def read(cls, store: ResultStore, name: str | None = None) -> "StudyResults":
        """All that `store` holds; `name` is the study's, the stored one if left out."""
        document = store.document()
        return cls(
            store=store,
            name=name or str(document.get("name", store.path.parent.name)),
            document=document,
            provenance=store.provenance(),
            cells=store.cells(),
            scores=store.scores(),
            trace=store.trace(),
        )

    # -- the study ---------------------------------------------------------------------------

    @property
    def kind(self) -> Any:
        """The kind of study: "mixture" or "vae"."""
        return self.document["kind"]

    @property
    def metrics(self) -> list[str]:
        """The metrics of the main table."""
        return list(self.document["metrics"])

    @property
    def sections(self) -> list[str]:
        """The sections to write, in order."""
        return list(self.document.get("sections") or section_names(self.kind))

    @property
    def target(self) -> float:
        """The common target's distance from the best, in nats per datum."""
        return float(self.document.get("stopping", {}).get("target", 0.01))

    @property
    def compares_times(self) -> bool:
        """Whether its times are there to be compared: its runs then had the machine alone."""
        return bool(self.document.get("timing", True))

    @property
    def regions(self) -> dict[str, float]:
        """The metrics to judge, each with the largest difference that does not matter."""
        stated = self.document.get("comparison", {}).get("equivalent", {})
        return stated_regions(self.kind, self.metrics, stated)

    @cached_property
    def datasets(self) -> list[str]:
        """Names of the data sets, in the study's order."""
        return list(self.cells["dataset"].drop_duplicates())

    @cached_property
    def groups(self) -> dict[str, list[str]]:
        """The data sets by the entry they come from: a sweep's points under its own name."""
        found: dict[str, list[str]] = {}
        for name in self.datasets:
            entry = self.document.get("datasets", {}).get(name) or {}
            found.setdefault(str(entry.get("group") or name), []).append(name)
        return found

    def factors(self, dataset: str) -> dict[str, Any]:
        """What sets a data set apart from others of its group: a sweep's values by short name."""
        entry = self.document.get("datasets", {}).get(dataset) or {}
        return dict(entry.get("factors") or {})

    @cached_property
    def estimators(self) -> list[str]:
        """Names of the estimators, in the study's order; those run again are no others."""
        names = list(self.cells["estimator"].drop_duplicates())
        return [name for name in names if name not in self.repeats]

    @cached_property
    def repeats(self) -> dict[str, str]:
        """Names under which estimators were run again, for their times alone, and of which each."""
        entries = self.document.get("estimators") or {}
        found = {name: (entry or {}).get("repeats") for name, entry in entries.items()}
        return {name: str(first) for name, first in found.items() if first}

    @property
    def baseline(self) -> str:
        """The estimator that the others are compared with."""
        return str(self.document["baseline"])

    @property
    def others(self) -> list[str]:
        """The estimators but the baseline."""
        return [name for name in self.estimators if name != self.baseline]

    @property
    def n_seeds(self) -> int:
        """How many seeds the plan has."""
        return int(self.cells["seed"].nunique())

    def registered(self, estimator: str) -> str:
        """The name under which an estimator of the study is registered."""
        entry = self.document.get("estimators", {}).get(estimator) or {}
        return str(entry.get("estimator") or estimator)

    @cached_property
    def _labels(self) -> dict[str, str]:
        labels = {}
        for name in self.estimators:
            entry = self.document.get("estimators", {}).get(name) or {}
            spec = ESTIMATORS.get(self.registered(name))
            labels[name] = str(entry.get("label") or (spec.label if spec else name))
        shared = {label for label in labels.values() if list(labels.values()).count(label) > 1}
        unique = {n: f"{text} ({n})" if text in shared else text for n, text in labels.items()}
        return unique | {n: f"{unique.get(f, f)}, again" for n, f in self.repeats.items()}

    def label(self, estimator: str) -> str:
        """What text calls an estimator, in Markdown."""
        return escaped(self._labels[estimator])

    def drawn_label(self, estimator: str) -> str:
        """What figures call an estimator."""
        return drawn(self._labels[estimator])

    def plain_label(self, estimator: str) -> str:
        """What terminals call an estimator."""
        return self._labels[estimator]

    def settings(self, dataset: str, estimator: str) -> dict[str, Any]:
        """The constructor parameters that the study gave."""
        entries = (
            self.document.get("datasets", {}).get(dataset),
            self.document.get("estimators", {}).get(estimator),
        )
        merged: dict[str, Any] = {}
        for entry in entries:
            merged |= (entry or {}).get("settings", {})
        return merged

    def comparable(self, dataset: str, one: str, other: str) -> bool:
        """Whether two estimators' likelihoods are densities of the same thing.

        A Bernoulli on bits, a Bernoulli on grey pixels and a density of real values are not.
        """
        return self.scale(dataset, one) == self.scale(dataset, other)

    def scale(self, dataset: str, estimator: str) -> str:
        """What an estimator's scores are log probabilities of: "" for a mixture's, a density.

        For VAEs see `studies.report.score_scales.scale_of`.
        """
        return "" if self.kind == "mixture" else scale_of(self.likelihood(dataset, estimator))

    @cached_property
    def scales(self) -> list[str]:
        """The scales of the study's scores: those of bits first, then of densities, then others."""
        places = zip(self.cells["dataset"], self.cells["estimator"], strict=True)
        found = {self.scale(d, e) for d, e in places if e in self.estimators}
        return sorted(found, key=lambda scale: (scale != "bits", scale != "density", scale))

    def likelihood(self, dataset: str, estimator: str) -> str:
        """The kind of likelihood that the study's settings name; empty where they name none."""
        return str(self.settings(dataset, estimator).get("likelihood") or "")

    @cached_property
    def mixed_datasets(self) -> list[str]:
        """Data sets on which the estimators' likelihoods are of more than one kind."""
        return [
            dataset
            for dataset in self.datasets
            if len({self.scale(dataset, name) for name in self.estimators}) > 1
        ]

    # -- its runs ----------------------------------------------------------------------------

    def runs(self, dataset: str, estimator: str) -> pd.DataFrame:
        """The planned cells of an estimator on a data set."""
        return self._runs.get((dataset, estimator), self.cells.iloc[:0])

    @cached_property
    def _runs(self) -> dict[tuple[str, str], pd.DataFrame]:
        groups = self.cells.groupby(["dataset", "estimator"], sort=False)
        return {(str(dataset), str(name)): group for (dataset, name), group in groups}

    def planned(self, dataset: str, estimator: str) -> int:
        """How many runs there should be."""
        return len(self.runs(dataset, estimator))

    def ended_well(self, dataset: str, estimator: str) -> int:
        """How many runs there are figures of."""
        return int((self.runs(dataset, estimator)["status"] == "ok").sum())

    @cached_property
    def failures(self) -> pd.DataFrame:
        """The planned cells that did not end well or were not run."""
        return self.cells[self.cells["status"] != "ok"]

    def facts(self, dataset: str) -> dict[str, Any]:
        """What is known of a data set; empty if no run got as far as loading it."""
        return self._facts[dataset]

    @cached_property
    def _facts(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {name: {} for name in self.datasets}
        for dataset, facts in zip(self.cells["dataset"], self.cells["dataset_facts"], strict=True):
            found[dataset] = facts | found[dataset]
        return found

    def facts_of_run(self, dataset: str, estimator: str) -> dict[str, Any]:
        """What the first run of an estimator on a data set told of it."""
        facts = self.runs(dataset, estimator)["dataset_facts"]
        return dict(facts.iloc[0]) if len(facts) else {}

    @cached_property
    def parity(self) -> pd.DataFrame:
        """What the parity gate found; see `ResultStore.parity`."""
        return self.store.parity()

    # -- its values --------------------------------------------------------------------------

    def values(self, metric: str, split: str, dataset: str, estimator: str) -> pd.Series:
        """A metric's finite values by seed."""
        return self._values.get((metric, split, dataset, estimator), pd.Series(dtype=float))

    @cached_property
    def _values(self) -> dict[tuple[str, ...], pd.Series]:
        rows = self.scores[(self.scores["status"] == "ok") & np.isfinite(self.scores["value"])]
        groups = rows.groupby(["metric", "split", "dataset", "estimator"], sort=False)
        return {key: group.set_index("seed")["value"].sort_index() for key, group in groups}

    def has(self, metric: str, split: str) -> bool:
        """Whether any run has a value of `metric` on `split`."""
        return any(key[:2] == (metric, split) for key in self._values)

    def pairs(self, metric: str, split: str, dataset: str, one: str, other: str) -> pd.DataFrame:
        """Values of two estimators on the seeds that both have, as columns "one" and "other"."""
        columns = {
            "one": self.values(metric, split, dataset, one),
            "other": self.values(metric, split, dataset, other),
        }
        return pd.DataFrame(columns).dropna()

    def traced(self, metric: str, split: str, dataset: str) -> pd.DataFrame:
        """The way to a metric: estimator, seed, step, seconds, value of the runs that ended well.

        The shared start (step 0) is there if the runner scored it.
        """
        rows = self._traced
        chosen = rows[
            (rows["metric"] == metric) & (rows["split"] == split) & (rows["dataset"] == dataset)
        ]
        return chosen[["estimator", "seed", "step", "seconds", "value"]]

    @cached_property
    def _traced(self) -> pd.DataFrame:
        first = self.cells["estimator"].isin(self.estimators)
        ok = self.cells.loc[first & (self.cells["status"] == "ok"), "key"]
        return self.trace[self.trace["key"].isin(ok) & np.isfinite(self.trace["value"])]

    def arrays(self, dataset: str, estimator: str, seed: int) -> dict[str, np.ndarray]:
        """What one run left for figures; nothing if it did not end well."""
        runs = self.runs(dataset, estimator)
        keys = runs.loc[(runs["seed"] == seed) & (runs["status"] == "ok"), "key"]
        return self.store.arrays(str(keys.iloc[0])) if len(keys) else {}

    def pictures(self, dataset: str, needed: str) -> dict[str, dict[str, np.ndarray]]:
        """The arrays of the first seed's runs that have `needed`, by estimator."""
        first = int(self.cells["seed"].min())
        found = {name: self.arrays(dataset, name, first) for name in self.estimators}
        return {name: arrays for name, arrays in found.items() if needed in arrays}
