"""The sections of mixture studies."""

from functools import partial

import pandas as pd

from studies.report.common_sections import (
    BAND,
    alternatives,
    clock_choices,
    progress_figures,
)
from studies.report.comparison import (
    CONFIDENCE,
    ENOUGH_SEEDS,
    Differences,
    compare,
    seed_differences,
    shortfalls,
    time_ratios,
)
from studies.report.loaded import StudyResults
from studies.report.mixture_figures import draw_fits
from studies.report.model import Block, Column, Entry, Figure, Section, Table, Text
from studies.report.progress_figures import (
    draw_differences,
    draw_floored_tradeoff,
    draw_ways,
    rounding,
)
from studies.report.words import MISSING, escaped, listed, nats, plain, signed, significant

_AS_IT_IS = "the data as they are"
_NOTHING = Text("No run that ended well left what this section shows.")

VERDICTS = {
    "none": "no pairs",
    "within": "the same",
    "higher": "higher",
    "lower": "lower",
    "undecided": "undecided",
}
"""A comparison's outcome in a table."""


def pairs_section(results: StudyResults) -> Section:
    """Each estimator against the baseline, seed by seed: likelihood and time."""
    title = f"Pair by pair against {results.label(results.baseline)}"
    differences = _all_differences(results)
    if differences.empty:
        return Section("pairs", title, (Text(_no_pairs(results)),))
    margin = results.target
    figure = Figure(
        name="pairs",
        alt="Differences in log-likelihood from "
        f"{results.plain_label(results.baseline)}, one point a seed, "
        f"for {alternatives(results, results.datasets, results.others)}.",
        caption="One point a seed: the estimator's log-likelihood less the baseline's, same split, "
        f"same start. Shaded: within {nats(margin)}, which counts as the same; there the axis is "
        "linear, beyond it logarithmic.",
        draw=partial(draw_differences, results, differences, margin),
    )
    return Section("pairs", title, (Text(_how_compared(results)), _pairs_table(results), figure))


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
                name=f"fits-{dataset}",
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
        "\\mathrm{KL}(q(z)\\,\\|\\,p(z \\mid x))$: what is drawn here is that divergence. EM sets "
        "$q$ to the exact posterior in every E-step, which closes the gap, and then moves the "
        "parameters, which opens it again by as much as the posterior has moved; at a fixed point "
        "nothing moves and the gap is gone. Enumerated assignments use the exact posterior at the "
        "current parameters, so that the gap is 0 throughout. An amortised guide predicts $q$ from "
        "$x$ by a network, and keeps whatever gap the network cannot close."
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


def _all_differences(results: StudyResults) -> pd.DataFrame:
    rows = [
        (dataset, estimator, split, difference)
        for dataset in results.datasets
        for estimator in results.others
        for split in ("train", "test")
        for difference in seed_differences(results, "log_likelihood", split, dataset, estimator)
    ]
    return pd.DataFrame(rows, columns=["dataset", "estimator", "split", "difference"])


def _pairs_table(results: StudyResults) -> Table:
    rows, records = [], []
    for dataset in results.datasets:
        for name in results.others:
            found = {
                split: compare(
                    seed_differences(results, "log_likelihood", split, dataset, name),
                    results.target,
                )
                for split in ("train", "test")
            }
            ratios = pd.Series(time_ratios(results, dataset, name))
            ratio = significant(float(ratios.median())) if len(ratios) else MISSING
            span = f"{significant(ratios.min())} to {significant(ratios.max())}"
            n = max(d.n for d in found.values())
            rows.append(
                (
                    Entry(escaped(dataset)),
                    Entry(results.label(name)),
                    Entry(f"{n}/{results.planned(dataset, name)}"),
                    *(entry for d in found.values() for entry in _difference_entries(d)),
                    Entry(ratio, span if len(ratios) > 1 else ""),
                )
            )
            records.append(_difference_record(dataset, name, found, ratios))
    nats = "nats per datum"
    return Table(
        name="pairs",
        caption=_pairs_caption(results),
        columns=(
            Column("data", align="left"),
            Column("estimator", align="left"),
            Column("pairs"),
            Column("difference, training", nats),
            Column("so on training data it is", align="left"),
            Column("difference, held out", nats),
            Column("so on held-out data it is", align="left"),
            Column("time, as a multiple"),
        ),
        rows=tuple(rows),
        frame=pd.DataFrame(records),
    )


def _difference_entries(found: Differences) -> tuple[Entry, Entry]:
    if found.n == 0:
        return Entry(MISSING), Entry(VERDICTS["none"])
    span = f"{signed(found.low)} to {signed(found.high)}" if found.n > 1 else ""
    if found.interval is not None:
        span = f"{signed(found.interval[0])} to {signed(found.interval[1])}"
    return Entry(signed(found.mean), span), Entry(VERDICTS[found.verdict])


def _difference_record(
    dataset: str, name: str, found: dict[str, Differences], ratios: pd.Series
) -> dict[str, object]:
    record: dict[str, object] = {"dataset": dataset, "estimator": name}
    for split, d in found.items():
        low, high = d.interval or (float("nan"),) * 2
        record |= {
            f"{split}_pairs": d.n,
            f"{split}_mean": d.mean,
            f"{split}_min": d.low,
            f"{split}_max": d.high,
            f"{split}_interval_low": low,
            f"{split}_interval_high": high,
            f"{split}_verdict": d.verdict,
        }
    record["time_ratio_median"] = float(ratios.median()) if len(ratios) else float("nan")
    return record


def _how_compared(results: StudyResults) -> str:
    margin = nats(results.target)
    text = (
        "Estimators share the split and the start of each seed, so they are compared seed by seed. "
        f"Where every pair differs by at most {margin} (the study's target) they "
        "count as *the same*; *higher* and *lower* are said where all pairs say so"
    )
    if results.n_seeds < ENOUGH_SEEDS:
        return (
            f"{text}. With fewer than {ENOUGH_SEEDS} seeds that is what was observed, not a test "
            "of significance."
        )
    return (
        f"{text}, or where the {CONFIDENCE:.0%} interval of the mean (Student's t over seeds) "
        "leaves out 0. The seeds' splits overlap, so the interval is a guide rather than exact."
    )


def _pairs_caption(results: StudyResults) -> str:
    second = (
        "the smallest and the largest"
        if results.n_seeds < ENOUGH_SEEDS
        else f"its {CONFIDENCE:.0%} interval over seeds, or the smallest and the largest where "
        f"there are fewer than {ENOUGH_SEEDS} pairs"
    )
    return (
        "Mean difference of the log-likelihood from the baseline's, positive where the estimator "
        f"is better; below it {second}. The time is the median ratio of fitting times, below it "
        "the smallest and the largest ratio."
    )


def _no_pairs(results: StudyResults) -> str:
    if not results.others:
        return "The study has one estimator only, so there is nothing to compare it with."
    return (
        "No seed has runs of the baseline and of another estimator that both ended well, so there "
        "is nothing to compare."
    )


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
