"""Sections on how VAEs learned: curves against epochs and seconds, quality against runtime."""

from functools import partial
from typing import Any

import pandas as pd

from studies.metrics import metric
from studies.report.common_sections import BAND, alternatives, clock_choices, present
from studies.report.loaded import StudyResults
from studies.report.model import Block, Column, Entry, Figure, Section, Table, Text
from studies.report.progress_figures import draw_tradeoff, draw_ways
from studies.report.tables import combinations, median_entry, spread
from studies.report.vae_pictures import NOTHING
from studies.report.vae_scales import ScaleGroup, places_of, scale_groups
from studies.report.words import MISSING, counted, escaped, fixed, sentence
from studies.statistics import CONFIDENCE

_GAP = "elbo_generalisation_gap"


def curves_section(results: StudyResults) -> Section:
    """Bounds and errors against epochs and seconds."""
    blocks: list[Block] = [
        *_curve_figures(
            results,
            ("elbo", "test", "elbo", "held-out ELBO"),
            "ELBO of the test data, with the parameters as they were after each epoch.",
        ),
        *_curve_figures(
            results,
            ("objective", "train", "objective", "own objective\non training data"),
            "Each estimator's own objective, averaged over the epoch while the parameters moved: "
            "a VAE's ELBO. An autoencoder's objective leaves out the rate and is higher for that "
            "alone, hence it is not drawn.",
        ),
        *_curve_figures(
            results,
            ("reconstruction_error", "test", "reconstruction", "reconstruction error"),
            "Reconstruction error of the test data, the one score that all estimators share; lower "
            "is better.",
        ),
    ]
    return Section("curves", "Learning curves", tuple(blocks) or (NOTHING,))


def tradeoff_section(results: StudyResults) -> Section:
    """One point a run: held-out log-likelihood against fitting time."""
    rows = []
    for dataset, estimator in combinations(results):
        pairs = pd.DataFrame(
            {
                "x": results.values("fit_seconds", "", dataset, estimator),
                "y": results.values("log_likelihood", "test", dataset, estimator),
            }
        ).dropna()
        rows += [(dataset, estimator, x, y) for x, y in pairs.to_numpy()]
    runs = pd.DataFrame(rows, columns=["dataset", "estimator", "x", "y"])
    figures = [
        Figure(
            name=f"tradeoff{group.suffix}",
            alt="Held-out log-likelihood against seconds of fitting, one point a run, "
            f"for {alternatives(results, group.datasets, {e for _, e in group.places})}.",
            caption=f"{group.note}One point a run. Up and to the left is better. Estimators "
            "without a likelihood are left out.",
            draw=partial(
                draw_tradeoff, results, group.rows(runs), "log p(x), held out\n(nats per datum)"
            ),
        )
        for group in scale_groups(results, places_of(runs))
    ]
    return Section("tradeoff", "Quality against runtime", tuple(figures) or (NOTHING,))


def generalisation_section(results: StudyResults) -> Section:
    """How much better the training data are scored than held-out data."""
    places = [p for p in combinations(results) if len(results.values(_GAP, "test", *p))]
    if not places:
        return Section("generalisation", "Training against held-out data", ())
    limit = int(results.document.get("evaluation", {}).get("trace_limit", 0))
    first = f"the first {counted(limit, 'image')}" if limit else "the first images"
    lead = Text(
        f"Each model's ELBO on {first} of the training data and of the test data (all of them "
        "where there are fewer), both by one draw of $z$ an image, and the difference: above 0 "
        "where a model fits what it was trained on better. Grey pixels are drawn into bits once "
        "for either."
    )
    tables = [_gap_table(results, group) for group in scale_groups(results, places)]
    return Section("generalisation", "Training against held-out data", (lead, *tables))


def _gap_table(results: StudyResults, group: ScaleGroup) -> Table:
    from scipy.special import ndtri

    half = float(ndtri(0.5 + CONFIDENCE / 2))
    rows, records = [], []
    for dataset, name in group.places:
        train = results.values("elbo", "train", dataset, name)
        gap = results.values(_GAP, "test", dataset, name)
        error = results.values(f"{_GAP}_standard_error", "test", dataset, name)
        test = (train - gap).dropna()
        width = half * float(error.median()) if len(error) else float("nan")
        rows.append(
            (
                Entry(escaped(dataset)),
                Entry(results.label(name)),
                median_entry(train, metric("elbo")),
                median_entry(test, metric("elbo")),
                median_entry(gap, metric(_GAP)),
                Entry(f"±{fixed(width, 2)}" if width == width else MISSING),
            )
        )
        record: dict[str, Any] = {"dataset": dataset, "estimator": name}
        for key, values in (("train", train), ("test", test), ("gap", gap), ("error", error)):
            record |= spread(key, values)
        records.append(record)
    return Table(
        name=f"generalisation{group.suffix}",
        caption=f"{group.note}Median over seeds, and below it the smallest and the largest value. "
        f"Interval: half the width of a {CONFIDENCE:.0%} interval over images, training and test, "
        "of one model (normal approximation; median over seeds).",
        columns=(
            Column("data", align="left"),
            Column("estimator", align="left"),
            Column("ELBO, training", "nats per datum"),
            Column("ELBO, held out", "nats per datum"),
            Column("training − held out", "nats per datum"),
            Column("interval", "nats per datum"),
        ),
        rows=tuple(rows),
        frame=pd.DataFrame(records),
    )


def _named(text: str, is_density: bool) -> str:
    """With another word for a bound on what is no probability."""
    return text if is_density else text.replace("ELBO", "pseudo-ELBO")


def _curve_figures(
    results: StudyResults, what: tuple[str, str, str, str], caption: str
) -> list[Figure]:
    metric_name, split, name, plain_label = what
    ways = {d: results.traced(metric_name, split, d) for d in results.datasets}
    if metric_name == "objective":
        plain = [n for n in results.estimators if results.registered(n) in _PLAIN]
        ways = {d: way[~way["estimator"].isin(plain)] for d, way in ways.items()}
    ways = {d: way for d, way in ways.items() if not way.empty}
    places = [(d, n) for d, way in ways.items() for n in way["estimator"].drop_duplicates()]
    figures = []
    for group in scale_groups(results, places):
        label = _named(plain_label, group.is_density)
        words = sentence(" ".join(label.split()))
        inside = {
            d: ways[d][ways[d]["estimator"].isin(group.estimators(d))] for d in group.datasets
        }
        figures += [
            Figure(
                name=f"{name}{group.suffix}{suffix}",
                alt=f"{words} against {against}, "
                f"for {alternatives(results, list(inside), present(inside))}.",
                caption=f"{group.note}{_named(caption, group.is_density)} {BAND}",
                draw=partial(
                    draw_ways, results, inside, clocks, f"{label}\n(nats per datum)", log_time=False
                ),
            )
            for suffix, clocks, against in clock_choices(results, len(inside))
        ]
    return figures


_PLAIN = ("autoencoder", "autoencoder-mixture")
