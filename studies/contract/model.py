"""What a check is, what it is run on, and what it finds."""

import inspect
import traceback
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from suite.registry import EstimatorSpec


class BrokenPromise(Exception):
    """What a check found wrong, in words.

    Parameters
    ----------
    got
        What was found where something else was expected.
    mend
        What to do about it; what the check says in general if left out.
    """

    def __init__(self, got: str, mend: str = "") -> None:
        super().__init__(got)
        self.mend = mend


@dataclass(frozen=True, eq=False)
class Subject:
    """A class that is checked, with data and settings small enough to fit it in a moment.

    Parameters
    ----------
    spec
        What the studies know of the class.
    X
        Training rows (N, D).
    settings
        Constructor parameters of every fit; those that the class does not take are left out, and
        the check of the constructor tells of them.
    needed
        The constructor parameters that a study cannot do without, each with what it is for.
    output
        What a fitted estimator makes of rows: two fits are the same if this is.
    """

    spec: EstimatorSpec
    X: np.ndarray
    settings: Mapping[str, Any]
    needed: Mapping[str, str]
    output: Callable[[Any, np.ndarray], np.ndarray]

    @cached_property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """The constructor's parameters by name."""
        return inspect.signature(self.spec.load()).parameters

    def make(self, **settings: Any) -> Any:
        """An unfitted estimator with the usual settings and these."""
        usual = {name: v for name, v in self.settings.items() if name in self.parameters}
        return self.spec.load()(**(usual | settings))

    def fitted(self, **settings: Any) -> Any:
        """An estimator with the usual settings and these, fitted to `X`."""
        estimator = self.make(**settings)
        estimator.fit(self.X)
        return estimator


@dataclass(frozen=True)
class Check:
    """One promise of the contract.

    Parameters
    ----------
    promise
        What the class does if all is well, to be read after its name.
    run
        Raises `BrokenPromise`, or whatever the class itself raises, if it does not.
    mend
        What to do if it does not.
    """

    promise: str
    run: Callable[[Subject], None]
    mend: str


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Parameters
    ----------
    promise
        What was checked.
    problem
        What is wrong, in a sentence; empty if nothing is.
    mend
        What to do about it; empty if nothing is wrong.
    """

    promise: str
    problem: str = ""
    mend: str = ""

    @property
    def right(self) -> bool:
        """Whether the promise is kept."""
        return not self.problem


def found(check: Check, subject: Subject) -> Finding:
    """What `check` finds of `subject`; an exception of the class's own is a finding too."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # so short a fit may well not converge
            check.run(subject)
    except BrokenPromise as broken:
        return Finding(check.promise, str(broken), broken.mend or check.mend)
    except (Exception, SystemExit) as error:  # a class that ends the program ends its check alone
        return Finding(check.promise, _raised(error), check.mend)
    return Finding(check.promise)


def expect(holds: Any, got: str, mend: str = "") -> None:
    """Raise `BrokenPromise` unless `holds`."""
    if not holds:
        raise BrokenPromise(got, mend)


def learned(estimator: Any, name: str, what: str) -> Any:
    """The attribute `name` of a fitted estimator; `what` says what it should hold."""
    try:
        return getattr(estimator, name)
    except AttributeError:
        raise BrokenPromise(
            f"after fit there is no {name}, {what}", f"set self.{name} in fit"
        ) from None


def _raised(error: Exception | SystemExit) -> str:
    """The error on one line, with the last place in code that is not this package's."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).parent != Path(__file__).parent
    ]
    place = f" ({Path(frames[-1].filename).name} line {frames[-1].lineno})" if frames else ""
    return " ".join(f"it raises {type(error).__name__}: {error}".split())[:400] + place


def refuse(got: str, mend: str = "") -> NoReturn:
    """Raise `BrokenPromise`."""
    raise BrokenPromise(got, mend)
