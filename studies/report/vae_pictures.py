"""Sections of images: what VAEs and autoencoders put out, side by side."""

from collections.abc import Callable
from functools import partial

from matplotlib.figure import Figure as Canvas

from studies.report.loaded import StudyResults
from studies.report.model import Figure, Section, Text
from studies.report.vae_picture_figures import (
    draw_epochs,
    draw_interpolations,
    draw_manifold,
    draw_means,
    draw_reconstructions,
    draw_samples,
    draw_traversals,
    draw_worst,
    quantile_ends,
)
from studies.report.words import counted, escaped, file_name, fixed, listed, sentence

NOTHING = Text("No run that ended well left what this section shows.")


def reconstructions_section(results: StudyResults) -> Section:
    """Test images over what each estimator makes of them; then those that are scored worst."""
    blocks = picture_blocks(
        results,
        ("reconstructions", "Reconstructions", "reconstructions"),
        draw_reconstructions,
        "Test images as they were scored (first row) and as each estimator reconstructs them: the "
        "decoder's mean at the posterior mean, or at the code.",
    )
    worst = picture_blocks(
        results,
        ("worst", "The worst-scored test images and their reconstructions", "worst_scores"),
        draw_worst,
        "For each estimator the test images that it scores worst, the worst first, over what it "
        "makes of them. Above each image stands its score, in nats: the ELBO where there is one, "
        "else the reconstruction error, as the panel's title says.",
    )
    return Section("reconstructions", "Reconstructions", (*blocks, *worst) or (NOTHING,))


def samples_section(results: StudyResults) -> Section:
    """Draws from the prior, decoded: as means, as images drawn, and all of them averaged."""
    blocks = [
        *picture_blocks(
            results,
            ("samples", "Samples", "samples"),
            draw_samples,
            partial(_samples_caption, results),
        ),
        *picture_blocks(
            results,
            ("draws", "Images drawn", "sample_draws"),
            partial(draw_samples, needed="sample_draws"),
            "Images drawn from $p(x \\mid z)$ at the same 64 codes as above: each pixel on its "
            "own, which is the noise that the likelihood claims and a picture of means hides.",
        ),
        *_means_blocks(results),
    ]
    return Section("samples", "Samples from the prior", tuple(blocks) or (NOTHING,))


def _samples_caption(results: StudyResults, dataset: str) -> str:
    shown = list(results.pictures(dataset, "samples"))
    plain = [n for n in shown if results.registered(n) == "autoencoder"]
    mixed = [n for n in shown if results.registered(n) == "autoencoder-mixture"]
    caption = (
        "What the decoder makes of 64 draws $z \\sim \\mathcal{N}(0, I)$: the means of "
        "$p(x \\mid z)$."
    )
    if plain:
        names = listed([results.label(n) for n in plain])
        caption += (
            f" {names}: nothing in its training ties the codes to a standard normal, so draws from "
            "one need not fall where codes of images lie, and what is decoded there need not be an "
            "image."
        )
    if mixed:
        names = listed([results.label(n) for n in mixed])
        caption += (
            f" {names}: the draws are from a Gaussian mixture fitted to its codes instead, which "
            "is where codes of images lie."
        )
    return caption


def manifold_section(results: StudyResults) -> Section:
    """The decoder over a grid of two-dimensional codes."""
    ends = quantile_ends(20)
    blocks = picture_blocks(
        results,
        ("manifold", "The decoder over the plane of codes", "manifold"),
        draw_manifold,
        "The decoder's mean at a grid of codes whose coordinates are the 20 quantiles "
        "$\\Phi^{-1}((i - 1/2)/20)$ of a standard normal, from "
        f"{fixed(ends[0], 2)} to {fixed(ends[2], 2)}: every picture stands for as much of the "
        "prior as every other (Kingma and Welling, 2014, figure 4). An autoencoder's codes keep to "
        "no such square, so that the same grid shows a part of its plane, often a small one.",
    )
    return Section("manifold", "The learned manifold", tuple(blocks))


def interpolation_section(results: StudyResults) -> Section:
    """Straight paths between codes."""
    blocks = picture_blocks(
        results,
        ("interpolation", "Interpolation", "interpolation"),
        draw_interpolations,
        "Each row: from the code of one test image (left) to that of another (right) in equal "
        "steps along a straight line, decoded.",
    )
    return Section("interpolation", "Interpolation", tuple(blocks) or (NOTHING,))


def traversals_section(results: StudyResults) -> Section:
    """One dimension of the code at a time, those that carry most first."""
    blocks = picture_blocks(
        results,
        ("traversals", "Traversals", "traversals"),
        draw_traversals,
        partial(_traversals_caption, results),
    )
    return Section("traversals", "Traversals", tuple(blocks))


def _traversals_caption(results: StudyResults, dataset: str) -> str:
    plain = [
        results.label(n)
        for n in results.pictures(dataset, "traversals")
        if results.registered(n) in ("autoencoder", "autoencoder-mixture")
    ]
    ordered = (
        "the rows are ordered by the mean KL divergence of the dimension from the prior, the "
        "largest first"
    )
    if plain:
        ordered += f" ({listed(plain)}, without any: by the variance of the codes)"
    return (
        f"From $z = 0$ along one dimension at a time, from −3 to 3, decoded; {ordered}. A "
        "dimension whose divergence is near 0 is not used: its row does not change. Dimensions "
        "and their signs mean nothing across panels."
    )


def epoch_pictures_section(results: StudyResults) -> Section:
    """Reconstructions and samples as the epochs went by."""
    blocks = [
        *picture_blocks(
            results,
            ("epoch-reconstructions", "Reconstructions, epoch by epoch", "epoch_reconstructions"),
            partial(draw_epochs, needed="epoch_reconstructions"),
            "Reconstructions of the same ten test images after the epochs named.",
        ),
        *picture_blocks(
            results,
            ("epoch-samples", "Samples, epoch by epoch", "epoch_samples"),
            partial(draw_epochs, needed="epoch_samples"),
            "What the decoder made of the same draws from a standard normal after the epochs "
            "named.",
        ),
    ]
    return Section("epoch-pictures", "Epoch by epoch", tuple(blocks))


def picture_blocks(
    results: StudyResults,
    names: tuple[str, str, str],
    draw: Callable[[StudyResults, str], Canvas],
    caption: str | Callable[[str], str],
) -> list[Figure]:
    """A figure for each data set with the array that is needed: `names` are name, title, array.

    `caption` is the same for all, or made of the data set's name.
    """
    name, title, needed = names
    found = {dataset: list(results.pictures(dataset, needed)) for dataset in results.datasets}
    return [
        Figure(
            name=f"{name}-{file_name(dataset)}",
            alt=f"{title} by {listed([results.plain_label(n) for n in shown])} on {dataset}.",
            caption=f"**{escaped(dataset)}**, first seed. "
            + (caption if isinstance(caption, str) else caption(dataset)),
            draw=partial(draw, results, dataset),
            pictures=True,
        )
        for dataset, shown in found.items()
        if shown
    ]


def _means_blocks(results: StudyResults) -> list[Figure]:
    counts = {
        int(n)
        for d in results.datasets
        for e in results.pictures(d, "mean_sample")
        if (n := results.facts_of_run(d, e).get("averaged_samples"))
    }
    drawn = counted(counts.pop(), "sample") if len(counts) == 1 else "many samples"
    return picture_blocks(
        results,
        ("means", "Mean images", "mean_sample"),
        draw_means,
        sentence(
            "above: the mean of the test images as they were scored, and the mean of "
            f"{drawn} of each estimator (decoder's means). Below: their difference, blue where the "
            "samples have more ink than the images and red where they have less."
        ),
    )
