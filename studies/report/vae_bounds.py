"""The section on log p(x) of VAEs: bounds against samples, what the ELBO loses, a certificate."""

from collections.abc import Hashable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from studies.report.loaded import StudyResults
from studies.report.model import Block, Column, Entry, Figure, Section, Table, Text
from studies.report.vae_bound_data import annealed, gaps, laddered
from studies.report.vae_bound_figures import draw_gaps, draw_ladder
from studies.report.vae_scales import Place, ScaleGroup, places_of, scale_groups
from studies.report.words import MISSING, counted, escaped, file_name, fixed, listed
from studies.statistics import CONFIDENCE

_TITLE = "How far log p(x) is known"


def bounds_section(results: StudyResults) -> Section:
    """The ladder of bounds, the gaps, and annealed importance sampling with its certificate."""
    blocks = [*_ladder_blocks(results), *_gap_blocks(results), *_annealed_blocks(results)]
    return Section("bounds", _TITLE, tuple(blocks))


def _ladder_blocks(results: StudyResults) -> list[Block]:
    found = laddered(results)
    if not found:
        return []
    sizes = sorted({rungs.images for rungs in found.values()})
    lead = Text(
        "The importance-weighted bound "
        "$L_K = \\mathrm{E} \\log \\frac{1}{K} \\sum_k p(x, z_k) / q(z_k \\mid x)$ (Burda, Grosse "
        "and Salakhutdinov, 2016) is the ELBO for $K = 1$, rises with $K$ and stays below "
        f"$\\log p(x)$. Here it is on the first {_images(sizes)}; where a few samples carry all "
        "the weight, the bound is loose."
    )
    blocks: list[Block] = [lead]
    beyond = annealed(results)
    for group in scale_groups(results, found):
        blocks += [_ladder_figure(results, group, d, beyond) for d in group.datasets]
        blocks.append(_ladder_table(results, group))
    return blocks


def _images(sizes: list[int]) -> str:
    known = [f"{n:,}" for n in sizes if n]
    return f"{listed(known)} test images" if known else "test images"


def _ladder_figure(
    results: StudyResults, group: ScaleGroup, dataset: str, beyond: pd.DataFrame
) -> Figure:
    found = laddered(results)
    names = group.estimators(dataset)
    rows = beyond[(beyond["dataset"] == dataset) & beyond["estimator"].isin(names)]
    above = dict(zip(rows["estimator"], rows["above"].astype(float), strict=True))
    caption = (
        f"**{escaped(dataset)}**. {group.note}Left: the bound against the number of samples; line: "
        f"median over seeds, band: smallest to largest, bars: {CONFIDENCE:.0%} interval over other "
        "samples for the same images. Right: the effective sample size "
        "$(\\sum w)^2 / \\sum w^2$, of which all would count on the dashed line."
    )
    if above:
        caption += (
            " Dotted: what annealing finds beyond the last bound on its own images (below), added "
            "to that bound."
        )
    return Figure(
        name=f"ladder-{file_name(dataset)}{group.suffix}",
        alt="Importance-weighted bound and effective sample size against the number of samples by "
        f"{listed([results.plain_label(n) for n in names])} on {dataset}.",
        caption=caption,
        draw=partial(draw_ladder, results, {n: found[dataset, n] for n in names}, above),
    )


def _ladder_table(results: StudyResults, group: ScaleGroup) -> Table:
    found = laddered(results)
    rows, records = [], []
    for place in group.places:
        rungs = found[place]
        for r, samples in enumerate(rungs.samples):
            bounds = rungs.bounds[:, r]
            low, middle, high = (float(f(bounds)) for f in (np.min, np.median, np.max))
            error, noise, size = (
                float(np.median(values[:, r]))
                for values in (
                    rungs.standard_errors,
                    rungs.monte_carlo_errors,
                    rungs.effective_sample_sizes,
                )
            )
            span = f"{fixed(low, 2)} to {fixed(high, 2)}" if len(bounds) > 1 else ""
            rows.append(
                (
                    *_place(results, place),
                    Entry(f"{samples:,}"),
                    Entry(fixed(middle, 2), span),
                    Entry(fixed(error, 2)),
                    Entry(fixed(noise, 4)),
                    Entry(fixed(size, 1)),
                )
            )
            records.append((*place, int(samples), middle, low, high, error, noise, size))
    columns = ["dataset", "estimator", "samples", "bound_median", "bound_min", "bound_max"]
    return Table(
        name=f"ladder{group.suffix}",
        caption=f"{group.note}The bound for each number of samples: median over seeds, and below "
        "it the smallest and the largest value. Standard error: over images. Monte Carlo error: "
        "over other samples for the same images. Effective: the mean effective sample size.",
        columns=(
            *_PLACE,
            Column("samples"),
            Column("bound", "nats per datum"),
            Column("standard error", "nats per datum"),
            Column("Monte Carlo error", "nats per datum"),
            Column("effective", "samples"),
        ),
        rows=tuple(rows),
        frame=pd.DataFrame(
            records,
            columns=[*columns, "standard_error", "monte_carlo_error", "effective_sample_size"],
        ),
    )


_PLACE = (Column("data", align="left"), Column("estimator", align="left"))


def _place(results: StudyResults, place: Place) -> tuple[Entry, Entry]:
    return Entry(escaped(place[0])), Entry(results.label(place[1]))


def _gap_blocks(results: StudyResults) -> list[Block]:
    found = gaps(results)
    if found.empty:
        return []
    sizes = sorted(set(found["images"].astype(int)))
    blocks: list[Block] = [
        Text(
            "What the ELBO loses has two causes (Cremer, Li and Duvenaud, 2018). For each of the "
            f"first {_images(sizes)} on its own the diagonal Gaussian $q^*$ with the largest bound "
            "was sought by gradient ascent: ELBO$(q^*)$ − ELBO$(q)$ is lost by sharing one encoder "
            "(amortisation), $\\log p(x)$ − ELBO$(q^*)$ by the family of posteriors "
            "(approximation). One fit each, the first seed's."
        )
    ]
    for group in scale_groups(results, places_of(found)):
        rows = group.rows(found)
        blocks += [_gap_figure(results, group, rows), _gap_table(results, group, rows)]
    return blocks


def _gap_figure(results: StudyResults, group: ScaleGroup, found: pd.DataFrame) -> Figure:
    names = dict.fromkeys(found["estimator"])
    return Figure(
        name=f"gaps{group.suffix}",
        alt="Amortisation and approximation gaps with intervals by "
        f"{listed([results.plain_label(n) for n in names])} on {listed(group.datasets)}.",
        caption=f"{group.note}The two gaps in nats per datum; bars: {CONFIDENCE:.0%} interval over "
        "the images.",
        draw=partial(draw_gaps, results, found),
    )


def _gap_table(results: StudyResults, group: ScaleGroup, found: pd.DataFrame) -> Table:
    rows = [
        (
            *_place(results, (str(row["dataset"]), str(row["estimator"]))),
            Entry(str(row["images"])),
            Entry(fixed(row["elbo"], 2)),
            _with_error(row, "amortisation_gap"),
            Entry(fixed(row["refined_elbo"], 2)),
            _with_error(row, "approximation_gap"),
            Entry(fixed(row["log_likelihood"], 2)),
        )
        for row in found.to_dict("records")
    ]
    return Table(
        name=f"gaps{group.suffix}",
        caption=f"{group.note}From the ELBO to $\\log p(x)$ on the same images: what is gained by "
        "a posterior for each image, and what is left to $\\log p(x)$, estimated from below by "
        "importance weights of $q^*$. ±: standard error over images.",
        columns=(
            *_PLACE,
            Column("images"),
            Column("ELBO", "nats per datum"),
            Column("amortisation gap", "nats per datum"),
            Column("refined ELBO", "nats per datum"),
            Column("approximation gap", "nats per datum"),
            Column("log p(x)", "nats per datum"),
        ),
        rows=tuple(rows),
        frame=found,
    )


def _with_error(row: Mapping[Hashable, Any], name: str) -> Entry:
    error = row[f"{name}_standard_error"]
    return Entry(fixed(row[name], 2), f"± {fixed(error, 2)}" if np.isfinite(error) else "")


def _annealed_blocks(results: StudyResults) -> list[Block]:
    found = annealed(results)
    if found.empty:
        return []
    ways = [escaped(words) for words in dict.fromkeys(found["annealing"]) if words]
    blocks: list[Block] = [
        Text(
            "Annealed importance sampling (Neal, 2001; Wu, Burda, Salakhutdinov and Grosse, 2017) "
            "carries each sample through a path of densities to the posterior, and so does not "
            "hang on the encoder's $q$ as the importance-weighted bound does. On images that the "
            "model made itself the chains can be run backwards as well, from the $z$ that made the "
            "image, for an upper bound on $\\log p(x)$ (Grosse, Ghahramani and Adams, 2015). The "
            "gap between the two is, in expectation, no less than the error of either: on real "
            "images it certifies the estimate as far as these are as hard as the model's own. "
            f"First seed; {'; '.join(ways) or 'settings unknown'}."
        )
    ]
    for group in scale_groups(results, places_of(found)):
        blocks.append(_annealed_table(results, group, group.rows(found)))
    return blocks


def _annealed_table(results: StudyResults, group: ScaleGroup, found: pd.DataFrame) -> Table:
    rows = [
        (
            *_place(results, (str(row["dataset"]), str(row["estimator"]))),
            Entry(counted(int(row["images"]), "image")),
            Entry(fixed(row["iw_log_likelihood_on_ais_images"], 2)),
            _plus_minus(row["ais_log_likelihood"], row["ais_standard_error"]),
            _plus_minus(row["above"], row["ais_monte_carlo_error"], 3),
            Entry(str(row["simulated"])),
            _plus_minus(row["bidirectional_gap"], row["bidirectional_gap_standard_error"], 3),
        )
        for row in found.to_dict("records")
    ]
    return Table(
        name=f"annealing{group.suffix}",
        caption=f"{group.note}$\\log p(x)$ of the same test images by importance weights and by "
        "annealing (±: standard error over images), and the second less the first (±: Monte Carlo "
        "error of annealing). Then the certificate: the upper less the lower bound on images that "
        "the model made (±: standard error over these).",
        columns=(
            *_PLACE,
            Column("test images"),
            Column("by weights", "nats per datum"),
            Column("by annealing", "nats per datum"),
            Column("annealing − weights", "nats per datum"),
            Column("simulated images"),
            Column("gap between bounds", "nats per datum"),
        ),
        rows=tuple(rows),
        frame=found,
    )


def _plus_minus(value: float, error: float, digits: int = 2) -> Entry:
    if not np.isfinite(value):
        return Entry(MISSING)
    note = f"± {fixed(error, digits)}" if np.isfinite(error) else ""
    return Entry(fixed(value, digits), note)
