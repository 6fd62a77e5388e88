"""Part 3: from EM to variational inference by way of one identity."""

from functools import partial

import numpy as np

from studies.report.loaded import StudyResults
from studies.report.model import Block, Bullets, Figure, Section, Text
from studies.report.words import significant
from studies.tour.figures.ascents import draw_gaps
from studies.tour.tour import Tour, checks_table, missing, told

PART = "bound"
_STUDY = "em-is-vi"
_AMORTISED = "svi-amortised"


def bound_section(tour: Tour) -> Section:
    """The identity, three choices of q, and what each leaves in measured fits."""
    lines = [
        ("identity-random", r"$\log p(x) = F + \mathrm{KL}$, $q$ drawn at random"),
        ("identity-hard", r"$\log p(x) = F + \mathrm{KL}$, $q$ all or nothing"),
        ("identity-posterior", r"$\log p(x) = F + \mathrm{KL}$, $q$ the exact posterior"),
    ]
    blocks = (
        *_identity(),
        *_checked(tour),
        checks_table(tour, PART, lines),
        *_consequences(),
        *_measured(tour),
    )
    return Section("bound", "3. From EM to variational inference", blocks)


def _identity() -> list[Block]:
    return [
        Text(
            "How far is the bound below the log-likelihood? Exactly as far as $q$ is from the "
            r"posterior. For one datum, and any $q(z)$ that is 0 wherever $p(z \mid x)$ is, "
            "start from the definition of the conditional probability, "
            r"$p(x) = p(x, z) / p(z \mid x)$, which holds for every $z$; take logarithms; insert "
            "$q$ above and below; and average over $z$ drawn from $q$. The left side does not "
            "depend on $z$ and stays as it is:"
        ),
        Text(
            r"$$ \log p(x) = \underbrace{\mathbb{E}_{q(z)} \left[ \log \frac{p(x, z)}{q(z)} "
            r"\right]}_{\text{evidence lower bound, ELBO}} + \underbrace{\mathbb{E}_{q(z)} "
            r"\left[ \log \frac{q(z)}{p(z \mid x)} \right]}_{\mathrm{KL}(q(z) \parallel "
            r"p(z \mid x)) \ge 0}. $$"
        ),
        Text(
            "The first term is the bound $F$ of part 2, usually called the **evidence lower "
            "bound** (ELBO). The second is the Kullback-Leibler divergence of $q$ from the "
            "posterior: never negative, and 0 only where the two are the same. This is the whole "
            "theory of this article. Everything after it is a choice of $q$."
        ),
    ]


def _checked(tour: Tour) -> list[Block]:
    def pair(name: str) -> tuple[str, str]:
        said = f"at EM's bad start with q {name}, nats per datum"
        return (
            tour.decimal(f"identity_{name}_bound", 4, f"ELBO {said}"),
            tour.decimal(f"identity_{name}_kl", 4, f"divergence {said}"),
        )

    (random, random_kl), (hard, hard_kl) = pair("random"), pair("hard")
    return [
        Text(
            "At EM's bad start of part 2, for three choices of $q$. Responsibilities drawn at "
            f"random give a bound of {random} and a divergence of {random_kl}; giving every "
            f"eruption wholly to its likelier component gives {hard} and {hard_kl}; the exact "
            "posterior has no divergence. The sum is the same each time."
        ),
        told(tour, PART, "identity-random", "identity-hard", "identity-posterior"),
    ]


def _consequences() -> list[Block]:
    return [
        Bullets(
            (
                r"**EM** chooses $q(z) = p(z \mid x, \theta)$ in every E-step: the divergence is "
                "0 and the bound is the log-likelihood. It needs a posterior that can be computed.",
                "**Variational inference** chooses $q$ from a family that can be handled, and "
                r"raises the ELBO in both arguments. In $q$ this lowers the divergence, since "
                r"their sum does not depend on $q$; in $\theta$ it raises a bound on what is "
                "wanted. Both can be done by gradient: no M-step in closed form is needed. Where "
                "$z$ has few values, Pyro can sum over all of them, which is an E-step: SVI with "
                "**enumeration** has no divergence either.",
                "**Amortised** inference does not keep a $q_n$ for each datum but learns one "
                r"function, a network with weights $\phi$, that gives $q_\phi(z \mid x)$ for any "
                r"$x$. It answers for new data without a fit, and it pays: the network has to "
                "serve all data at once, what it misses stays as a gap, and far from what it was "
                "trained on it may miss by much.",
            )
        )
    ]


def _measured(tour: Tour) -> list[Block]:
    results = tour.others[_STUDY]
    if results is None:
        return [missing(_STUDY, "the measured gap of EM, enumerated SVI and an amortised guide")]
    dataset = results.datasets[0]
    return [
        Text(
            "All three, measured: one mixture on one table of flowers, "
            f"{results.n_seeds} starts (study [{_STUDY}](../{_STUDY}/README.md))."
        ),
        Figure(
            name="gaps",
            alt="Three panels of log p(x) minus bound against steps: EM's curves fall to rounding, "
            "the enumerated SVI's lie on the floor throughout, the amortised guide's fall slowly "
            "and end above it.",
            caption="What lies between log p(x) and the bound that each has just climbed, one "
            "curve a start. EM's is measured after the M-step, when the parameters have moved away "
            "from the posterior that made the bound; it falls as the steps shrink. Enumerated SVI "
            "lies on the floor, which stands for 0 and all rounding. The amortised guide comes "
            "down as its network learns and stays above 0; its curves bend where a head start for "
            "the network alone ends and the mixture's parameters begin to move too.",
            draw=partial(draw_gaps, results, dataset),
        ),
        Text(_gap_words(tour, results, dataset)),
    ]


def _gap_words(tour: Tour, results: StudyResults, dataset: str) -> str:
    told_of = []
    for name in results.estimators:
        gaps = last_gaps(results, dataset, name)
        if not len(gaps):
            continue
        number = tour.ledger.number(
            f"gap_{name}",
            float(np.median(gaps)),
            lambda v: significant(v, 2),
            f"log p(x) − bound after the last step, {results.label(name)}, median, nats per datum",
            f"`{_STUDY}`, {dataset}",
        )
        told_of.append(f"{results.label(name)} {number}")
    return (
        f"After the last step, in nats per datum and in the median over starts: "
        f"{'; '.join(told_of)}. EM's would go on falling if it did not stop there; with z summed "
        "out there is nothing to fall; the amortised guide's is what a function in the place of an "
        f"exact posterior costs.{_new_words(tour, results, dataset)}"
    )


def _new_words(tour: Tour, results: StudyResults, dataset: str) -> str:
    """What the amortised guide's gap is on data that it never saw."""
    gaps = results.values("gap", "test", dataset, _AMORTISED)
    if gaps.empty:
        return ""
    figures = {"median": float(gaps.median()), "largest": float(gaps.max())}
    median, largest = (
        tour.ledger.number(
            f"new_gap_{name}",
            value,
            lambda v: significant(v, 2),
            f"log p(x) − bound on held-out data, {results.label(_AMORTISED)}, {name} over starts, "
            "nats per datum",
            f"`{_STUDY}`, {dataset}",
        )
        for name, value in figures.items()
    )
    return (
        f" That is on the data it was trained on. On flowers held out, which the network never "
        f"saw, its gap is {median} in the median and {largest} at the worst start: a single datum "
        "is enough, where $q$ gives weight to a component that all but rules it out. EM and "
        "enumeration compute the posterior anew for every datum and have no gap there."
    )


def last_gaps(results: StudyResults, dataset: str, estimator: str) -> np.ndarray:
    """log p(x) − bound after each run's last step, as the runs' clocks noted it: (seeds,)."""
    traced = results.traced("gap", "train", dataset)
    mine = traced[traced["estimator"] == estimator].sort_values("step")
    gaps: np.ndarray = mine.groupby("seed")["value"].last().to_numpy(dtype=float)
    return gaps
