"""Part 7: the twins' code side by side, in lines and in milliseconds."""

import math

import pandas as pd

from studies.report.loaded import StudyResults
from studies.report.model import Block, Column, Entry, Listing, Listings, Section, Table, Text
from studies.report.overhead_data import Size, held_ratio, time_ratios, timed_sizes
from studies.report.words import significant
from studies.tour.listings import Excerpt, excerpt
from studies.tour.others import median
from studies.tour.tour import Tour, missing

_TWINS = ("torch-vae", "pyro-vae")


def pyro_section(tour: Tour) -> Section:
    """What each twin has to write, and what it takes."""
    pairs = {"mixture": mixture_twins(), "VAE": vae_twins()}
    blocks = (*_code(tour, pairs), *_times(tour))
    return Section("pyro", "7. What Pyro did for us", blocks)


def mixture_twins() -> tuple[Excerpt, Excerpt]:
    """EM's two steps, and Pyro's model with the step that climbs its bound."""
    from suite.gmm.climb import Climb
    from suite.gmm.pyro_model import GaussianMixtureModel
    from suite.gmm.steps import e_step, log_joint, m_step
    from suite.gmm.svi_steps import Steps

    by_hand = excerpt("Expectation maximisation, by hand", [log_joint, e_step, m_step])
    model = excerpt("", [GaussianMixtureModel.model, GaussianMixtureModel.guide])
    step = excerpt("", [Climb.loss])
    loop = excerpt("", [Steps._step])
    return by_hand, _joined("The same objective, with Pyro", (model, step, loop))


def vae_twins() -> tuple[Excerpt, Excerpt]:
    """The hand-written bound, and Pyro's model, guide and bound."""
    from suite.vae import pyro_vae, torch_vae
    from suite.vae.pyro_model import VAEModel

    by_hand = excerpt(
        "The bound, by hand", [torch_vae._mean_field, torch_vae.kl_from_prior, torch_vae._draw]
    )
    model = excerpt("", [VAEModel.model, VAEModel.guide])
    bound = excerpt("", [pyro_vae._mean_loss, pyro_vae._bound])
    return by_hand, _joined("The bound, with Pyro", (model, bound))


def _joined(title: str, parts: tuple[Excerpt, ...]) -> Excerpt:
    code = "\n\n".join(f"# {part.source}\n{part.code}" for part in parts)
    names = ", ".join(part.source for part in parts)
    return Excerpt(title, names, code, sum(part.lines for part in parts))


def _code(tour: Tour, pairs: dict[str, tuple[Excerpt, Excerpt]]) -> list[Block]:
    mixture, vae = pairs["mixture"], pairs["VAE"]

    def lines(of: Excerpt, name: str) -> str:
        return tour.ledger.number(
            f"lines_{name}", of.lines, "{:.0f}".format, f"lines of code, {of.title}", of.source
        )

    return [
        Text(
            "Pyro is a language for such models: a program says how the data come about (the "
            "*model*), another how the latent variables are guessed (the *guide*), and the library "
            "makes the ELBO of the two and its gradient. The mixture and the variational "
            "autoencoder exist twice, by hand and with Pyro. That the two compute the same was "
            "checked in part 5 for the variational autoencoder, and is checked for the mixture "
            "before every study's first run. Here they are side by side, as they stand in the "
            "suite's files (docstrings left out). `fit` of the mixtures does the same in blocks of "
            "rows and, without a guide's network, through `marginal`, the same density with z "
            "summed out."
        ),
        Text(
            f"**The mixture.** By hand: {lines(mixture[0], 'em_hand')} lines for the two steps of "
            f"part 2. With Pyro: {lines(mixture[1], 'em_pyro')} lines, of which many deal with "
            "options that the first does not have (subsampling, weights, drawing data). What "
            "Pyro saved us is the mathematics: there is no responsibility and no M-step in "
            "it, only the two lines that draw $z$ and $x$; enumeration and the gradient are the "
            "library's. What it cost is the closed form: it cannot know that this maximum could be "
            "written down."
        ),
        _listings("mixture-twins", "The mixture, twice.", mixture),
        Text(
            f"**The variational autoencoder.** By hand: {lines(vae[0], 'vae_hand')} lines. With "
            f"Pyro: {lines(vae[1], 'vae_pyro')}. Once the ELBO has been derived (part 5), writing "
            "it down takes no more than writing down the model does: for this one model Pyro saves "
            "no lines. It saves the derivation. Another prior, another likelihood or a second "
            "latent variable changes a line or two with Pyro; by hand it begins part 5 "
            "anew. And the same `model` serves Pyro's other algorithms, from importance sampling "
            "to Hamiltonian Monte Carlo, unchanged."
        ),
        _listings("vae-twins", "The variational autoencoder, twice.", vae),
    ]


def _listings(name: str, caption: str, pair: tuple[Excerpt, Excerpt]) -> Listings:
    items = tuple(Listing(part.title, part.source, part.code) for part in pair)
    return Listings(name, f"{caption} First by hand, then with Pyro.", items)


def _times(tour: Tour) -> list[Block]:
    lead = Text(
        "**In milliseconds.** An update of the weights is a few matrix products, and beside them "
        "what the program around them takes; Pyro runs model and guide anew at every step, records "
        "what they draw, and adds up the bound from the record."
    )
    overhead = tour.others["vae-overhead"]
    if overhead is not None:
        table = _milliseconds(tour, overhead, "vae-overhead")
        if table is not None:
            return [lead, *table]
    results = tour.others["vae-mnist"]
    timed = results is not None and results.compares_times
    found = _milliseconds(tour, results, "vae-mnist") if results is not None and timed else None
    if found is None:
        return [lead, missing("vae-overhead", "the milliseconds per update of both twins")]
    return [lead, *found]


def _milliseconds(tour: Tour, results: StudyResults, name: str) -> list[Block] | None:
    """The table and, of its first data set, a sentence."""
    table = milliseconds_table(results, name)
    if table is None:
        return None
    first = table.frame.iloc[0]
    source = f"`{name}`, {first['dataset']}"
    numbers = [
        tour.rough(f"update_{key}", float(first[column]), what, source)
        for key, column, what in (
            ("hand", "by_hand", "milliseconds per update, by hand, median"),
            ("pyro", "pyro", "milliseconds per update, with Pyro, median"),
            ("ratio", "ratio", "their ratio in the same repetition, median"),
        )
    ]
    return [
        table,
        Text(
            f"On {first['dataset']}, an update takes {numbers[0]} ms by hand and {numbers[1]} ms "
            f"with Pyro, {numbers[2]} times as long.{_tie(results, first['dataset'])}"
        ),
    ]


def milliseconds_table(results: StudyResults, name: str) -> Table | None:
    """Milliseconds per update of both twins: a row for each data set where both have any.

    None where no data set has.
    """
    records, rows = [], []
    for dataset in results.datasets:
        found = [milliseconds_per_update(results, dataset, twin) for twin in _TWINS]
        if None in found:
            continue
        by_hand, pyro = (float(value or 0) for value in found)
        ratio = _ratio(results, dataset, pyro / by_hand)
        records.append((dataset, by_hand, pyro, ratio))
        texts = (significant(by_hand), significant(pyro), significant(ratio))
        rows.append((_network(results, dataset), *(Entry(text) for text in texts)))
    if not records:
        return None
    return Table(
        name="milliseconds",
        caption="Milliseconds per update of the weights and their ratio in the same repetition, "
        f"medians over repetitions, from the study [{name}](../{name}/README.md), which has their "
        "intervals and conditions.",
        columns=(
            Column("network", align="left"),
            Column(results.label("torch-vae"), "ms"),
            Column(results.label("pyro-vae"), "ms"),
            Column("ratio"),
        ),
        rows=tuple(rows),
        frame=pd.DataFrame(records, columns=["dataset", "by_hand", "pyro", "ratio"]),
    )


def _ratio(results: StudyResults, dataset: str, of_medians: float) -> float:
    """As the study itself has it: the median of the repetitions' ratios, where they were timed."""
    ratios = time_ratios(results, dataset, "pyro-vae", "torch-vae")
    return of_medians if ratios.empty else float(ratios.median())


def _network(results: StudyResults, dataset: str) -> Entry:
    """Its widths, as 784-400-20, with the data set's own name below."""
    size = _size(results, dataset)
    own = dataset.partition(" ")[0]
    return Entry(own) if size is None else Entry(size.network, own)


def _size(results: StudyResults, dataset: str) -> Size | None:
    sizes = timed_sizes(results, list(results.groups))
    return next((size for size in sizes if size.dataset == dataset), None)


def _tie(results: StudyResults, dataset: str) -> str:
    ratios = time_ratios(results, dataset, "pyro-vae", "torch-vae")
    size = _size(results, dataset)
    if size is None or ratios.empty or not held_ratio(results, size, ratios).is_tie:
        return ""
    return (
        " The study counts that as a tie: the same program, run twice on this machine, differs "
        "from itself by as much."
    )


def milliseconds_per_update(results: StudyResults, dataset: str, estimator: str) -> float | None:
    """1000 × the median over runs of an epoch's seconds / minibatches an epoch.

    None where the study measured no times or does not say how large a minibatch is.
    """
    if estimator not in results.estimators:
        return None
    epoch = median(results, "step_seconds", "", dataset, estimator)
    if epoch is None:
        seconds = median(results, "fit_seconds", "", dataset, estimator)
        epochs = median(results, "steps", "", dataset, estimator)
        epoch = seconds / epochs if seconds and epochs else None
    rows = results.facts(dataset).get("n_train")
    batch = results.settings(dataset, estimator).get("batch_size")
    if not (epoch and rows and batch):
        return None
    return 1000 * epoch / math.ceil(int(rows) / int(batch))
