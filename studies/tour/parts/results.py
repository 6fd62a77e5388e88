"""Part 6: what the networks of full size learn on MNIST and on Fashion-MNIST."""

from functools import partial

import numpy as np
import pandas as pd

from studies.report.loaded import StudyResults
from studies.report.model import Block, Column, Entry, Figure, Section, Table, Text
from studies.report.words import fixed, listed, significant
from studies.tour.figures.pictures import draw_rows, draw_squares, draw_views
from studies.tour.others import first_arrays, median
from studies.tour.tour import Tour, missing

STUDIES = {"vae-mnist": "MNIST", "vae-fashion-mnist": "Fashion-MNIST"}
"""The studies and what their data are called."""

_METRICS = (
    ("log_likelihood", "test", "log p(x)", "nats per datum"),
    ("elbo", "test", "ELBO", "nats per datum"),
    ("distortion", "test", "distortion", "nats per datum"),
    ("rate", "test", "rate", "nats per datum"),
    ("reconstruction_error", "test", "reconstruction error", "nats per datum"),
    ("fit_seconds", "", "fitting time", "seconds"),
)
_SHOWN = ("torch-vae", "pyro-vae", "autoencoder")


def results_section(tour: Tour) -> Section:
    """Figures of both data sets side by side, and the scores of both."""
    found = {name: tour.others[name] for name in STUDIES}
    there = {name: results for name, results in found.items() if results is not None}
    gone = [missing(n, f"what was learned of {STUDIES[n]}") for n in STUDIES if n not in there]
    blocks: list[Block] = [*_lead(there), *gone]
    if there:
        blocks += [*_scores(tour, there), *_pictures(there)]
    return Section("results", "6. On MNIST and on Fashion-MNIST", tuple(blocks))


def _lead(there: dict[str, StudyResults]) -> list[Block]:
    links = listed([f"[{name}](../{name}/README.md)" for name in STUDIES])
    return [
        Text(
            "The small networks of part 5 were made to be looked through. Those of full size are "
            f"in the studies {links}: all training images, the network drawn in part 5, written by "
            "hand in PyTorch and with Pyro, beside the plain autoencoder. What is said here is in "
            "the median over their seeds; intervals, verdicts and protocols are in their reports. "
            "Fashion-MNIST is the harder twin of MNIST: photographs of clothing in the same "
            "format, with more grey and more texture, of which a model of black and white pixels "
            "needs more nats."
        )
    ]


def _scores(tour: Tour, there: dict[str, StudyResults]) -> list[Block]:
    records, rows = [], []
    for name, results in there.items():
        dataset = results.datasets[0]
        for estimator in results.estimators:
            found = [median(results, m, s, dataset, estimator) for m, s, _, _ in _METRICS]
            values = [np.nan if value is None else value for value in found]
            records.append((name, dataset, estimator, *values))
            texts = [*(fixed(v, 2) for v in values[:-1]), significant(values[-1])]
            label = Entry(STUDIES[name])
            rows.append((label, Entry(results.label(estimator)), *(Entry(t) for t in texts)))
    busy = not all(results.compares_times for results in there.values())
    note = " The fits ran beside each other, so that their times are only rough." if busy else ""
    table = Table(
        name="results",
        caption="Held-out scores and fitting times, medians over seeds. log p(x) is estimated by "
        "importance sampling and is, on average, too low rather than too high. In each run "
        "ELBO = −distortion − rate, line (3) of part 5; medians of the three need not add up. The "
        "distortion is of pictures decoded from codes drawn from $q$, the "
        "reconstruction error of the one picture decoded from its mean, which fits x better. An "
        "autoencoder has no likelihood, so that it shares only the reconstruction error with the "
        f"others.{note}",
        columns=(
            Column("data", align="left"),
            Column("estimator", align="left"),
            *(Column(title, unit) for _, _, title, unit in _METRICS),
        ),
        rows=tuple(rows),
        frame=pd.DataFrame(
            records, columns=["study", "dataset", "estimator", *(m for m, *_ in _METRICS)]
        ),
    )
    return [table, *(_words(tour, name, results) for name, results in there.items())]


def _words(tour: Tour, name: str, results: StudyResults) -> Text:
    dataset = results.datasets[0]
    source = f"`{name}`, {dataset}"
    sentences = []
    for estimator in ("torch-vae", "pyro-vae"):
        log_p = median(results, "log_likelihood", "test", dataset, estimator)
        elbo = median(results, "elbo", "test", dataset, estimator)
        if log_p is None or elbo is None:
            continue
        label = results.label(estimator)

        def number(what: str, value: float, label: str = label, by: str = estimator) -> str:
            return tour.ledger.number(
                f"{name}_{by}_{what}",
                value,
                partial(fixed, digits=2),
                f"{what} of held-out {STUDIES[name]}, {label}, median, nats per datum",
                source,
            )

        sentences.append(
            f"{label}: log p(x) {number('log p(x)', log_p)}, ELBO {number('ELBO', elbo)}, so that "
            f"the bound leaves at least {number('gap', log_p - elbo)}"
        )
    if not sentences:
        return Text(f"**{STUDIES[name]}.** No variational autoencoder's run ended well.")
    return Text(f"**{STUDIES[name]}**, in nats per datum. {'. '.join(sentences)}.")


def _pictures(there: dict[str, StudyResults]) -> list[Block]:
    blocks: list[Block] = []
    rows, squares, views = [], [], []
    for name, results in there.items():
        data = STUDIES[name]
        found = first_arrays(results, ["originals", "reconstructions"])
        shown = [n for n in _SHOWN if n in found]
        if shown:
            rows.append((data, found[shown[0]]["originals"]))
            rows += [(results.drawn_label(n), found[n]["reconstructions"]) for n in shown]
        found = first_arrays(results, ["samples"])
        squares += [
            (f"{data}: {results.drawn_label(n)}", found[n]["samples"]) for n in _SHOWN if n in found
        ]
        found = first_arrays(results, ["codes"])
        views += [(f"{data}: {results.drawn_label(n)}", found[n]) for n in _SHOWN if n in found]
    if rows:
        blocks.append(
            Figure(
                name="results-reconstructions",
                alt="Test images of both data sets and, below, each estimator's reconstructions.",
                caption="Test images, as bits, and their reconstructions by each estimator; the "
                "grey of a garment is a share of black bits, which all of them recover. The "
                "autoencoder's are the sharpest: nothing but reconstruction was asked of it.",
                draw=partial(draw_rows, rows),
                pictures=True,
            )
        )
    if squares:
        blocks.append(
            Figure(
                name="results-samples",
                alt="Squares of 64 decoded draws from a standard normal, by data set and "
                "estimator.",
                caption="Decoded draws from a standard normal. The two variational autoencoders "
                "make digits and clothes, and are not to be told apart; the autoencoder makes "
                "fragments.",
                draw=partial(draw_squares, squares),
                pictures=True,
            )
        )
    if views:
        blocks.append(
            Figure(
                name="results-latent",
                alt="Scatter plots of test images' codes in two dimensions, coloured by class.",
                caption="Codes of test images in the two directions in which they vary most, "
                "coloured by class and numbered at each class's median, or near it where classes "
                "overlap; every panel has directions of its own. The dashed circle, where it is "
                "drawn, would hold 95% of a standard normal. Mind the scales: the autoencoder's "
                "codes spread far wider than the others'.",
                draw=partial(draw_views, views),
                pictures=True,
            )
        )
    return blocks
