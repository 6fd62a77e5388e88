"""The checks that every family has: scikit-learn's conventions, progress, randomness, bad input."""

import pickle
import random
from typing import Any

import numpy as np
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from studies.contract.model import BrokenPromise, Check, Subject, expect, refuse
from suite.progress import Progress

_STARRED = ("VAR_POSITIONAL", "VAR_KEYWORD")


def _keeps_its_parameters(subject: Subject) -> None:
    for name, parameter in subject.parameters.items():
        expect(parameter.kind.name not in _STARRED, f"its constructor takes *{name}")
        expect(
            parameter.default is not parameter.empty,
            f"its constructor's parameter {name} has no default",
            "give every parameter a default",
        )
    for name, use in subject.needed.items():
        expect(
            name in subject.parameters,
            f"its constructor takes no {name}",
            f"add the parameter {name}, {use}",
        )
    for name in subject.parameters:
        mark: Any = object()
        try:
            kept = getattr(subject.spec.load()(**{name: mark}), name, None)
        except (TypeError, ValueError) as error:
            raise BrokenPromise(
                f"its constructor looks into {name} ({' '.join(str(error).split())})",
                f"write self.{name} = {name} in __init__ and look into it in fit",
            ) from None
        expect(
            kept is mark,
            f"its constructor does not keep {name} as it is given",
            f"write self.{name} = {name} in __init__, and nothing else about it",
        )


def _can_be_cloned(subject: Subject) -> None:
    estimator = subject.make()
    again = clone(estimator)
    before, after = estimator.get_params(), again.get_params()
    expect(list(before) == list(after), "its clone has other parameters")
    name = subject.spec.steps_parameter
    expect(
        estimator.set_params(**{name: 2}).get_params()[name] == 2,
        f"set_params({name}=2) leaves {name} at {estimator.get_params()[name]!r}",
    )


def _fit_returns_self(subject: Subject) -> None:
    estimator = subject.make()
    before = dict(estimator.get_params())
    rows = subject.X.copy()
    rows.flags.writeable = False
    returned = estimator.fit(rows)
    expect(
        returned is estimator,
        f"fit returns a {type(returned).__name__}, not the estimator",
        "end fit with: return self",
    )
    changed = [name for name, value in estimator.get_params().items() if value is not before[name]]
    expect(
        not changed,
        f"fit changes the parameter {', '.join(changed)}",
        "keep what is worked out in a name that ends in _, and the parameter as it was",
    )


def _tells_of_every_step(subject: Subject) -> None:
    seen: list[Progress] = []

    def note(progress: Progress) -> None:
        seen.append(progress)

    subject.make(**_steps(subject, 3)).fit(subject.X, callback=note)
    expect(seen, "fit never calls the callback")
    steps = [progress.step for progress in seen]
    expect(
        steps == list(range(1, len(steps) + 1)) and len(steps) <= 3,
        f"with {subject.spec.steps_parameter}=3 the callback is told of the steps {steps}",
        "number the steps 1, 2, 3, … and call the callback once for each",
    )
    for progress in seen:
        expect(
            isinstance(progress.objective, float) and np.isfinite(progress.objective),
            f"the objective at step {progress.step} is {progress.objective!r}",
            "report it as a finite float, in nats per datum",
        )


def _stops_when_asked(subject: Subject) -> None:
    told: list[int] = []

    def enough(progress: Progress) -> bool:
        told.append(progress.step)
        return progress.step == 2

    subject.make(**_steps(subject, 6)).fit(subject.X, callback=enough)
    expect(
        told[-1:] == [2],
        f"asked to stop after step 2 it goes on to step {told[-1] if told else 'none'}",
        "leave the loop as soon as suite.progress.notify(…) is true",
    )


def _same_seed_same_fit(subject: Subject) -> None:
    first, second = (subject.output(subject.fitted(), subject.X) for _ in range(2))
    expect(
        np.array_equal(first, second),
        "two fits with the same random_state differ by as much as "
        f"{np.abs(first - second).max():.3g}",
        "draw everything from random_state (suite.random helps), and from nothing else",
    )


def _leaves_global_seeds(subject: Subject) -> None:
    kept = np.random.get_state(), torch.get_rng_state(), random.getstate()  # noqa: NPY002
    try:
        # Off whatever a seed set before has left, so that setting it again shows.
        np.random.random(), torch.rand(1), random.random()  # noqa: NPY002
        before = _global_states()
        subject.fitted()
        changed = [name for name, state in _global_states().items() if state != before[name]]
    finally:
        np.random.set_state(kept[0])  # noqa: NPY002
        torch.set_rng_state(kept[1])
        random.setstate(kept[2])
    noun = "generator" if len(changed) == 1 else "generators"
    expect(not changed, f"a fit leaves {' and '.join(changed)} global {noun} changed")


def _global_states() -> dict[str, bytes]:
    return {
        "NumPy's": pickle.dumps(np.random.get_state()),  # noqa: NPY002 (watched, not used)
        "torch's": torch.get_rng_state().numpy().tobytes(),
        "Python's": pickle.dumps(random.getstate()),
    }


def _survives_pickling(subject: Subject) -> None:
    fitted = subject.fitted()
    again = pickle.loads(pickle.dumps(fitted))
    same = np.array_equal(subject.output(again, subject.X), subject.output(fitted, subject.X))
    expect(same, "after pickling it gives other results")


def _says_when_not_fitted(subject: Subject) -> None:
    try:
        subject.output(subject.make(), subject.X)
    except NotFittedError:
        return
    except Exception as error:
        raise BrokenPromise(
            f"before fit it raises {type(error).__name__}, not NotFittedError"
        ) from None
    refuse("before fit it gives results")


def _refuses_bad_rows(subject: Subject) -> None:
    holed = subject.X.copy()
    holed[0, 0] = np.nan
    endless = subject.X.copy()
    endless[0, 0] = np.inf
    for called, rows, words in (
        ("a NaN", holed, ("nan", "missing", "finite")),
        ("an infinity", endless, ("inf", "finite")),
        ("one-dimensional data", subject.X[:, 0], ("1d", "2d", "dimension", "shape", "matrix")),
        ("no rows", subject.X[:0], ("sample", "row", "empty", "shape", "few")),
    ):
        must_refuse(called, lambda rows=rows: subject.make().fit(rows), words)
    fitted = subject.fitted()
    must_refuse(
        "rows of other columns than it was fitted to",
        lambda: subject.output(fitted, subject.X[:, :-1]),
        ("feature", "column", "shape"),
    )


def must_refuse(called: str, act: Any, words: tuple[str, ...]) -> None:
    """Raise `BrokenPromise` unless `act` raises a `ValueError` that names the trouble."""
    try:
        act()
    except ValueError as error:
        expect(
            any(word in str(error).lower() for word in words),
            f"given {called} it says {' '.join(str(error).split())[:120]!r}, which does not name "
            "the trouble",
        )
        return
    except Exception as error:
        raise BrokenPromise(f"given {called} it raises {type(error).__name__}: {error}") from None
    refuse(f"given {called} it fits or answers as if nothing were wrong")


def _steps(subject: Subject, n: int) -> dict[str, Any]:
    return {subject.spec.steps_parameter: n} | ({"tol": 0.0} if "tol" in subject.parameters else {})


COMMON = (
    Check(
        "keeps its constructor's arguments as they are given",
        _keeps_its_parameters,
        "name every parameter, give it a default, and only store it in __init__",
    ),
    Check(
        "can be cloned and given other parameters",
        _can_be_cloned,
        "derive the class from sklearn.base.BaseEstimator",
    ),
    Check(
        "returns itself from fit and leaves data and parameters alone",
        _fit_returns_self,
        "fit(self, X, y=None, *, callback=None) copies X before it changes it",
    ),
    Check(
        "tells the callback of every step",
        _tells_of_every_step,
        "call suite.progress.notify(callback, step, objective, state) at the end of every step",
    ),
    Check(
        "stops when the callback returns True",
        _stops_when_asked,
        "leave the loop as soon as suite.progress.notify(…) is true",
    ),
    Check(
        "gives the same fit for the same random_state",
        _same_seed_same_fit,
        "draw everything from random_state (suite.random helps), and from nothing else",
    ),
    Check(
        "leaves the global random generators alone",
        _leaves_global_seeds,
        "use a generator of your own: np.random.default_rng(seed), or suite.random.torch_generator",
    ),
    Check(
        "can be pickled after fit",
        _survives_pickling,
        "keep no lambdas, open files or generators in attributes",
    ),
    Check(
        "says so when it is used before fit",
        _says_when_not_fitted,
        "begin such methods with sklearn.utils.validation.check_is_fitted(self)",
    ),
    Check(
        "refuses data that it cannot use, in words",
        _refuses_bad_rows,
        "check X in fit and in what follows with sklearn.utils.validation.validate_data(self, X)",
    ),
)
"""In the order in which they are run: what others build on comes first."""
