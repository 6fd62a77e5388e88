"""Sections on a VAE's latent space: where codes lie, and what they carry."""

import math
from functools import partial

import numpy as np
import pandas as pd

from studies.metrics import metric
from studies.report.code_scatter import PRIOR_SHARE, prior_radius
from studies.report.common_sections import alternatives
from studies.report.loaded import StudyResults
from studies.report.model import Block, Column, Entry, Figure, Section, Table, Text
from studies.report.tables import combinations, median_entry, spread
from studies.report.vae_latent_figures import (
    dimension_use,
    draw_latent,
    draw_rates,
)
from studies.report.vae_pictures import NOTHING, picture_blocks
from studies.report.words import MISSING, counted, escaped, file_name, fixed, listed, plain

ACTIVE_ABOVE = 0.01
"""The variance of a posterior mean from which a dimension counts as active (Burda et al., 2016)."""

_PARTS = ("mutual_information", "marginal_divergence", "aggregated_monte_carlo_error")


def latent_section(results: StudyResults) -> Section:
    """Where the test images' codes lie."""
    blocks: list[Block] = [
        *picture_blocks(
            results,
            ("latent", "Latent space", "codes"),
            draw_latent,
            partial(_latent_caption, results),
        )
    ]
    if rows := _views(results):
        blocks.append(_views_table(results, rows))
    return Section("latent", "Latent space", tuple(blocks) or (NOTHING,))


def use_section(results: StudyResults) -> Section:
    """What each dimension of the code carries, and what the rate is made of."""
    blocks: list[Block] = [_rates_figure(results, d, names) for d, names in _used(results).items()]
    if blocks:
        blocks.append(_use_table(results))
    if results.has("mutual_information", "test"):
        blocks += [_parts_text(results), _parts_table(results)]
    return Section("use", "What the code carries", tuple(blocks))


def _latent_caption(results: StudyResults, dataset: str) -> str:
    caption = (
        "Codes of test images (posterior means of the VAEs), coloured by class, each class named "
        "at its median. Every panel has its own view, so that directions and signs mean nothing "
        "across panels, while the scales do: a VAE's codes are drawn towards a standard normal."
    )
    if any("codes_origin" in arrays for arrays in _codes(results, dataset).values()):
        caption += (
            f" Dashed: the circle of radius {fixed(prior_radius(), 2)} about $z = 0$, within which "
            f"{PRIOR_SHARE:.0%} of a standard normal of the plane lies; the view's axes are "
            "orthonormal, and so the prior of more dimensions, projected, has the same circle. "
            "Codes far outside it or in a small part of it are not where samples of the prior are."
        )
    return caption


def _views(results: StudyResults) -> list[tuple[str, str, str]]:
    """Data set, estimator and the plane that its panel shows, where a run told it."""
    return [
        (dataset, name, plain(note))
        for dataset in results.datasets
        for name in _codes(results, dataset)
        if (note := str(results.facts_of_run(dataset, name).get("codes_note", "")))
    ]


def _views_table(results: StudyResults, views: list[tuple[str, str, str]]) -> Table:
    seed = int(results.cells["seed"].min())
    return Table(
        name="views",
        caption="Which plane of the codes each panel shows.",
        columns=(
            Column("data set", align="left"),
            Column("estimator", align="left"),
            Column("seed"),
            Column("view", align="left"),
        ),
        rows=tuple(
            (Entry(dataset), Entry(results.label(name)), Entry(str(seed)), Entry(view))
            for dataset, name, view in views
        ),
        frame=pd.DataFrame(views, columns=["dataset", "estimator", "view"]).assign(seed=seed),
    )


def _codes(results: StudyResults, dataset: str) -> dict[str, dict[str, np.ndarray]]:
    return results.pictures(dataset, "codes")


def _used(results: StudyResults) -> dict[str, list[str]]:
    found = {dataset: list(dimension_use(results, dataset)) for dataset in results.datasets}
    return {dataset: names for dataset, names in found.items() if names}


def _rates_figure(results: StudyResults, dataset: str, names: list[str]) -> Figure:
    return Figure(
        name=f"rates-{file_name(dataset)}",
        alt="Bars of the KL divergence and of the variance of posterior means by dimension of the "
        f"code for {alternatives(results, [dataset], names)}.",
        caption=f"**{escaped(dataset)}**. Above: the mean over test images of "
        "$\\mathrm{KL}(q(z_j \\mid x) \\parallel p(z_j))$, each run's dimensions sorted by it; the "
        "bars add up to the rate. Below: how much the posterior mean of the same dimension varies "
        f"over images; above {ACTIVE_ABOVE:g} (dashed) a dimension counts as active (Burda, Grosse "
        "and Salakhutdinov, 2016). Bars: median over seeds; whiskers: smallest to largest.",
        draw=partial(draw_rates, results, dataset, ACTIVE_ABOVE),
    )


def _use_table(results: StudyResults) -> Table:
    """Every figure behind the bars, and how many dimensions are active."""
    rows, records = [], []
    for dataset, names in _used(results).items():
        for name in names:
            rates, variances = dimension_use(results, dataset)[name]
            active = (variances > ACTIVE_ABOVE).sum(1)
            totals, largest = rates.sum(1), rates[:, 0]
            half = np.array([_needed(r, 0.5) for r in rates])
            columns = {"active": active, "rate": totals, "largest": largest, "half": half}
            rows.append(
                (
                    Entry(escaped(dataset)),
                    Entry(results.label(name)),
                    Entry(str(rates.shape[1])),
                    _ranged(active, 0),
                    _ranged(totals, 2),
                    _ranged(largest, 2),
                    _ranged(half, 0),
                )
            )
            record = {"dataset": dataset, "estimator": name, "dimensions": rates.shape[1]}
            for key, values in columns.items():
                record |= spread(key, pd.Series(values, dtype=float))
            records.append(record)
    return Table(
        name="latent-use",
        caption="How the dimensions of the code are used: median over seeds, and below it the "
        "smallest and the largest value. *For half* is the smallest number of dimensions that "
        "carry half of the rate.",
        columns=(
            Column("data", align="left"),
            Column("estimator", align="left"),
            Column("dimensions"),
            Column("active"),
            Column("rate", "nats per datum"),
            Column("largest of a dimension", "nats per datum"),
            Column("for half"),
        ),
        rows=tuple(rows),
        frame=pd.DataFrame(records),
    )


def _needed(rates: np.ndarray, share: float) -> int:
    """How many of the largest rates make up a share of their sum.

    Examples
    --------
    >>> _needed(np.array([3.0, 2.0, 1.0]), 0.5)
    1
    """
    return int(np.searchsorted(np.cumsum(rates), share * rates.sum()) + 1)


def _ranged(values: np.ndarray, digits: int) -> Entry:
    low, high = fixed(float(values.min()), digits), fixed(float(values.max()), digits)
    note = "" if low == high else f"{low} to {high}"
    return Entry(fixed(float(np.median(values)), digits), note)


def _parts_text(results: StudyResults) -> Text:
    sizes = _subsets(results)
    most = (
        f" On {counted(sizes[0], 'test image')} the information cannot be more than "
        f"$\\log {sizes[0]}$ = {fixed(math.log(sizes[0]), 2)} nats: where it comes near that, so "
        "few images cannot tell how much more there is, and the divergence is too large by as "
        "much. Models compare on equal subsets."
        if len(sizes) == 1
        else ""
    )
    return Text(
        "The rate is the sum of two parts (Hoffman and Johnson, 2016): "
        "$\\mathrm{E}_x \\mathrm{KL}(q(z \\mid x) \\parallel p(z))$ $= I_q(x; z) + "
        "\\mathrm{KL}(q(z) \\parallel p(z))$ with $q(z)$ the mean of the posteriors of the images. "
        "The first is what the code says of its image; the second is how far the codes of all "
        f"images together are from the prior that samples are drawn from.{most}"
    )


def _subsets(results: StudyResults) -> list[int]:
    sizes = {
        int(n)
        for d, e in combinations(results)
        if (n := results.facts_of_run(d, e).get("aggregated_images"))
    }
    return sorted(sizes)


def _parts_table(results: StudyResults) -> Table:
    rows, records = [], []
    for dataset, name in combinations(results):
        parts = {m: results.values(m, "test", dataset, name) for m in _PARTS}
        information, divergence, error = parts.values()
        if information.empty:
            continue
        rate = (information + divergence).dropna()
        rows.append(
            (
                Entry(escaped(dataset)),
                Entry(results.label(name)),
                median_entry(rate, metric("rate")),
                median_entry(information, metric("mutual_information")),
                median_entry(divergence, metric("marginal_divergence")),
                Entry(fixed(float(error.median()), 3) if len(error) else MISSING),
            )
        )
        record = {"dataset": dataset, "estimator": name} | spread("rate", rate)
        for key, values in parts.items():
            record |= spread(key, values)
        records.append(record)
    sizes = listed([f"{n:,}" for n in _subsets(results)]) or "the first"
    return Table(
        name="aggregated",
        caption=f"The rate of the first {sizes} test images and its two parts: median over seeds, "
        "and below it the smallest and the largest value. Error: the Monte Carlo standard error "
        "of either part, median over seeds.",
        columns=(
            Column("data", align="left"),
            Column("estimator", align="left"),
            Column("rate", "nats per datum"),
            Column("information", "nats per datum"),
            Column("divergence from the prior", "nats per datum"),
            Column("error", "nats per datum"),
        ),
        rows=tuple(rows),
        frame=pd.DataFrame(records),
    )
