"""The sections of studies of variational autoencoders."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas

from studies.report.common_sections import (
    BAND,
    alternatives,
    clock_choices,
    kinds_note,
    present,
)
from studies.report.comparison import datum_differences, normal_interval, time_ratios
from studies.report.loaded import StudyResults
from studies.report.model import Block, Column, Entry, Figure, Section, Table, Text
from studies.report.progress_figures import draw_tradeoff, draw_ways
from studies.report.vae_figures import (
    draw_interpolations,
    draw_latent,
    draw_paired,
    draw_reconstructions,
    draw_samples,
)
from studies.report.words import escaped, file_name, listed, plain, signed, significant
from studies.statistics import CONFIDENCE

_NOTHING = Text("No run that ended well left what this section shows.")

QUANTITIES = {"log_likelihood": "log p(x)", "elbo": "ELBO"}
"""What is compared image by image, and what it is called."""


def pairs_section(results: StudyResults) -> Section:
    """Each estimator with a likelihood against the baseline, image by image."""
    title = f"Image by image against {results.label(results.baseline)}"
    pairs = paired_by_datum(results)
    if pairs.empty:
        text = (
            "No seed has two runs that ended well and scored the same test images by a likelihood, "
            "so there is nothing to compare image by image."
        )
        return Section("pairs", title, (Text(text),))
    lead = Text(
        "The scores of single images differ far more from each other than the estimators do, so "
        "the same test images are compared one by one and the differences averaged. The interval "
        "is over images for one pair of fitted models; how much a fit itself varies is seen by "
        "comparing the seeds."
    )
    figure = Figure(
        name="pairs",
        alt="Mean differences in log-likelihood and ELBO from "
        f"{results.plain_label(results.baseline)} with intervals, one row a seed, "
        f"for {alternatives(results, results.datasets, set(pairs['estimator']))}.",
        caption="Mean over the test images of the difference from the baseline, right of 0 where "
        f"the estimator is better; bar: {CONFIDENCE:.0%} interval over images.",
        draw=partial(draw_paired, results, pairs.replace({"quantity": QUANTITIES})),
    )
    return Section("pairs", title, (lead, _pairs_table(results, pairs), figure))


def paired_by_datum(results: StudyResults) -> pd.DataFrame:
    """Mean paired differences over test data: one row a data set, estimator, quantity and seed.

    Columns: dataset, estimator, quantity, seed, n, mean, low, high (the 95% interval over data).
    """
    rows = []
    for dataset in results.datasets:
        for estimator in results.others:
            for quantity in QUANTITIES:
                for seed in sorted(set(results.runs(dataset, estimator)["seed"])):
                    values = datum_differences(
                        results, f"{quantity}_per_datum", dataset, estimator, int(seed)
                    )
                    if values is not None and np.isfinite(values).all():
                        low, high = normal_interval(values)
                        mean = float(values.mean())
                        rows.append(
                            (dataset, estimator, quantity, int(seed), len(values), mean, low, high)
                        )
    columns = ["dataset", "estimator", "quantity", "seed", "n", "mean", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def reconstructions_section(results: StudyResults) -> Section:
    """Test images over what each estimator makes of them."""
    return _pictures_section(
        results,
        ("reconstructions", "Reconstructions", "reconstructions"),
        draw_reconstructions,
        "Test images as they were scored (first row) and as each estimator reconstructs them: the "
        "decoder's mean at the posterior mean, or at the code.",
    )


def samples_section(results: StudyResults) -> Section:
    """Draws from the prior, decoded."""
    plain_ones = [n for n in results.estimators if results.registered(n) == "autoencoder"]
    caption = (
        "What the decoder makes of 64 draws $z \\sim \\mathcal{N}(0, I)$: the means of "
        "$p(x \\mid z)$."
    )
    if plain_ones:
        names = listed([results.label(n) for n in plain_ones])
        caption += (
            f" {names}: nothing in its training ties the codes to a standard normal, so draws from "
            "one need not fall where codes of images lie, and what is decoded there need not be an "
            "image."
        )
    return _pictures_section(
        results, ("samples", "Samples from the prior", "samples"), draw_samples, caption
    )


def latent_section(results: StudyResults) -> Section:
    """Where the test images' codes lie."""
    notes = {
        str(results.facts_of_run(d, n).get("codes_note", ""))
        for d in results.datasets
        for n in results.pictures(d, "codes")
    } - {""}
    view = "; ".join(escaped(plain(note)) for note in sorted(notes))
    return _pictures_section(
        results,
        ("latent", "Latent space", "codes"),
        draw_latent,
        "Codes of test images (posterior means of the VAEs), coloured by class, each class named "
        "at its median. Every panel has its own view, so that directions and signs mean nothing "
        "across panels, while the scales do: a VAE's codes are drawn towards a standard normal."
        + (f" The views: {view}." if view else ""),
    )


def interpolation_section(results: StudyResults) -> Section:
    """Straight paths between codes."""
    return _pictures_section(
        results,
        ("interpolation", "Interpolation", "interpolation"),
        draw_interpolations,
        "Each row: from the code of one test image (left) to that of another (right) in equal "
        "steps along a straight line, decoded.",
    )


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
    return Section("curves", "Learning curves", tuple(blocks) or (_NOTHING,))


def tradeoff_section(results: StudyResults) -> Section:
    """One point a run: held-out log-likelihood against fitting time."""
    rows = []
    for dataset in results.datasets:
        for estimator in results.estimators:
            pairs = pd.DataFrame(
                {
                    "x": results.values("fit_seconds", "", dataset, estimator),
                    "y": results.values("log_likelihood", "test", dataset, estimator),
                }
            ).dropna()
            rows += [(dataset, estimator, x, y) for x, y in pairs.to_numpy()]
    runs = pd.DataFrame(rows, columns=["dataset", "estimator", "x", "y"])
    if runs.empty:
        return Section("tradeoff", "Quality against runtime", (_NOTHING,))
    figure = Figure(
        name="tradeoff",
        alt="Held-out log-likelihood against seconds of fitting, one point a run, "
        f"for {alternatives(results, results.datasets, set(runs['estimator']))}.",
        caption="One point a run. Up and to the left is better. Estimators without a likelihood "
        f"are left out.{kinds_note(results)}",
        draw=partial(draw_tradeoff, results, runs, "log p(x), held out\n(nats per datum)"),
    )
    return Section("tradeoff", "Quality against runtime", (figure,))


def _curve_figures(
    results: StudyResults, what: tuple[str, str, str, str], caption: str
) -> list[Figure]:
    metric, split, name, label = what
    ways = {d: results.traced(metric, split, d) for d in results.datasets}
    if metric == "objective":
        plain_ones = [n for n in results.estimators if results.registered(n) == "autoencoder"]
        ways = {d: way[~way["estimator"].isin(plain_ones)] for d, way in ways.items()}
    ways = {d: way for d, way in ways.items() if not way.empty}
    if not ways:
        return []
    words = " ".join(label.split())
    return [
        Figure(
            name=f"{name}{suffix}",
            alt=f"{words[:1].upper()}{words[1:]} against {against}, "
            f"for {alternatives(results, list(ways), present(ways))}.",
            caption=f"{caption} {BAND}{kinds_note(results)}",
            draw=partial(
                draw_ways, results, ways, clocks, f"{label}\n(nats per datum)", log_time=False
            ),
        )
        for suffix, clocks, against in clock_choices(results, len(ways))
    ]


def _pictures_section(
    results: StudyResults,
    names: tuple[str, str, str],
    draw: Callable[[StudyResults, str], Canvas],
    caption: str,
) -> Section:
    name, title, needed = names
    blocks = [
        Figure(
            name=f"{name}-{file_name(dataset)}",
            alt=f"{title} by "
            f"{listed([results.plain_label(n) for n in results.pictures(dataset, needed)])} "
            f"on {dataset}.",
            caption=f"**{escaped(dataset)}**, first seed. {caption}",
            draw=partial(draw, results, dataset),
            pictures=True,
        )
        for dataset in results.datasets
        if results.pictures(dataset, needed)
    ]
    return Section(name, title, tuple(blocks) or (_NOTHING,))


def _pairs_table(results: StudyResults, pairs: pd.DataFrame) -> Table:
    rows = []
    for row in pairs.to_dict("records"):
        leaves_out_zero = row["low"] > 0 or row["high"] < 0
        side = "above" if row["mean"] > 0 else "below"
        rows.append(
            (
                Entry(escaped(str(row["dataset"]))),
                Entry(results.label(str(row["estimator"]))),
                Entry(QUANTITIES[str(row["quantity"])]),
                Entry(str(row["seed"])),
                Entry(f"{row['n']:,}"),
                Entry(signed(row["mean"]), f"{signed(row['low'])} to {signed(row['high'])}"),
                Entry(f"{side} 0" if leaves_out_zero else "includes 0"),
            )
        )
    return Table(
        name="pairs",
        caption="Mean difference from the baseline over the test images, seed by seed; below it "
        f"the {CONFIDENCE:.0%} interval over images (normal approximation).{_ratios(results)}",
        columns=(
            Column("data", align="left"),
            Column("estimator", align="left"),
            Column("score", align="left"),
            Column("seed"),
            Column("images"),
            Column("difference", "nats per datum"),
            Column("interval", align="left"),
        ),
        rows=tuple(rows),
        frame=pairs,
    )


def _ratios(results: StudyResults) -> str:
    parts = [
        f"{results.label(name)} on {escaped(dataset)} {significant(float(np.median(ratios)))}"
        for dataset in results.datasets
        for name in results.others
        if len(ratios := time_ratios(results, dataset, name))
    ]
    return (
        f" Fitting time as a multiple of the baseline's (median): {listed(parts)}." if parts else ""
    )
