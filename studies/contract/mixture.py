"""The checks of a Gaussian mixture, by exact likelihoods at the parameters that it learned."""

from typing import Any

import numpy as np

from studies.contract.common import must_refuse
from studies.contract.model import BrokenPromise, Check, Subject, expect, learned
from suite.data import simulate_mixture
from suite.errors import InputError
from suite.evaluation import mixture_log_likelihood
from suite.gmm import EMGaussianMixture, MixtureParameters, MixtureState, initial_parameters
from suite.progress import Progress
from suite.registry import EstimatorSpec

_SINGLE = 1e-4
"""What single precision may leave of log-densities of the order of ten."""

_BOUND_NEARNESS = 0.1
"""Nats per datum by which a bound may miss the log-likelihood after `_LONG` steps: a forgotten
constant (½ log 2π a feature), a sum in place of a mean, or a sign is more."""

_LONG = 60
_N_ROWS = 90


def mixture_subject(spec: EstimatorSpec) -> Subject:
    """90 rows of two well separated components in two dimensions, and what a study sets."""
    data = simulate_mixture(
        n_samples=_N_ROWS, n_features=2, n_components=2, separation=5.0, test_size=0.0
    )
    return Subject(
        spec=spec,
        X=data.train,
        settings={"n_components": 2, "random_state": 0, spec.steps_parameter: 5},
        needed={
            "n_components": "the number of components",
            spec.steps_parameter: "the largest number of steps",
            "initial": "a suite.gmm.MixtureParameters to start from, or None",
            "random_state": "the seed of everything that is drawn",
        },
        output=lambda estimator, rows: np.asarray(estimator.score_samples(rows)),
    )


def _learns_attributes(subject: Subject) -> None:
    fitted = subject.fitted()
    parameters = _parameters(fitted)
    D = subject.X.shape[1]
    expect(
        (parameters.n_components, parameters.n_features) == (2, D),
        f"asked for 2 components in {D} dimensions it learns {parameters.n_components} in "
        f"{parameters.n_features}",
    )
    bounds = list(learned(fitted, "lower_bounds_", "the objective after each step"))
    steps = learned(fitted, "n_iter_", "the number of steps taken")
    expect(len(bounds) == steps, f"n_iter_ is {steps}, and lower_bounds_ has {len(bounds)}")
    last = float(learned(fitted, "lower_bound_", "the last objective, in nats per datum"))
    expect(last == bounds[-1], f"lower_bound_ is {last}, and lower_bounds_ ends in {bounds[-1]}")
    expect(
        learned(fitted, "n_features_in_", "the number of columns it was fitted to") == D,
        f"n_features_in_ is {fitted.n_features_in_}, and the data have {D} columns",
        "let sklearn.utils.validation.validate_data(self, X) set it",
    )


def _says_whether_it_converged(subject: Subject) -> None:
    settings: dict[str, Any] = {subject.spec.steps_parameter: 1}
    if "tol" in subject.parameters:
        settings["tol"] = 0.0
    converged = learned(subject.fitted(**settings), "converged_", "whether the fit converged")
    expect(
        isinstance(converged, bool | np.bool_) and not converged,
        f"after one step of a fit that is not there yet, converged_ is {converged!r}",
        "set self.converged_ to True only if the stopping rule was met, else to False",
    )


def _shows_its_state(subject: Subject) -> None:
    states: list[MixtureState] = []

    def note(progress: Progress) -> None:
        states.append(progress.state())

    estimator = subject.make()
    estimator.fit(subject.X, callback=note)
    for state in states:
        expect(
            isinstance(getattr(state, "parameters", None), MixtureParameters),
            f"state() gives a {type(state).__name__} without parameters",
        )
    expect(states, "fit never calls the callback")
    expect(
        np.allclose(states[-1].parameters.means, estimator.means_, rtol=_SINGLE),
        "the state at the last step has other means than means_",
        "let state() give the parameters after the step, and fit keep those of the last one",
    )
    if len(states) > 1:
        moved = [not np.array_equal(s.parameters.means, estimator.means_) for s in states[:-1]]
        expect(any(moved), "the states of all steps are one, which later steps change")


def _reports_nats_per_datum(subject: Subject) -> None:
    last: list[tuple[float, MixtureState]] = []

    def note(progress: Progress) -> None:
        last[:] = [(progress.objective, progress.state())]

    subject.make(**{subject.spec.steps_parameter: _LONG}).fit(subject.X, callback=note)
    objective, state = last[0]
    exact = float(mixture_log_likelihood(state.parameters, subject.X).mean())
    expect(
        abs(objective - exact) <= _BOUND_NEARNESS,
        f"its last objective is {objective:.4g}, and the log-likelihood at its parameters is "
        f"{exact:.4g} nats per datum",
    )


def _starts_where_it_is_told(subject: Subject) -> None:
    optimum = _optimum(subject, 2)
    apart = np.linalg.norm(optimum.means[0] - optimum.means[1])
    for start in (optimum, optimum.permuted([1, 0])):
        fitted = subject.fitted(initial=start, **{subject.spec.steps_parameter: 1})
        moved = np.linalg.norm(np.asarray(fitted.means_) - start.means, axis=1).max()
        expect(
            moved < 0.1 * apart,
            f"started at the optimum, one step takes its means {moved:.3g} away, or to another "
            "order",
        )
    must_refuse(
        "a start of 3 components where 2 are asked for",
        lambda: subject.fitted(initial=_any_start(subject, 3)),
        ("component", "initial", "shape"),
    )


def _finds_the_one_component(subject: Subject) -> None:
    kind = _covariance_type(subject.make())
    fitted = subject.fitted(n_components=1, **{subject.spec.steps_parameter: _LONG})
    reached = float(mixture_log_likelihood(_parameters(fitted), subject.X).mean())
    best = float(mixture_log_likelihood(_optimum(subject, 1), subject.X).mean())
    expect(
        abs(reached - best) <= _BOUND_NEARNESS,
        f"with one component it ends at {reached:.4g} nats per datum, and the {kind} Gaussian of "
        f"the sample's own mean and covariance has {best:.4g}",
    )


def _climbs(subject: Subject) -> None:
    start = _any_start(subject, 2)
    fitted = subject.fitted(initial=start, **{subject.spec.steps_parameter: _LONG})
    before = float(mixture_log_likelihood(start, subject.X).mean())
    after = float(mixture_log_likelihood(_parameters(fitted), subject.X).mean())
    expect(
        after > before,
        f"from a start of {before:.4g} nats per datum it ends at {after:.4g}, which is no better",
    )


def _scores_exactly(subject: Subject) -> None:
    fitted = subject.fitted()
    exact = mixture_log_likelihood(_parameters(fitted), subject.X)
    scores = np.asarray(fitted.score_samples(subject.X))
    expect(scores.shape == exact.shape, f"score_samples gives shape {scores.shape}")
    wrong = float(np.abs(scores - exact).max())
    expect(
        wrong <= _SINGLE * max(1.0, float(np.abs(exact).max())),
        f"score_samples is off the log-density at its own parameters by {wrong:.3g} nats",
    )
    mean = float(fitted.score(subject.X))
    expect(
        abs(mean - scores.mean()) <= _SINGLE,
        f"score gives {mean:.4g}, and the mean of score_samples is {scores.mean():.4g}",
    )


def _assigns_by_the_posterior(subject: Subject) -> None:
    fitted = subject.fitted()
    exact = _parameters(fitted).responsibilities(subject.X)
    given = np.asarray(fitted.predict_proba(subject.X))
    expect(given.shape == exact.shape, f"predict_proba gives shape {given.shape}")
    wrong = float(np.abs(given - exact).max())
    expect(
        wrong <= 10 * _SINGLE,
        f"predict_proba is off the posterior at its own parameters by {wrong:.3g}",
    )
    labels = np.asarray(fitted.predict(subject.X))
    expect(
        np.array_equal(labels, given.argmax(axis=1)),
        "predict does not give the most probable component",
    )


def _draws(subject: Subject) -> None:
    rows, labels = subject.fitted().sample(7)
    shapes = (np.shape(rows), np.shape(labels))
    expect(shapes == ((7, subject.X.shape[1]), (7,)), f"sample(7) gives shapes {shapes}")


def _refuses_bad_numbers(subject: Subject) -> None:
    for called, settings, rows in (
        ("n_components=0", {"n_components": 0}, subject.X),
        ("fewer rows than components", {"n_components": 3}, subject.X[:2]),
    ):
        must_refuse(
            called,
            lambda settings=settings, rows=rows: subject.make(**settings).fit(rows),
            ("n_components", "components"),
        )


def _parameters(fitted: Any) -> MixtureParameters:
    for name, what in (
        ("weights_", "the weights, of shape (K,)"),
        ("means_", "the means, of shape (K, D)"),
        ("covariances_", "the covariances, in scikit-learn's shape for their type"),
        ("covariance_type", 'such as "full" or "diag"'),
    ):
        learned(fitted, name, what)
    try:
        return MixtureParameters.from_estimator(fitted)
    except InputError as error:
        raise BrokenPromise(f"what it learned is no mixture: {error}") from None


def _covariance_type(estimator: Any) -> str:
    return str(learned(estimator, "covariance_type", 'such as "full" or "diag"'))


def _optimum(subject: Subject, n_components: int) -> MixtureParameters:
    kind = _covariance_type(subject.make())
    best = EMGaussianMixture(n_components, covariance_type=kind, tol=1e-9, max_iter=500)
    return MixtureParameters.from_estimator(best.set_params(random_state=0).fit(subject.X))


def _any_start(subject: Subject, n_components: int) -> MixtureParameters:
    return initial_parameters(
        subject.X,
        n_components,
        covariance_type=_covariance_type(subject.make()),
        method="random_from_data",
        random_state=0,
    )


MIXTURE = (
    Check(
        "learns scikit-learn's attributes",
        _learns_attributes,
        "set weights_, means_, covariances_, lower_bound_, lower_bounds_ and n_iter_ in fit",
    ),
    Check(
        "says whether it converged",
        _says_whether_it_converged,
        "set self.converged_ in fit",
    ),
    Check(
        "shows the callback its parameters at every step",
        _shows_its_state,
        "give notify a function that returns MixtureState(MixtureParameters(weights, means, "
        "covariances, covariance_type))",
    ),
    Check(
        "reports its objective in nats per datum",
        _reports_nats_per_datum,
        "report the mean over rows of log p(x), or of a bound on it, with all constants, on the "
        "scale of X",
    ),
    Check(
        "starts from the mixture given as initial",
        _starts_where_it_is_told,
        "where self.initial is not None begin from its weights, means and covariances, in order",
    ),
    Check(
        "finds the sample's mean and covariance with one component",
        _finds_the_one_component,
        "look at the update of the means and covariances: with K = 1 all weights are one",
    ),
    Check(
        "ends higher than it starts",
        _climbs,
        "look at the sign of the objective and at the updates",
    ),
    Check(
        "scores rows by the exact log-density",
        _scores_exactly,
        "score_samples gives log Σ_k π_k N(x | μ_k, Σ_k) per row in nats, −½ D log 2π included; "
        "score gives its mean",
    ),
    Check(
        "assigns rows by the posterior",
        _assigns_by_the_posterior,
        "predict_proba gives π_k N(x | μ_k, Σ_k) / p(x), shape (N, K), and predict its largest",
    ),
    Check(
        "draws samples",
        _draws,
        "sample(n) returns rows (n, D) and their components (n,)",
    ),
    Check(
        "refuses numbers of components that cannot be",
        _refuses_bad_numbers,
        "raise a ValueError that names n_components",
    ),
)
"""Run after the common checks."""
