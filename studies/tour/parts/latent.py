"""Part 1: latent variables, and why the likelihood has no maximum that one could write down."""

from functools import partial

import pandas as pd

from studies.report.model import Block, Bullets, Column, Entry, Figure, Section, Table, Text
from studies.report.words import fixed, significant
from studies.tour.figures.plane import draw_hidden
from studies.tour.tour import Tour, checks_table, told

PART = "latent"


def latent_section(tour: Tour) -> Section:
    """What is hidden, what would follow if it were seen, and what does not because it is not."""
    blocks: list[Block] = [*_model(tour), *_if_seen(), *_unseen(tour), *_three_troubles(tour)]
    lines = [
        ("stationarity", r"$\partial\ell/\partial\mu_k$ is the formula above"),
        ("swap", r"$\log p(x)$ does not change when the components are renamed"),
    ]
    return Section("latent", "1. Latent variables", (*blocks, checks_table(tour, PART, lines)))


def _model(tour: Tour) -> list[Block]:
    rows = tour.whole("em_rows", "eruptions in the table of Old Faithful")
    return [
        Text(
            f"Old Faithful is a geyser. Of {rows} of its eruptions a table gives the length of the "
            "eruption and the wait until the next one, both in minutes (left in the figure below). "
            "The points lie in two clouds: short eruptions with short waits, long ones with long "
            "waits. Nothing in the table says which cloud an eruption belongs to; the cloud is "
            "something that we *suppose*, because it explains what we see. Such a supposed, never "
            "observed quantity is a **latent variable**."
        ),
        Text(
            "A model with a latent variable says how the data would come about if there were one. "
            r"For eruption $n$, first a component $z_n \in \lbrace 1, \dots, K \rbrace$ is drawn, "
            "then the observed pair $x_n$ from that component's normal distribution:"
        ),
        Text(
            r"$$ p(z_n = k) = \pi_k, \qquad p(x_n \mid z_n = k) = "
            r"\mathcal{N}(x_n \mid \mu_k, \Sigma_k). $$"
        ),
        Text(
            r"All that can be learned is collected in $\theta = (\pi_1, \mu_1, \Sigma_1, \dots)$. "
            "Since $z_n$ is not seen, the probability of what is seen is a sum over all that $z_n$ "
            "might have been, and the quantity to maximise is the mean log-likelihood, which this "
            "article measures in nats per datum (a nat is $1/\\log 2$ bits):"
        ),
        Text(
            r"$$ \ell(\theta) = \frac{1}{N} \sum_{n=1}^{N} \log p(x_n \mid \theta) = "
            r"\frac{1}{N} \sum_{n=1}^{N} \log \sum_{k=1}^{K} \pi_k  "
            r"\mathcal{N}(x_n \mid \mu_k, \Sigma_k). $$"
        ),
    ]


def _if_seen() -> list[Block]:
    return [
        Text(
            "**If $z$ were seen,** the inner sum would have one term, the logarithm would fall "
            r"upon the factors, and the parameters would part ways: $\log \pi_{z_n} + "
            r"\log \mathcal{N}(x_n \mid \mu_{z_n}, \Sigma_{z_n})$. Setting derivatives to zero "
            "then gives what anyone would guess: $\\pi_k$ is the share of the eruptions of kind "
            "$k$, $\\mu_k$ their mean, $\\Sigma_k$ their covariance. One line each, no iteration."
        )
    ]


def _unseen(tour: Tour) -> list[Block]:
    digits = tour.whole("product_digits", "digits of the number of terms, K to the N")
    given = tour.whole("shift_given", "minutes by which the second mean wait is moved")
    felt = tour.decimal("shift_felt", 2, "minutes by which the first mean's equation then moves")
    return [
        Text(
            "**Since it is not,** the logarithm stops in front of the sum. One could multiply the "
            "$N$ sums out, for each way of assigning all eruptions one term without a sum in it, "
            f"but there are $K^N$ such ways, a number of {digits} digits. Differentiating "
            "instead gives"
        ),
        Text(
            r"$$ \frac{\partial \ell}{\partial \mu_k} = \frac{1}{N} \sum_{n=1}^{N} r_{nk}  "
            r"\Sigma_k^{-1} (x_n - \mu_k), \qquad r_{nk} = \frac{\pi_k  "
            r"\mathcal{N}(x_n \mid \mu_k, \Sigma_k)}{\sum_{j=1}^{K} \pi_j  "
            r"\mathcal{N}(x_n \mid \mu_j, \Sigma_j)}, $$"
        ),
        told(tour, PART, "stationarity"),
        Text(
            r"and setting this to zero seems to give the mean at once: $\mu_k = \sum_n r_{nk} x_n "
            r"/ \sum_n r_{nk}$, the mean of the data, each weighted by its **responsibility** "
            r"$r_{nk} = p(z_n = k \mid x_n, \theta)$. It is no solution. The responsibilities on "
            r"the right contain $\mu_k$ itself and every other parameter: the equations are "
            "*coupled*. In numbers, at the start of the fit in the next part: moving the second "
            f"component's mean wait by {given} minutes moves what the equation says of the *first* "
            f"component's by {felt} minutes. No unknown can be solved for before the others, and "
            "no closed formula is known for all of them together."
        ),
    ]


def _three_troubles(tour: Tour) -> list[Block]:
    spread = tour.whole("one_spread", "spread of both components of the waits, minutes")
    figure = Figure(
        name="hidden",
        alt="Left: eruptions against waits, in two clouds. Right: a map of the log-likelihood over "
        "two means with two equal peaks, mirror images across the diagonal.",
        caption="Left: what is seen. Right: the log-likelihood of the waits alone over the means "
        f"of two components of equal weight and a spread of {spread} minutes, darker where it is "
        "higher. There are two peaks (stars), each the other with the names exchanged, and a "
        "saddle between them on the diagonal, where both means are the same. The black paths are "
        "EM's, from two starts that are mirror images: each climbs the peak on its side.",
        draw=partial(draw_hidden, tour.own.arrays),
    )
    return [
        Text("The surface that has to be climbed has three more troubles, all of them visible."),
        Bullets(
            (
                "**It has several peaks.** Renaming the components changes nothing that can be "
                "seen, so that every maximum comes in $K!$ copies; and there are others that are "
                "merely local.",
                "**It has no highest one.** Put one component on a single datum and let it shrink: "
                "its density there grows without end, while the other component takes care of the "
                "rest (table). What is wanted is therefore not *the* maximum but a good regular "
                "one.",
                "**For other models even the inner sum is out of reach.** When $z$ is continuous, "
                r"as it will be from part 4 on, $p(x) = \int p(x \mid z) p(z) dz$, and with a "
                "neural network in the integrand this integral has no closed form at all.",
            )
        ),
        Text("The first of them on the data, with the two components of part 2's start renamed:"),
        told(tour, PART, "swap"),
        figure,
        _spikes(tour),
    ]


def _spikes(tour: Tour) -> Table:
    spreads = tour.own.arrays["spike_spreads"]
    heights = tour.own.arrays["spike_log_likelihood"]
    frame = pd.DataFrame({"spread": spreads, "log_likelihood": heights})
    end = tour.decimal("em_end", 4, "log-likelihood where EM ends, nats per datum")
    return Table(
        name="spikes",
        caption="A component on the first eruption of the table, of equal spread in both "
        "directions, beside one as wide as all data. Once it is small, every further division by a "
        "hundred adds as much again, without end; the regular optimum that EM finds in part 2 has "
        f"{end}. Statistically the last row, above it, is worthless.",
        columns=(
            Column("spread of the shrinking component", "minutes"),
            Column("log-likelihood", "nats per datum"),
        ),
        rows=tuple(
            (Entry(significant(float(s))), Entry(fixed(float(h), 4)))
            for s, h in zip(spreads, heights, strict=True)
        ),
        frame=frame,
    )
