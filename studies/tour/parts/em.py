"""Part 2: expectation maximisation, drawn step by step."""

from functools import partial

import numpy as np
import pandas as pd

from studies.report.loaded import StudyResults
from studies.report.model import Block, Column, Entry, Figure, Section, Table, Text
from studies.report.words import fixed, plain, significant
from studies.tour.figures.ascents import draw_rise
from studies.tour.figures.plane import draw_frames, draw_one, draw_steps
from studies.tour.others import median
from studies.tour.tour import Tour, checks_table, missing, told

PART = "em"
_STUDY, _DATA = "gmm-classics", "faithful"


def em_section(tour: Tour) -> Section:
    """The two steps, the bound behind them, and the rise of three implementations."""
    lines = [
        ("em-touches", r"$F(q_t, \theta_t) = \log p(x \mid \theta_t)$ for every row"),
        ("bound-below", r"$F(q_t, \theta) \le \ell(\theta)$ along the steps"),
        ("one-below", r"$F(q_t, m) \le \ell(m)$ for one free mean"),
        ("bound-gap", r"$\ell(\theta) - F(q_t, \theta)$ is the mean divergence of part 3"),
        ("em-never-falls", r"$\ell(\theta_t) \le \ell(\theta_{t+1})$"),
    ]
    blocks = (*_procedure(tour), *_bound(tour), checks_table(tour, PART, lines), *_three(tour))
    return Section("em", "2. Expectation maximisation", blocks)


def _procedure(tour: Tour) -> list[Block]:
    frames = tuple(tour.own.settings["frames"])
    iterations = tour.whole("em_iterations", "EM's iterations until it gains less than 1e-10 nats")
    start = tour.decimal("em_start", 3, "log-likelihood at EM's start, nats per datum")
    first = tour.decimal("em_first", 3, "log-likelihood after EM's first iteration, nats per datum")
    end = tour.decimal("em_end", 3, "log-likelihood where EM ends, nats per datum")
    share = tour.decimal("em_end_short_share", 2, "weight of the short eruptions where EM ends")
    return [
        Text(
            "The coupled equations are easy in halves. With the responsibilities known, the "
            "parameters follow in one line each; with the parameters known, so do the "
            "responsibilities. **Expectation maximisation** (Dempster, Laird and Rubin, 1977) "
            "alternates: it takes the responsibilities of the parameters it has,"
        ),
        Text(
            r"$$ \text{E-step:} \quad r_{nk} = \frac{\pi_k \mathcal{N}(x_n \mid \mu_k, "
            r"\Sigma_k)}{\sum_{j} \pi_j \mathcal{N}(x_n \mid \mu_j, \Sigma_j)}, $$"
        ),
        Text("and then the parameters that would be best if these were right,"),
        Text(
            r"$$ \text{M-step:} \quad N_k = \sum_{n} r_{nk}, \quad \pi_k = \frac{N_k}{N}, \quad "
            r"\mu_k = \frac{1}{N_k} \sum_{n} r_{nk} x_n, \quad \Sigma_k = \frac{1}{N_k} "
            r"\sum_{n} r_{nk} (x_n - \mu_k)(x_n - \mu_k)^\top. $$"
        ),
        Text(
            "The figure shows it from a start that is bad on purpose: one component where there "
            f"are no eruptions at all, the other at the lower edge. The first iteration lifts the "
            f"log-likelihood from {start} to {first} nats per datum. Then both components lie "
            "along the same diagonal and compete for the same points; the iterations that separate "
            "them gain less, and the last ones only polish. "
            f"After {iterations} iterations, at {end}, nothing moves any more, and a share of "
            f"{share} of the eruptions is of the short kind."
        ),
        Figure(
            name="frames",
            alt="Seven scatter plots of eruptions against waits: two ellipses begin far from the "
            "two clouds, overlap along the diagonal, and end around one cloud each. The last panel "
            "shows the log-likelihood rising steeply at first, then to a plateau.",
            caption="EM's iterates. Each point has the colour of its responsibilities (E-step), "
            "from all the one component's to all the other's; the crosses and ellipses are the "
            "means and two standard deviations that the M-step made of the responsibilities one "
            "iteration earlier, which in the first panels are the colours of the panel before. In "
            "the title, the log-likelihood per datum.",
            draw=partial(draw_frames, tour.own.arrays, frames),
        ),
    ]


def _bound(tour: Tour) -> list[Block]:
    begin = tour.whole("one_start", "the free mean's first value, minutes")
    other = tour.whole("one_other", "the fixed mean, minutes")
    reached = tour.decimal("one_end", 1, "the free mean after six steps, minutes")
    return [
        Text(
            "**Why does this climb?** Take any distribution $q_n$ over the components for each "
            "datum. By Jensen's inequality (the logarithm of a mean is at least the mean of the "
            "logarithms),"
        ),
        Text(
            r"$$ \log p(x_n \mid \theta) = \log \sum_k q_{nk} \frac{\pi_k \mathcal{N}(x_n \mid "
            r"\mu_k, \Sigma_k)}{q_{nk}} \ge \sum_k q_{nk} \log \frac{\pi_k  "
            r"\mathcal{N}(x_n \mid \mu_k, \Sigma_k)}{q_{nk}}. $$"
        ),
        Text(
            r"Call the mean of the right side over the data $F(q, \theta)$. It is a **lower "
            r"bound** on $\ell(\theta)$ whatever $q$ is, and in it the logarithm stands inside "
            "the sum: it can be maximised. The E-step chooses $q_{nk} = r_{nk}$, for "
            "which the fraction is the same number for every $k$, namely $p(x_n \\mid \\theta)$, "
            r"and the bound *touches*: $F(q_t, \theta_t) = \ell(\theta_t)$. The M-step goes to the "
            r"bound's highest point, $\theta_{t+1}$. The log-likelihood there cannot be lower than "
            "the bound, and so"
        ),
        Text(
            r"$$ \ell(\theta_{t+1}) \ge F(q_t, \theta_{t+1}) \ge F(q_t, \theta_t) = "
            r"\ell(\theta_t). $$"
        ),
        told(tour, PART, "em-touches", "em-never-falls"),
        Text(
            "With a single free number all of this can be drawn. Of the waits alone, let one "
            f"component stay at {other} minutes and the other's mean $m$ begin at {begin}, on the "
            "wrong side. Then $F$ is a parabola in $m$, and its top is the weighted mean of the "
            f"waits. Six steps lead across to {reached} minutes."
        ),
        Figure(
            name="one",
            alt="A black curve with its peak near 55 minutes; six parabolas below it, each "
            "touching it at one point and with its top further left.",
            caption=r"The log-likelihood ℓ(m) (black) and the bound after each E-step (colours). "
            "Each parabola touches the curve where it was made (dot, at $m_t$) and lies below it "
            "everywhere else. The M-step goes to its top (triangle); from there the dotted line "
            "leads up to the curve, where the next E-step makes a bound that touches.",
            draw=partial(draw_one, tour.own.arrays),
        ),
        Text(
            "The same holds for all parameters of the full problem at once; below it is drawn "
            r"along the straight line through $\theta_t$ and $\theta_{t+1}$ in the space of all "
            "weights, means and covariances."
        ),
        Figure(
            name="steps",
            alt="Three panels, each with a black curve and a blue one below it that touches it at "
            "0 and has its highest point at 1.",
            caption="The log-likelihood (black) and the bound (blue) along three of EM's own "
            "steps. They touch at 0 (dot); the bound is highest at 1 (triangle), which is where EM "
            "goes. What lies between them (shaded) is the divergence of part 3. Along each of "
            "these lines the log-likelihood still rises beyond 1: EM's steps are safe rather than "
            "long.",
            draw=partial(draw_steps, tour.own.arrays),
        ),
        told(tour, PART, "bound-below", "bound-gap"),
    ]


def _three(tour: Tour) -> list[Block]:
    results = tour.others[_STUDY]
    if results is None or _DATA not in results.datasets:
        return [missing(_STUDY, "the rise of EM by hand, scikit-learn's EM and Pyro's SVI")]
    return [
        Text(
            "**Three implementations.** The suite's EM is written by hand; scikit-learn's is the "
            "reference; and Pyro's *stochastic variational inference* (SVI) climbs the same bound "
            "by gradient steps instead of by E and M, which part 3 explains. From one start, by "
            "k-means on three quarters of the eruptions, they rise as follows (study "
            f"[{_STUDY}](../{_STUDY}/README.md), where they are compared on more data)."
        ),
        Figure(
            name="rise",
            alt="Log-likelihood against iterations and against seconds: the two EM curves coincide "
            "and are flat after a few iterations, SVI's rises over a hundred steps.",
            caption="The first seed's fits. The two EMs take the same path, iteration by "
            "iteration, which is why one is drawn broad and the other dashed. SVI needs many more "
            "steps.",
            draw=partial(draw_rise, results, _DATA),
        ),
        _rise_table(results),
        *_rise_words(tour, results),
    ]


_RISE = (
    ("log_likelihood", "train", "log p(x), training", "nats per datum"),
    ("gap", "train", "log p(x) − bound", "nats per datum"),
    ("steps", "", "iterations or steps", ""),
    ("fit_seconds", "", "fitting time", "seconds"),
)


def _rise_table(results: StudyResults) -> Table:
    records, rows = [], []
    for name in results.estimators:
        found = [median(results, m, s, _DATA, name) for m, s, _, _ in _RISE]
        values = [np.nan if v is None else v for v in found]
        records.append((_DATA, name, *values))
        log_p, gap, steps, seconds = values
        texts = (fixed(log_p, 4), significant(gap, 2), fixed(steps, 0), significant(seconds))
        rows.append((Entry(results.label(name)), *(Entry(text) for text in texts)))
    return Table(
        name="rise",
        caption=f"Where they end on {_DATA}: medians over {results.n_seeds} splits of the data.",
        columns=(Column("estimator", align="left"), *(Column(t, u) for _, _, t, u in _RISE)),
        rows=tuple(rows),
        frame=pd.DataFrame(records, columns=["dataset", "estimator", *(m for m, *_ in _RISE)]),
    )


def _rise_words(tour: Tour, results: StudyResults) -> list[Block]:
    steps = {n: median(results, "steps", "", _DATA, n) for n in ("em", "svi")}
    seconds = {n: median(results, "fit_seconds", "", _DATA, n) for n in ("em", "svi")}
    if None in steps.values() or None in seconds.values():
        return []
    source = f"`{_STUDY}`, {_DATA}"
    iterations, taken = (float(steps[n] or 0) for n in ("em", "svi"))
    ratio = float(seconds["svi"] or 0) / float(seconds["em"] or 1)
    first = tour.ledger.number(
        "rise_em_steps", iterations, lambda v: fixed(v, 0), "EM's iterations (median)", source
    )
    second = tour.ledger.number(
        "rise_svi_steps", taken, lambda v: fixed(v, 0), "SVI's steps (median)", source
    )
    times = tour.rough("rise_ratio", ratio, "SVI's median fitting time over EM's", source)
    label = plain(results.label("em"))
    ends = [median(results, "log_likelihood", "train", _DATA, n) for n in results.estimators]
    heights = [end for end in ends if end is not None]
    spread = tour.rough(
        "rise_spread", max(heights) - min(heights), "largest difference of the medians", source
    )
    return [
        Text(
            f"The medians of their log-likelihoods lie within {spread} nats per datum of each "
            f"other. {label} is done after {first} iterations and SVI after {second} steps in the "
            f"median, in {times} times the time. A gradient knows only which way is up; the M-step "
            "knows where the top is."
        )
    ]
