"""The section of a study of likelihoods, and its answer: scores of each kind, pictures of all."""

from collections.abc import Callable
from functools import partial

from matplotlib.figure import Figure as Canvas

from studies.report.likelihoods_answer import NONE
from studies.report.likelihoods_data import (
    Alternative,
    alternatives_of,
    described,
    forgetful,
    normaliser_differences,
)
from studies.report.likelihoods_figures import (
    arrays_of,
    draw_brightness,
    draw_decoded,
    draw_prior_means,
)
from studies.report.likelihoods_tables import kind_table, normaliser_table, shared_table
from studies.report.loaded import StudyResults
from studies.report.model import Block, Bullets, Figure, Section, Text
from studies.report.words import escaped, listed

_NAME, _TITLE = "likelihoods", "Likelihoods"

KINDS = {
    "bits": "Probabilities of bits",
    "density": "Densities of grey pixels",
    "none": "No probabilities",
}


def likelihoods_section(results: StudyResults) -> Section:
    """Scores in one table a kind, the normaliser's worth, and pictures side by side."""
    alternatives = alternatives_of(results)
    if not alternatives:
        return Section(_NAME, _TITLE, (Text(NONE),))
    blocks: list[Block] = [Text(_lead()), Bullets(_descriptions(alternatives))]
    for kind, title in KINDS.items():
        rows = [a for a in alternatives if a.kind == kind]
        afterwards = forgetful(results) if kind == "density" else []
        if rows or afterwards:
            blocks += [Text(f"**{title}.**"), kind_table(results, kind, rows, afterwards)]
    differences = normaliser_differences(results)
    if not differences.empty:
        blocks += [Text(_normaliser_lead()), normaliser_table(results, differences)]
    blocks += _shared_blocks(results, alternatives)
    return Section(_NAME, _TITLE, tuple(blocks))


def _shared_blocks(results: StudyResults, alternatives: list[Alternative]) -> list[Block]:
    grey = [a for a in alternatives if a.kind != "bits"]
    blocks: list[Block] = []
    if any(len(results.values("squared_error", "test", a.dataset, a.estimator)) for a in grey):
        blocks += [Text(_shared_lead()), shared_table(results, grey)]
    first = [a for a in alternatives if a.estimator == results.baseline] or alternatives
    for name, needed, draw, alt, caption in _FIGURES:
        shown = [a for a in first if needed in arrays_of(results, a)]
        if name == "brightness":
            shown = [a for a in shown if a.kind != "bits"]
        if shown:
            names = listed([a.likelihood for a in shown])
            blocks.append(
                Figure(
                    name=f"likelihoods-{name}",
                    alt=f"{alt} under {names}.",
                    caption=f"{results.label(shown[0].estimator)}, first seed. {caption}",
                    draw=partial(draw, results, shown),
                    pictures=name != "brightness",
                )
            )
    return blocks


_Draw = Callable[[StudyResults, list[Alternative]], Canvas]

_FIGURES: tuple[tuple[str, str, _Draw, str, str], ...] = (
    (
        "reconstructions",
        "reconstructions",
        draw_decoded,
        "Test images and their reconstructions",
        "Test images (first row; the model of bits is given bits drawn from them) and E[x | z] at "
        "the posterior mean. The mean of a continuous Bernoulli lies nearer ½ than the sigmoid of "
        "its logit, for which training makes up only if it knows the normaliser.",
    ),
    (
        "samples",
        "samples",
        draw_prior_means,
        "Decoded draws from the prior",
        "E[x | z] for the same draws of z from the prior in every row. A Gaussian's or a Laplace's "
        "decoder can give what is no intensity, which is cut off here.",
    ),
    (
        "brightness",
        "decoded_histogram",
        draw_brightness,
        "Histograms of decoded and of true intensities",
        "How often each intensity occurs in the test images (filled) and in their reconstructions "
        "(line), on a logarithmic axis; what lies outside [0, 1] is in the outermost bins.",
    ),
)
"""Name, array needed, how it is drawn, alternative text, caption."""


def _lead() -> str:
    return (
        "The networks, minibatches and noise are the same throughout, and the starting weights but "
        "for the decoder's output bias, from which each likelihood gives the mean image. Only "
        "$p(x \\mid z)$ differs, and with it what a score is a score of. **Scores of different "
        "kinds stand in different tables, and no figure of one compares with one of another.** "
        "Densities of different form do compare, as densities: but pixels are multiples of 1/255 "
        "and most of them exactly 0, and a density that is narrow there gains without bound, so "
        "that a higher one need not go with better pictures."
    )


def _descriptions(alternatives: list[Alternative]) -> tuple[str, ...]:
    names = dict.fromkeys(a.likelihood for a in alternatives)
    return tuple(f"**{escaped(name)}**: {escaped(described(name))}." for name in names)


def _normaliser_lead() -> str:
    return (
        "What the normaliser is worth: a continuous Bernoulli trained without it maximises the "
        "cross-entropy of the tutorials, as bernoulli-grey does from another output bias. The "
        "weights are those of a density all the same, and are scored here as what they are, with "
        "the normaliser put back."
    )


def _shared_lead() -> str:
    return (
        "The reconstruction error in nats is each likelihood's own and is no score to share; the "
        "squared error of E[x | z] is. The model of bits is left out: its test images are bits."
    )
