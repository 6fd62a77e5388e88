"""The tables of a study of likelihoods: one a kind of score, and one of what all of them share."""

import pandas as pd

from studies.metrics import METRICS
from studies.report.likelihoods_data import Alternative, brightness_change, twin_difference
from studies.report.loaded import StudyResults
from studies.report.model import Column, Entry, Table
from studies.report.tables import RUNS_OK, median_entry, ok_entry, spread
from studies.report.words import escaped, fixed, signed
from studies.statistics import CONFIDENCE

_SPREAD = "Median over seeds; below it the smallest and the largest value."

_AFTERWARDS = {"log_likelihood": "normalised_log_likelihood", "elbo": "normalised_elbo"}

_CAPTIONS = {
    "bits": "Log probabilities of bits, each pixel one bit.",
    "density": "Log densities of grey pixels, each in [0, 1] or on the whole line. *Normalised "
    "afterwards*: trained without the normaliser, scored with it.",
    "none": "No log probabilities of anything, and no bounds on any: the formula of an ELBO with a "
    "likelihood that is not normalised.",
}
_METRICS = {
    "bits": ("log_likelihood", "elbo", "active_units"),
    "density": ("log_likelihood", "elbo", "active_units"),
    "none": ("pseudo_elbo", "active_units"),
}
_SHARED = ("squared_error", "decoded_brightness", "brightness", "decoded_outside")

_LEAD = (
    Column("likelihood in training", align="left"),
    Column("estimator", align="left"),
    RUNS_OK,
)


def kind_table(
    results: StudyResults, kind: str, rows: list[Alternative], afterwards: list[Alternative]
) -> Table:
    """The scores of one kind; densities also of models normalised afterwards."""
    usual: dict[str, str] = {}
    chosen = [(a, usual) for a in rows] + [(a, _AFTERWARDS) for a in afterwards]
    return _table(
        results, f"likelihoods-{kind}", f"{_CAPTIONS[kind]} {_SPREAD}", chosen, _METRICS[kind]
    )


def shared_table(results: StudyResults, rows: list[Alternative]) -> Table:
    """What is in the units of the data, whatever the likelihood."""
    return _table(
        results,
        "likelihoods-shared",
        "What all models of grey pixels share: their reconstructions, in the units of the data. "
        f"{_SPREAD}",
        [(a, {}) for a in rows],
        _SHARED,
    )


def normaliser_table(results: StudyResults, differences: pd.DataFrame) -> Table:
    """What the normaliser is worth, image by image and seed by seed."""
    rows = tuple(
        (
            Entry(escaped(str(row["likelihood"]))),
            Entry(results.label(str(row["estimator"]))),
            Entry(str(row["seed"])),
            Entry(f"{row['n']:,}"),
            Entry(fixed(row["with_it"], 2)),
            Entry(fixed(row["without_it"], 2)),
            Entry(signed(row["mean"]), f"{signed(row['low'])} to {signed(row['high'])}"),
        )
        for row in differences.to_dict("records")
    )
    return Table(
        name="likelihoods-normaliser",
        caption="log p(x) under the continuous Bernoulli of the model trained with its normaliser "
        "and of that trained without, on the same test images; below the difference its "
        f"{CONFIDENCE:.0%} interval over images (normal approximation).",
        columns=(
            Column("trained without it as", align="left"),
            Column("estimator", align="left"),
            Column("seed"),
            Column("images"),
            Column("trained with it", "nats per image"),
            Column("trained without it", "nats per image"),
            Column("difference", "nats per image"),
        ),
        rows=rows,
        frame=differences,
    )


def _table(
    results: StudyResults,
    name: str,
    caption: str,
    chosen: list[tuple[Alternative, dict[str, str]]],
    metrics: tuple[str, ...],
) -> Table:
    rows, records = [], []
    for alternative, renamed in chosen:
        place = (alternative.dataset, alternative.estimator)
        label = escaped(alternative.likelihood)
        entries = [
            Entry(label, "normalised afterwards" if renamed else ""),
            Entry(results.label(alternative.estimator)),
            ok_entry(results, [alternative.dataset], [alternative.estimator]),
        ]
        record: dict[str, object] = {
            "dataset": alternative.dataset,
            "likelihood": alternative.likelihood,
            "estimator": alternative.estimator,
            "normalised_afterwards": bool(renamed),
        }
        for metric in metrics:
            values = results.values(renamed.get(metric, metric), "test", *place)
            entries.append(median_entry(values, METRICS[metric]))
            record |= spread(metric, values)
        if "log_likelihood" in metrics and not renamed:
            record["largest_twin_difference"] = twin_difference(results, alternative)
        if "brightness" in metrics:
            record["brightness_error"] = abs(brightness_change(results, alternative))
        rows.append(tuple(entries))
        records.append(record)
    columns = (Column(METRICS[m].label, _unit(m)) for m in metrics)
    return Table(name, caption, (*_LEAD, *columns), tuple(rows), pd.DataFrame(records))


def _unit(name: str) -> str:
    metric = METRICS[name]
    return "" if metric.unit in ("1", metric.label) else metric.unit
