"""Variational Bayes started with too many components: how many keep weight."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from studies.report.loaded import StudyResults
from studies.report.model import Column, Entry, Figure, Section, Table, Text
from studies.report.numbers import linked
from studies.report.pruning_figures import draw_weights
from studies.report.tables import RUNS_OK, ok_entry
from studies.report.words import MISSING, escaped, fixed, listed, significant

SHARE = 0.95
"""The components that keep weight are the fewest that together hold this share of it."""

_TITLE = "Surplus components under variational Bayes"


@dataclass(frozen=True, eq=False)
class Pruning:
    """What became of surplus components in an estimator's runs on a data set.

    Parameters
    ----------
    dataset, estimator
        By their names in the study.
    concentration
        Of the Dirichlet prior of the weights; NaN for maximum likelihood, which has none.
    weights
        (seeds, K), each row in falling order.
    """

    dataset: str
    estimator: str
    concentration: float
    weights: np.ndarray

    @property
    def n_components(self) -> int:
        """K, with which the runs started."""
        return int(self.weights.shape[1])

    @property
    def kept(self) -> np.ndarray:
        """How many components hold `SHARE` of the weight, by seed."""
        held = np.cumsum(self.weights, axis=1)
        # A sum that is the share but for rounding holds it.
        return 1 + (held < SHARE - 1e-12).sum(axis=1)


def prunings(results: StudyResults) -> list[Pruning]:
    """One for every data set that variational Bayes runs on and every estimator to compare."""
    found = []
    for dataset in results.datasets:
        names = [name for name in results.estimators if results.planned(dataset, name)]
        if not any(_is_bayesian(results, dataset, name) for name in names):
            continue
        for name in names:
            weights = _weights(results, dataset, name)
            if weights is not None:
                found.append(
                    Pruning(dataset, name, _concentration(results, dataset, name), weights)
                )
    return found


def pruning_section(results: StudyResults) -> Section:
    """The weights in falling order, and how many components keep some."""
    found = prunings(results)
    if not found:
        return Section("pruning", _TITLE, (Text("No run of variational Bayes ended well."),))
    datasets = list(dict.fromkeys(p.dataset for p in found))
    lead = Text(
        "Variational Bayes is started from more components than the data need. The Dirichlet prior "
        "of the weights decides what becomes of the surplus: where its concentration α is below "
        "half the number of parameters of a component, the posterior empties surplus components as "
        "the data grow, and where it is above, it shares the rows out among them (Rousseau and "
        "Mengersen, 2011). Maximum likelihood has no reason to empty any."
    )
    figure = Figure(
        name="weights",
        alt=f"The components' weights in falling order on {listed(datasets)}, for "
        f"{listed(list(dict.fromkeys(results.plain_label(p.estimator) for p in found)))}.",
        caption="Weights in falling order, on a logarithmic axis. Line: median over seeds; band: "
        "smallest to largest. Dotted: the weight of one row.",
        draw=partial(draw_weights, results, found),
    )
    return Section("pruning", _TITLE, (lead, _table(results, found), figure))


def pruning_sentences(results: StudyResults) -> list[str]:
    """How many components keep weight, for the study's answer."""
    sentences = []
    found = [p for p in prunings(results) if np.isfinite(p.concentration)]
    for dataset in dict.fromkeys(p.dataset for p in found):
        here = [p for p in found if p.dataset == dataset]
        phrases = [
            f"{_said_kept(p)} with α = {_said(p, p.concentration, 'concentration')}" for p in here
        ]
        limit = _said(here[0], _limit(results, dataset), "sparse_limit")
        many = _said(here[0], here[0].n_components, "n_components")
        sentences.append(
            f"Started with {many} components on {escaped(dataset)}, variational Bayes leaves "
            f"{SHARE:.0%} of the weight to so many: {listed(phrases)}; half a "
            f"component's number of parameters is {limit}."
        )
    return sentences


def _said(p: Pruning, value: float, column: str) -> str:
    """A figure with its place in the table."""
    where = {"dataset": p.dataset, "estimator": p.estimator}
    return linked(significant(value), "pruning", column, where=where)


def _said_kept(p: Pruning) -> str:
    """`_span` of the components that keep weight, its numbers with their places."""
    low, high = int(p.kept.min()), int(p.kept.max())
    middle = _said(p, float(np.median(p.kept)), "components_kept_median")
    if low == high:
        return middle
    ends = (_said(p, low, "components_kept_min"), _said(p, high, "components_kept_max"))
    return f"{middle} ({' to '.join(ends)})"


def _table(results: StudyResults, found: list[Pruning]) -> Table:
    rows, records = [], []
    for p in found:
        used = results.values("components_in_use", "train", p.dataset, p.estimator)
        test = results.values("log_likelihood", "test", p.dataset, p.estimator)
        limit = _limit(results, p.dataset)
        bayesian = np.isfinite(p.concentration)
        rows.append(
            (
                Entry(escaped(p.dataset)),
                Entry(results.label(p.estimator)),
                ok_entry(results, [p.dataset], [p.estimator]),
                Entry(str(p.n_components)),
                Entry(significant(p.concentration), _side(p.concentration, limit)),
                Entry(_span(p.kept)),
                Entry(_span(used.to_numpy()) if len(used) else MISSING),
                Entry(fixed(float(test.median()), 3) if len(test) else MISSING),
            )
        )
        records.append(
            {
                "dataset": p.dataset,
                "estimator": p.estimator,
                "n_components": p.n_components,
                "concentration": p.concentration if bayesian else None,
                "sparse_limit": limit,
                "components_kept_median": float(np.median(p.kept)),
                "components_kept_min": int(p.kept.min()),
                "components_kept_max": int(p.kept.max()),
                "components_in_use_median": float(used.median()) if len(used) else None,
                "held_out_log_likelihood_median": float(test.median()) if len(test) else None,
                "seeds": len(p.weights),
            }
        )
    return Table(
        name="pruning",
        caption=f"The fewest components that hold {SHARE:.0%} of the weight, and those that are "
        "the most probable one of at least one row: median over seeds, with the range where they "
        "differ. Below the concentration: on which side of half the number of a component's "
        "parameters it is.",
        columns=(
            Column("data", align="left"),
            Column("estimator", align="left"),
            RUNS_OK,
            Column("K at the start"),
            Column("concentration"),
            Column(f"hold {SHARE:.0%}", "components"),
            Column("in use", "components"),
            Column("log p(x), held out", "nats per datum"),
        ),
        rows=tuple(rows),
        frame=pd.DataFrame(records),
    )


def _is_bayesian(results: StudyResults, dataset: str, name: str) -> bool:
    return results.settings(dataset, name).get("inference") == "vb"


def _concentration(results: StudyResults, dataset: str, name: str) -> float:
    if not _is_bayesian(results, dataset, name):
        return float("nan")
    return float(results.settings(dataset, name).get("weight_concentration", 1.0))


def _weights(results: StudyResults, dataset: str, name: str) -> np.ndarray | None:
    seeds = results.runs(dataset, name)["seed"]
    arrays = [results.arrays(dataset, name, int(seed)).get("weights") for seed in seeds]
    kept = [np.sort(weights)[::-1] for weights in arrays if weights is not None]
    return np.stack(kept) if kept else None


def _limit(results: StudyResults, dataset: str) -> float:
    """Half the number d of parameters of one component, its mean and its covariance.

    A mixture of K components with covariances of their own has K − 1 + K d parameters.
    """
    for name in results.estimators:
        counts = results.values("n_parameters", "", dataset, name)
        if len(counts):
            K = int(results.settings(dataset, name).get("n_components", 1))
            return (float(counts.iloc[0]) - (K - 1)) / K / 2
    return float("nan")


def _side(concentration: float, limit: float) -> str:
    if not np.isfinite(concentration):
        return ""
    return f"{'below' if concentration < limit else 'not below'} {significant(limit)}"


def _span(values: np.ndarray) -> str:
    low, high = int(np.min(values)), int(np.max(values))
    middle = significant(float(np.median(values)))
    return middle if low == high else f"{middle} ({low} to {high})"
