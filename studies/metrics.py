"""The table of metrics: what each figure in a report is, and its unit.

A metric is measured on a split ("train" or "test") or, where that makes no sense (seconds), on
the run as a whole, whose split is the empty string.
"""

from dataclasses import dataclass
from typing import Literal

from suite.errors import InputError

Kind = Literal["mixture", "vae"]


@dataclass(frozen=True)
class Metric:
    """One measured quantity.

    Parameters
    ----------
    name
        Its name in results.csv and in study files.
    label
        Its name in tables and on axes, without the unit.
    unit
        Its unit, in words; "1" where it has none.
    better
        Whether "higher" or "lower" is better; "" where neither is.
    description
        One sentence, for the reader of a report.
    kinds
        The kinds of study that measure it.
    digits
        Decimals in tables.
    """

    name: str
    label: str
    unit: str
    better: Literal["higher", "lower", ""]
    description: str
    kinds: tuple[Kind, ...]
    digits: int = 3


SHORT_UNITS = {"nats per datum": "nats", "seconds": "s", "MB": "MB"}
"""What narrow tables call a unit; those that are not here have no place in their headings."""

_BOTH: tuple[Kind, ...] = ("mixture", "vae")
_NATS = "nats per datum"

_METRICS = (
    Metric(
        "log_likelihood",
        "log p(x)",
        _NATS,
        "higher",
        "Mean log-likelihood. Mixtures: exact, from the learned parameters. VAEs: the "
        "importance-weighted bound, which lies below log p(x) and rises towards it with the "
        "number of samples.",
        _BOTH,
    ),
    Metric(
        "elbo",
        "ELBO",
        _NATS,
        "higher",
        "Mean evidence lower bound E_q[log p(x, z) − log q(z|x)] at the q that the estimator used.",
        _BOTH,
    ),
    Metric(
        "gap",
        "log p(x) − ELBO",
        _NATS,
        "lower",
        "The mean divergence KL(q(z|x) ‖ p(z|x)) at the q that the fitted model gives x. Mixtures: "
        "exact, and 0 unless q is a guide's own. VAEs: at least this much, since log p(x) is "
        "itself estimated from below.",
        _BOTH,
    ),
    Metric(
        "objective",
        "own objective",
        _NATS,
        "higher",
        "What the estimator itself reports of its last step on the training data.",
        _BOTH,
    ),
    Metric(
        "adjusted_rand_index",
        "adjusted Rand index",
        "1",
        "higher",
        "Agreement of the predicted components with the known classes, corrected for chance: 1 is "
        "perfect, 0 is chance.",
        ("mixture",),
    ),
    Metric(
        "distortion",
        "distortion",
        _NATS,
        "lower",
        "−E_q[log p(x|z)]: what it costs to say x once z is known.",
        ("vae",),
    ),
    Metric(
        "rate",
        "rate",
        _NATS,
        "",
        "KL(q(z|x) ‖ p(z)): what it costs to say z. ELBO = −distortion − rate.",
        ("vae",),
    ),
    Metric(
        "elbo_standard_error",
        "standard error of the ELBO",
        _NATS,
        "lower",
        "Standard error over images of the mean ELBO.",
        ("vae",),
    ),
    Metric(
        "log_likelihood_standard_error",
        "standard error of log p(x)",
        _NATS,
        "lower",
        "Standard error over images of the mean importance-weighted bound.",
        ("vae",),
    ),
    Metric(
        "log_likelihood_monte_carlo_error",
        "Monte Carlo error of log p(x)",
        _NATS,
        "lower",
        "Standard error of the mean importance-weighted bound over redrawn importance samples, "
        "the images held fixed (delta method).",
        ("vae",),
        digits=4,
    ),
    Metric(
        "effective_sample_size",
        "effective sample size",
        "samples",
        "higher",
        "Mean over images of (Σw)²/Σw² of the importance weights.",
        ("vae",),
        digits=1,
    ),
    Metric(
        "reconstruction_error",
        "reconstruction error",
        _NATS,
        "lower",
        "−log p(x | z = the posterior mean, or the code): the one score that a plain autoencoder "
        "shares with the VAEs.",
        ("vae",),
    ),
    Metric(
        "pseudo_elbo",
        "pseudo-ELBO",
        _NATS,
        "higher",
        "The ELBO's formula with grey pixels put into a Bernoulli: the tutorials' figure. It is no "
        "bound on any log-density.",
        ("vae",),
    ),
    Metric(
        "elbo_generalisation_gap",
        "ELBO, training − test",
        _NATS,
        "lower",
        "Mean ELBO of training data minus that of as many test data, by one draw of z per "
        "image: above 0 where the model fits what it was trained on better.",
        ("vae",),
    ),
    Metric(
        "elbo_generalisation_gap_standard_error",
        "standard error of training − test",
        _NATS,
        "lower",
        "Standard error over training and test images of that difference.",
        ("vae",),
    ),
    Metric(
        "active_units",
        "active units",
        "units",
        "",
        "Latent dimensions whose posterior mean varies over the test images by more than 0.01, "
        "in units of the prior's variance (Burda, Grosse and Salakhutdinov, 2016).",
        ("vae",),
        digits=0,
    ),
    Metric(
        "mutual_information",
        "mutual information",
        _NATS,
        "",
        "What a code says of which image it came from, over the first test images: the part of "
        "the rate that is information. At most the logarithm of their number.",
        ("vae",),
    ),
    Metric(
        "marginal_divergence",
        "divergence from the prior",
        _NATS,
        "lower",
        "KL(q(z) ‖ p(z)) of the codes of the first test images, all together: the part of the "
        "rate that is not information. It is how far samples of the prior are from what the "
        "decoder was trained on.",
        ("vae",),
    ),
    Metric(
        "aggregated_monte_carlo_error",
        "Monte Carlo error of the rate's parts",
        _NATS,
        "lower",
        "Standard error of the mutual information, and of the divergence from the prior, over "
        "redrawn codes.",
        ("vae",),
        digits=4,
    ),
    Metric(
        "ais_log_likelihood",
        "log p(x) by annealing",
        _NATS,
        "higher",
        "Mean log-likelihood of the first test images by annealed importance sampling, below "
        "log p(x) in expectation.",
        ("vae",),
    ),
    Metric(
        "ais_standard_error",
        "standard error of log p(x) by annealing",
        _NATS,
        "lower",
        "Standard error over images of the mean log-likelihood by annealed importance sampling.",
        ("vae",),
    ),
    Metric(
        "ais_monte_carlo_error",
        "Monte Carlo error of log p(x) by annealing",
        _NATS,
        "lower",
        "Standard error of the mean log-likelihood by annealed importance sampling over other "
        "chains, the images held fixed (delta method).",
        ("vae",),
        digits=4,
    ),
    Metric(
        "iw_log_likelihood_on_ais_images",
        "log p(x) by importance weights, same images",
        _NATS,
        "higher",
        "The importance-weighted bound on the images that annealed importance sampling was run on.",
        ("vae",),
    ),
    Metric(
        "bidirectional_gap",
        "bidirectional gap",
        _NATS,
        "lower",
        "Upper minus lower bound on log p(x) of images that the model made, by annealing in "
        "both directions: on such images neither is farther from log p(x) in expectation "
        "(Grosse, Ghahramani and Adams, 2015).",
        ("vae",),
    ),
    Metric(
        "bidirectional_gap_standard_error",
        "standard error of the bidirectional gap",
        _NATS,
        "lower",
        "Standard error of that gap over simulated images and chains.",
        ("vae",),
    ),
    Metric(
        "approximation_gap",
        "approximation gap",
        _NATS,
        "lower",
        "log p(x) − ELBO(q*), with q* the best diagonal Gaussian for each image on its own: "
        "what the family of posteriors loses (Cremer, Li and Duvenaud, 2018). log p(x) is "
        "estimated from below.",
        ("vae",),
    ),
    Metric(
        "approximation_gap_standard_error",
        "standard error of the approximation gap",
        _NATS,
        "lower",
        "Standard error of the mean approximation gap over images.",
        ("vae",),
    ),
    Metric(
        "amortisation_gap",
        "amortisation gap",
        _NATS,
        "lower",
        "ELBO(q*) − ELBO(q), with q* the best diagonal Gaussian for each image on its own and q "
        "the encoder's: what sharing one encoder loses (Cremer, Li and Duvenaud, 2018).",
        ("vae",),
    ),
    Metric(
        "amortisation_gap_standard_error",
        "standard error of the amortisation gap",
        _NATS,
        "lower",
        "Standard error of the mean amortisation gap over images.",
        ("vae",),
    ),
    Metric(
        "normalised_log_likelihood",
        "log p(x), normalised afterwards",
        _NATS,
        "higher",
        "log p(x) of a model that was trained without its likelihood's normaliser, scored with it: "
        "the importance-weighted bound of a density.",
        ("vae",),
    ),
    Metric(
        "normalised_elbo",
        "ELBO, normalised afterwards",
        _NATS,
        "higher",
        "ELBO of a model that was trained without its likelihood's normaliser, scored with it.",
        ("vae",),
    ),
    Metric(
        "normalised_log_likelihood_standard_error",
        "standard error of log p(x), normalised afterwards",
        _NATS,
        "lower",
        "Standard error over images of the mean log p(x), normalised afterwards.",
        ("vae",),
    ),
    Metric(
        "normalised_elbo_standard_error",
        "standard error of the ELBO, normalised afterwards",
        _NATS,
        "lower",
        "Standard error over images of the mean ELBO, normalised afterwards.",
        ("vae",),
    ),
    Metric(
        "squared_error",
        "squared error",
        "squared intensity per image",
        "lower",
        "Σ (x − E[x|z])² over the pixels of an image, z the posterior mean or the code: in the "
        "units of the data, whatever the likelihood.",
        ("vae",),
        digits=2,
    ),
    Metric(
        "brightness",
        "brightness of the data",
        "intensity",
        "",
        "Mean of all pixels of the test images, between 0 and 1.",
        ("vae",),
        digits=4,
    ),
    Metric(
        "decoded_brightness",
        "brightness of reconstructions",
        "intensity",
        "",
        "Mean of all pixels of the test images as they are reconstructed.",
        ("vae",),
        digits=4,
    ),
    Metric(
        "decoded_outside",
        "pixels decoded outside [0, 1]",
        "share",
        "lower",
        "Share of the reconstructions' pixels that are no intensities: below 0 or above 1.",
        ("vae",),
        digits=4,
    ),
    Metric(
        "steps",
        "steps",
        "steps",
        "lower",
        "EM iterations, SVI steps or epochs until the stopping rule held.",
        _BOTH,
        digits=0,
    ),
    Metric(
        "converged",
        "converged",
        "share of runs",
        "higher",
        "Whether the stopping rule held before the largest number of steps.",
        ("mixture",),
        digits=2,
    ),
    Metric(
        "fit_seconds",
        "fitting time",
        "seconds",
        "lower",
        "Wall time of fitting alone: the clock stands still while progress is recorded and scored; "
        "imports, loading, the shared start and evaluation are outside it.",
        _BOTH,
    ),
    Metric(
        "evaluation_seconds",
        "evaluation time",
        "seconds",
        "lower",
        "Wall time of scoring the fitted model.",
        _BOTH,
    ),
    Metric(
        "start_seconds",
        "process start",
        "seconds",
        "lower",
        "Wall time from the request for the run's process until the process runs.",
        _BOTH,
    ),
    Metric(
        "load_seconds",
        "loading",
        "seconds",
        "lower",
        "Wall time of loading and splitting the data and of their fingerprint.",
        _BOTH,
    ),
    Metric(
        "shared_start_seconds",
        "shared start",
        "seconds",
        "lower",
        "Wall time of computing the starting values that all estimators share.",
        _BOTH,
    ),
    Metric(
        "warm_up_seconds",
        "warm-up",
        "seconds",
        "lower",
        "Wall time of making the estimator and of the two steps on a few rows before its fit, "
        "where the study asks for them.",
        _BOTH,
    ),
    Metric(
        "compile_seconds",
        "compilation",
        "seconds",
        "lower",
        "Part of the fitting time in which code was compiled, by the word of an estimator that "
        "says so.",
        _BOTH,
    ),
    Metric(
        "progress_seconds",
        "recording",
        "seconds",
        "lower",
        "Wall time of recording and scoring steps on the way, which the fitting time leaves out.",
        _BOTH,
    ),
    Metric(
        "peak_memory",
        "peak memory",
        "MB",
        "lower",
        "Largest resident memory of the run's process, the imported libraries included.",
        _BOTH,
        digits=0,
    ),
    Metric(
        "step_seconds",
        "time per step",
        "seconds",
        "lower",
        "Median wall time of one iteration, step or epoch after the first, from clock readings "
        "after each: set-up is not in it.",
        _BOTH,
        digits=4,
    ),
    Metric(
        "highest_bound",
        "highest bound of any start",
        _NATS,
        "higher",
        "The last bound of the start that came highest, by the estimator's own word. Where "
        "degenerate optima rank last, whatever their height, the one that is kept may be lower.",
        ("mixture",),
        digits=6,
    ),
    Metric(
        "first_step_seconds",
        "set-up and first step",
        "seconds",
        "lower",
        "Wall time from the call of fit to the end of the first step: checks, conversions and "
        "whatever is set up once, and that step.",
        _BOTH,
        digits=4,
    ),
    Metric(
        "fit_memory",
        "memory of the fit",
        "MB",
        "lower",
        "Largest resident memory during the fit beyond that before it, when the data were there "
        "already; measured where the system allows it and nothing is scored on the way.",
        ("mixture",),
        digits=0,
    ),
    Metric(
        "product_seconds",
        "matrix products of one iteration",
        "seconds",
        "lower",
        "Time of the two matrix products of one EM iteration, 4 N M K operations, at the rate of "
        "products of their shape, measured in the run's own process.",
        ("mixture",),
        digits=4,
    ),
    Metric(
        "product_rate",
        "rate of EM's matrix products",
        "10⁹ operations per second",
        "higher",
        "The highest rate over chunk lengths of the pair of products of one chunk of EM.",
        ("mixture",),
        digits=1,
    ),
    Metric(
        "square_product_rate",
        "rate of large square products",
        "10⁹ operations per second",
        "higher",
        "The rate of a product of two square matrices of 1,024 rows.",
        _BOTH,
        digits=1,
    ),
    Metric(
        "epoch_product_seconds",
        "matrix products of one epoch",
        "seconds",
        "lower",
        "Time of the matrix products of one epoch and of nothing else, 2 B (3 W − V) operations a "
        "step of B data, W weights and V of them in layers that read the data: at the rate of "
        "these products, measured in the run's own process.",
        ("vae",),
        digits=3,
    ),
    Metric(
        "epoch_product_rate",
        "rate of an epoch's matrix products",
        "10⁹ operations per second",
        "higher",
        "The rate of the products of one step, one after another as a step needs them.",
        ("vae",),
        digits=1,
    ),
    Metric(
        "epoch_optimizer_seconds",
        "Adam's updates of one epoch",
        "seconds",
        "lower",
        "Time of Adam's updates of all weights in one epoch and of nothing else, measured in the "
        "run's own process.",
        ("vae",),
        digits=3,
    ),
    Metric(
        "epoch_minibatch_seconds",
        "minibatches of one epoch",
        "seconds",
        "lower",
        "Time of gathering the rows of one epoch's minibatches, with their bits where these are "
        "drawn anew, and of nothing else, measured in the run's own process.",
        ("vae",),
        digits=3,
    ),
    Metric(
        "epoch_likelihood_seconds",
        "likelihood in one epoch",
        "seconds",
        "lower",
        "Time of log p(x | z) and of its slope by its parameters in the steps of one epoch, and of "
        "nothing else, measured in the run's own process.",
        ("vae",),
        digits=3,
    ),
    Metric(
        "em_rate",
        "EM's rate in theory",
        "1",
        "lower",
        "The largest eigenvalue of the Jacobian of one EM step at the fitted parameters: the "
        "fraction of information that is missing.",
        ("mixture",),
        digits=4,
    ),
    Metric(
        "observed_rate",
        "EM's rate as observed",
        "1",
        "lower",
        "The square root of the factor by which the bound's gains shrink from one iteration to the "
        "next near the end.",
        ("mixture",),
        digits=4,
    ),
    Metric(
        "total_log_likelihood",
        "total log-likelihood",
        "nats, total",
        "higher",
        "Σ log p(x) over the rows: the mean log-likelihood times their number.",
        ("mixture",),
        digits=4,
    ),
    Metric(
        "bic",
        "BIC",
        "2 × nats, total",
        "lower",
        "−2 Σ log p(x) + p log N with p free parameters and N rows (Schwarz, 1978), in "
        "scikit-learn's sign.",
        ("mixture",),
        digits=2,
    ),
    Metric(
        "icl",
        "ICL",
        "2 × nats, total",
        "lower",
        "BIC − 2 Σ log p(z = ẑ | x) with ẑ the most probable component (Biernacki, Celeux and "
        "Govaert, 2000): BIC with a price for components that overlap.",
        ("mixture",),
        digits=2,
    ),
    Metric(
        "n_parameters",
        "free parameters",
        "1",
        "",
        "K − 1 weights, K D means and the covariances' own: the degrees of freedom.",
        ("mixture",),
        digits=0,
    ),
    Metric(
        "smallest_spread",
        "smallest spread",
        "share of variance",
        "higher",
        "The smallest eigenvalue of any component's covariance, relative to that of a single "
        "component of the same type.",
        ("mixture",),
        digits=4,
    ),
    Metric(
        "smallest_count",
        "smallest count",
        "rows",
        "higher",
        "The smallest number of effective rows, Σ p(z = k | x), of any component.",
        ("mixture",),
        digits=1,
    ),
    Metric(
        "regular",
        "regular",
        "share of runs",
        "higher",
        "Whether no component is too narrow (a smallest spread under 0.001 of the variance of a "
        "single component of the same type) and none is on too few effective rows: fewer than "
        "D + 1 where it has a full covariance of its own; fewer than D + 1 or four, whichever is "
        "less, where it has variances of its own.",
        ("mixture",),
        digits=2,
    ),
    Metric(
        "components_in_use",
        "components in use",
        "components",
        "",
        "Components that are the most probable one of at least one training row.",
        ("mixture",),
        digits=0,
    ),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _METRICS}
"""Every metric by name."""


def metric(name: str) -> Metric:
    """The metric called `name`.

    Raises
    ------
    InputError
        If there is none; the message lists the names.

    Examples
    --------
    >>> metric("fit_seconds").unit
    'seconds'
    """
    if name not in METRICS:
        raise InputError(f"unknown metric {name!r}; known: {', '.join(METRICS)}.")
    return METRICS[name]
