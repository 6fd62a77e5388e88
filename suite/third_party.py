"""Estimators from outside the suite: named as "module:Class", or in an entry point.

A package announces its estimators under the entry point group `GROUP`:

    [project.entry-points."latent_variable_suite.estimators"]
    fast = "my_package.fast:FastMixture"

A class may say what the studies must know of it in class attributes; each has a default:

====================  =========================================================================
suite_family          "mixture", "vae" or "autoencoder"; by default "vae" if the class has
                      `inverse_transform`, else "mixture" if it has `predict_proba`
suite_label           what tables and figures call it; by default the class's name
suite_step            what one call of its callback counts: "iteration", "step" or "epoch"; by
                      default "iteration" for mixtures, else "epoch"
suite_steps_parameter the constructor parameter that holds the largest number of steps; by default
                      "max_iter" for mixtures, else "max_epochs"
====================  =========================================================================
"""

import difflib
import inspect
import sys
import traceback
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, get_args

from suite.errors import InputError
from suite.registry import EstimatorSpec, Family, Step

GROUP = "latent_variable_suite.estimators"
"""The entry point group in which installed packages announce their estimators."""

_STEPS: dict[Family, tuple[Step, str]] = {
    "mixture": ("iteration", "max_iter"),
    "vae": ("epoch", "max_epochs"),
    "autoencoder": ("epoch", "max_epochs"),
}
"""By family: what a step is and which parameter limits them, unless a class says otherwise."""


def search_also(*folders: Path) -> None:
    """Let modules be imported from these folders too, after all other places.

    They come last, so that a file called random.py in one of them takes nobody's place.
    """
    for folder in folders:
        if (place := str(folder.resolve())) not in sys.path:
            sys.path.append(place)


def installed_names() -> tuple[str, ...]:
    """The names under which installed packages announce estimators, in alphabetical order."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def installed_spec(name: str) -> EstimatorSpec | None:
    """The estimator that an installed package announces as `name`; None if there is none.

    Raises
    ------
    InputError
        If two packages announce different classes under the name, or the class cannot be used.
    """
    found = {point.value: point for point in entry_points(group=GROUP, name=name)}
    if not found:
        return None
    if len(found) > 1:
        raise InputError(
            f"expected one estimator {name!r}, but installed packages announce several: "
            f"{_origins(found)}; name the one you mean as module:Class."
        )
    return outside_spec(next(iter(found)), name)


@cache
def outside_spec(path: str, name: str = "") -> EstimatorSpec:
    """What the studies must know of the class at `path`, which is "module:Class".

    Parameters
    ----------
    name
        What a study file calls it; the path itself if empty.

    Raises
    ------
    InputError
        If there is no such class, it cannot be imported, or it is of no known family.
    """
    found = load_class(path)
    family: Family = _declared(found, path, "suite_family", get_args(Family), _family(found, path))
    step, parameter = _STEPS[family]
    parameters = list(inspect.signature(found).parameters)
    steps_parameter = str(getattr(found, "suite_steps_parameter", parameter))
    if steps_parameter not in parameters:
        raise InputError(
            f"expected {path} to take {steps_parameter!r}, the largest number of steps, got only "
            f"{', '.join(parameters) or 'no parameters'}; add it, or name the one that it has in "
            "the class attribute suite_steps_parameter."
        )
    return EstimatorSpec(
        name=name or path,
        path=path,
        family=family,
        label=str(getattr(found, "suite_label", found.__name__)),
        step=_declared(found, path, "suite_step", get_args(Step), step),
        steps_parameter=steps_parameter,
    )


def load_class(path: str) -> type[Any]:
    """The class at `path`, which is "module:Class", imported now.

    Raises
    ------
    InputError
        If the path is no such text, the module is missing or fails on import, or has no such
        class.
    """
    module_name, _, attribute = path.partition(":")
    if not all(part.isidentifier() for part in [*module_name.split("."), attribute]):
        raise InputError(
            f"expected an estimator as module:Class, for example my_package.fast:FastMixture, "
            f"got {path!r}; write the module with dots, a colon, and the class."
        )
    module = _imported(module_name, path)
    found = getattr(module, attribute, None)
    if not inspect.isclass(found):
        classes = [n for n, value in vars(module).items() if inspect.isclass(value)]
        close = difflib.get_close_matches(attribute, classes, n=1)
        hint = f"did you mean {close[0]}?" if close else "check the name."
        what = "no class" if found is None else f"a {type(found).__name__}, not a class, called"
        raise InputError(
            f"expected a class at {path}, but {module_name} has {what} {attribute}; {hint}"
        )
    return found


def _imported(name: str, path: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise InputError(
                f"expected a module {name} for the estimator {path}, found none; install its "
                "package, or put it into the folder of the study file or the current one."
            ) from None
        raise InputError(
            f"the estimator {path} needs the package {error.name}, which is not installed; "
            "install it."
        ) from None
    except (Exception, SystemExit) as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        line = error.lineno if isinstance(error, SyntaxError) else where.lineno
        file = error.filename if isinstance(error, SyntaxError) else where.filename
        what = " ".join(f"{type(error).__name__}: {error}".split())
        raise InputError(
            f"expected to import {name} for the estimator {path}, but its code fails "
            f"({what}, {Path(file or '').name} line {line}); mend it there."
        ) from None


def _family(found: type[Any], path: str) -> Family | None:
    if hasattr(found, "inverse_transform"):
        return "vae"
    return "mixture" if hasattr(found, "predict_proba") else None


def _declared(
    found: type[Any], path: str, name: str, allowed: tuple[str, ...], default: Any
) -> Any:
    value = getattr(found, name, default)
    if value not in allowed:
        got = "nothing that tells" if value is None else f"{value!r}"
        raise InputError(
            f"expected {path} to say {name} as one of {', '.join(allowed)}, got {got}; set this "
            "class attribute."
        )
    return value


def _origins(points: dict[str, EntryPoint]) -> str:
    return ", ".join(
        f"{path} ({point.dist.name if point.dist else 'unknown package'})"
        for path, point in sorted(points.items())
    )
