"""The article: seven parts, and where its numbers come from."""

from studies.commands.tour import TOUR_TITLE
from studies.report.model import Answer, Document, Section, Text
from studies.report.words import counted, listed
from studies.tour.ledger import TABLE
from studies.tour.others import Others
from studies.tour.parts.autoencoder import autoencoder_section
from studies.tour.parts.bound import bound_section
from studies.tour.parts.em import em_section
from studies.tour.parts.latent import latent_section
from studies.tour.parts.pyro import pyro_section
from studies.tour.parts.results import results_section
from studies.tour.parts.vae import vae_section
from studies.tour.store import TourResults
from studies.tour.tour import Tour, absent

QUESTION = (
    "How does one climb a likelihood that cannot be maximised directly: first exactly, for a "
    "mixture, and then with a network, for images?"
)

_PARTS = (
    latent_section,
    em_section,
    bound_section,
    autoencoder_section,
    vae_section,
    results_section,
    pyro_section,
)


def article(own: TourResults, others: Others) -> Document:
    """The whole article from what is stored; whatever other studies lack, it says.

    Parameters
    ----------
    own
        The tour's measurements.
    others
        The stores of the studies beside it.
    """
    tour = Tour(own, others)
    answer = answer_of(tour)
    sections = [part(tour) for part in _PARTS]
    return Document(TOUR_TITLE, QUESTION, answer, (*sections, _origins(tour)))


def answer_of(tour: Tour) -> Answer:
    """What the article comes to, in a few sentences."""
    checks = tour.own.checks
    failing = [check.name for check in checks.values() if not check.holds]
    count = tour.ledger.number(
        "checks", len(checks), "{:.0f}".format, "lines that were checked", "the tour"
    )
    said = (
        f"{count} lines of the derivations are computed on real data in two ways, and all hold."
        if not failing
        else f"{count} lines of the derivations are computed on real data in two ways; "
        f"**these do not hold**: {listed(failing)}."
    )
    start = tour.decimal("em_start", 3, "log-likelihood at EM's start, nats per datum")
    end = tour.decimal("em_end", 3, "log-likelihood where EM ends, nats per datum")
    gap = tour.decimal("gap", 2, "mean log p(x) − ELBO, nats per datum")
    headline = (
        r"By one identity, $\log p(x) = \mathrm{ELBO} + \mathrm{KL}(q \parallel p(z \mid x))$, and "
        "a choice of $q$: EM takes the exact posterior and climbs the likelihood itself; a "
        "variational autoencoder learns an approximate one, and climbs a bound on it."
    )
    details = (
        f"On the eruptions of Old Faithful, EM rises from {start} to {end} nats per datum and its "
        "bound touches the log-likelihood at every iterate; on images, a small variational "
        f"autoencoder's bound stays {gap} nats below.",
        said,
        absent(tour),
    )
    return Answer(headline, tuple(detail for detail in details if detail))


def _origins(tour: Tour) -> Section:
    provenance = tour.own.provenance
    started = str(provenance.get("started", ""))[:10]
    versions = provenance.get("versions", {})
    named = [
        f"{name} {versions[name]}"
        for name in ("python", "torch", "pyro-ppl", "numpy")
        if name in versions
    ]
    machine = provenance.get("machine", {})
    where = f" on {machine['processor']}, one thread" if machine.get("processor") else ""
    when = f" on {started}" if started else ""
    with_ = f", with {listed(named)}" if named else ""
    checks = counted(len(tour.own.checks), "check")
    lead = Text(
        f"The tour's own measurements ({checks}, EM's steps and the small networks) were made by "
        f"`studies run tour`{when}{where}{with_}; they are stored beside this page, in "
        "measurements.json and measurements.npz. Everything else is read from the studies named. "
        "`studies report tour` makes this page from both; the code in part 7 is read from the "
        "installed files."
    )
    books = Text(
        "**To read on.** Dempster, Laird and Rubin, *Maximum likelihood from incomplete data via "
        "the EM algorithm* (1977). Neal and Hinton, *A view of the EM algorithm that justifies "
        "incremental, sparse, and other variants* (1998): parts 2 and 3 in one page. Bishop, "
        "*Pattern Recognition and Machine Learning* (2006), chapter 9. Tipping and Bishop, "
        "*Probabilistic principal component analysis* (1999). Kingma and Welling, *Auto-encoding "
        "variational Bayes* (2014). Rezende, Mohamed and Wierstra, *Stochastic backpropagation and "
        "approximate inference in deep generative models* (2014). Ghosh, Sajjadi, Vergari, Black "
        "and Schölkopf, *From variational to deterministic autoencoders* (2020)."
    )
    return Section(TABLE, "Where the numbers come from", (lead, tour.ledger.table(), books))
