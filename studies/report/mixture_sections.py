"""The sections of mixture studies."""

from functools import partial

import pandas as pd

from studies.report.common_sections import BAND, alternatives, clock_choices, progress_figures
from studies.report.comparison import shortfalls
from studies.report.gap_data import gap_ends_table
from studies.report.loaded import StudyResults
from studies.report.mixture_figures import draw_fits
from studies.report.model import Block, Figure, Section, Text
from studies.report.progress_figures import draw_floored_tradeoff, draw_ways, rounding
from studies.report.words import escaped, file_name, listed, nats, plain

_AS_IT_IS = "the data as they are"
_NOTHING = Text("No run that ended well left what this section shows.")


def fits_section(results: StudyResults) -> Section:
    """The first seed's mixtures over the data, one figure a data set."""
    blocks: list[Block] = []
    for dataset in results.datasets:
        views = results.pictures(dataset, "view_points")
        if not views:
            continue
        flat = next(iter(views.values()))["view_points"].shape[1] == 1
        what = "Densities over a histogram" if flat else "Ellipses over the data"
        names = [results.plain_label(name) for name in views]
        blocks.append(
            Figure(
                name=f"fits-{file_name(dataset)}",
                alt=f"{what}: the mixtures that {listed(names)} fitted to {dataset}.",
                caption=_fit_caption(results, dataset, flat),
                draw=partial(draw_fits, results, dataset),
            )
        )
    return Section("fits", "What was fitted", tuple(blocks) or (_NOTHING,))


def ascent_section(results: StudyResults) -> Section:
    """Training log-likelihood against steps and against seconds."""
    ways = {d: results.traced("log_likelihood", "train", d) for d in results.datasets}
    ways = {d: way for d, way in ways.items() if not way.empty}
    figures = [
        Figure(
            name="ascent" + suffix,
            alt=f"Training log-likelihood against {against}, "
            f"for {alternatives(results, list(ways))}.",
            caption=f"Log-likelihood of the training data against {against}, time on a logarithmic "
            f"axis. {BAND} A seed is a split of the data as well as a start, so the band's width "
            "is mostly the data's; how far apart the estimators are on one seed is in *Pair by "
            "pair*.",
            draw=partial(draw_ways, results, ways, clocks, "log p(x)\n(nats per datum)"),
        )
        for suffix, clocks, against in clock_choices(results, len(ways))
    ]
    return Section(
        "ascent", "The ascent of the likelihood", tuple(figures) if ways else (_NOTHING,)
    )


def gap_section(results: StudyResults) -> Section:
    """How far the bound lies below the log-likelihood, on the way."""
    ways = {d: results.traced("gap", "train", d) for d in results.datasets}
    ways = {d: way for d, way in ways.items() if not way.empty}
    lead = Text(
        "For any distribution $q(z)$ over the assignments, $\\log p(x) = \\mathrm{ELBO}(q) + "
        "\\mathrm{KL}(q(z) \\parallel p(z \\mid x))$: what is drawn here is that divergence. EM "
        "sets $q$ to the exact posterior in every E-step, which closes the gap, and then moves the "
        "parameters, which opens it again by as much as the posterior has moved; at a fixed point "
        "nothing moves and the gap is gone. Enumerated assignments use the exact posterior at the "
        "current parameters, so that the gap is 0 throughout. An amortised guide predicts $q$ from "
        "$x$ by a network, which learns alone for the first steps, and keeps whatever gap the "
        "network cannot close, or had not closed when its fit ended. *Scores* has the gap "
        "afterwards, at the $q$ that the fitted model gives the training data: for EM the exact "
        "posterior once more, so that it is 0 there."
    )
    if not ways:
        return Section("gap", "The bound's gap", (lead, _NOTHING))
    below = sum(int((way["value"] < -rounding(results)).sum()) for way in ways.values())
    blocks: list[Block] = [lead]
    blocks += progress_figures(
        results,
        ways,
        name="gap",
        y_label="log p(x) − ELBO\n(nats per datum)",
        subject="gap between the log-likelihood and the bound on the training data",
        caption=f"log p(x) − ELBO of the training data, on a logarithmic axis. {BAND} The line at "
        "the foot is 0, to the rounding of sums in double precision (1×10⁻¹⁰ nats).",
        floor_label="0",
    )
    blocks.append(gap_ends_table(results))
    if below:
        blocks.append(
            Text(
                f"**{below:,} recorded gaps are below 0 by more than rounding, which no bound can "
                "be: the ELBO or the log-likelihood there is wrong.**"
            )
        )
    return Section("gap", "The bound's gap", tuple(blocks))


def tradeoff_section(results: StudyResults) -> Section:
    """One point a run: quality against runtime."""
    runs = final_shortfalls(results)
    if runs.empty:
        return Section("tradeoff", "Quality against runtime", (_NOTHING,))
    figure = Figure(
        name="tradeoff",
        alt="Nats per datum below the best against seconds of fitting, one point a run, "
        f"for {alternatives(results, results.datasets)}.",
        caption="One point a run. Down and to the left is better: how far the run ended below the "
        "best training log-likelihood that any estimator reached on that data set and seed, and "
        f"how long it took; both axes logarithmic. Dotted: the target of "
        f"{nats(results.target)}. *best* is the best value itself, to rounding.",
        draw=partial(
            draw_floored_tradeoff,
            results,
            runs,
            "below the best\n(nats per datum)",
            floor_label="best",
        ),
    )
    return Section("tradeoff", "Quality against runtime", (figure,))


def final_shortfalls(results: StudyResults) -> pd.DataFrame:
    """Where every run ended: dataset, estimator, seed, x (seconds), y (nats below the best)."""
    rows = []
    for dataset in results.datasets:
        last = shortfalls(results, dataset).sort_values("step")
        last = last.drop_duplicates(["estimator", "seed"], keep="last")
        for estimator in results.estimators:
            times = results.values("fit_seconds", "", dataset, estimator)
            ends = last[last["estimator"] == estimator].set_index("seed")["below_best"]
            rows += [
                (dataset, estimator, seed, times[seed], ends[seed])
                for seed in times.index.intersection(ends.index)
            ]
    return pd.DataFrame(rows, columns=["dataset", "estimator", "seed", "x", "y"])


def _fit_caption(results: StudyResults, dataset: str, flat: bool) -> str:
    settings = results.settings(dataset, results.baseline)
    view = results.facts(dataset).get("view", {})
    number = settings.get("n_components", 1)
    kind = str(settings.get("covariance_type", "full")).replace("diag", "diagonal")
    shown = (
        "Solid: the mixture's density; dashed: its components, each times its weight; bars: the "
        "training data."
        if flat
        else "Ellipses at one and two standard deviations of each component; dots at the means, "
        "their areas in proportion to the weights; points: the training data"
        + (", shaded by known class." if _has_labels(results, dataset) else ".")
    )
    note = "" if len(view.get("axes", ())) < 2 or view.get("note") == _AS_IT_IS else view["note"]
    note = escaped(plain(str(note))).rstrip(".")
    return (
        f"**{escaped(dataset)}**, {number} components, {escaped(kind)} covariances, first "
        f"seed. {shown}" + (f" The view: {note}." if note else "")
    )


def _has_labels(results: StudyResults, dataset: str) -> bool:
    return any("view_labels" in a for a in results.pictures(dataset, "view_points").values())
