"""What help() says of every public name is complete: its parameters, its result, an example."""

import doctest
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

PACKAGES = ("suite.data", "suite.gmm", "suite.vae", "suite.evaluation")


def public() -> Iterator[Any]:
    """Every name of the packages' __all__ that is a function or a class."""
    for package in PACKAGES:
        module = import_module(package)
        for name in module.__all__:
            thing = getattr(module, name)
            if inspect.isfunction(thing) or inspect.isclass(thing):
                yield pytest.param(thing, id=f"{package}.{name}")


def classes() -> list[type]:
    """The public classes, whose own docstrings say what is in them."""
    return [found.values[0] for found in public() if inspect.isclass(found.values[0])]


def told(thing: Any) -> str:
    """Its docstring and, of a class, those of the classes of this project that it inherits from."""
    kinds = thing.__mro__ if inspect.isclass(thing) else (thing,)
    own = [kind for kind in kinds if kind.__module__.startswith("suite.")]
    return "".join(inspect.getdoc(kind) or "" for kind in own)


def is_result(thing: Any) -> bool:
    """Whether it is made by this project's functions only, whose examples show it."""
    return inspect.isclass(thing) and hasattr(thing, "__dataclass_fields__")


@pytest.mark.parametrize("thing", list(public()))
def test_every_parameter_is_told(thing: Any) -> None:
    if getattr(thing, "_is_protocol", False):
        return
    text = told(thing)
    unnamed = [
        name for name in inspect.signature(thing).parameters if not re.search(rf"\b{name}\b", text)
    ]
    assert unnamed == []


@pytest.mark.parametrize("thing", list(public()))
def test_every_result_is_told(thing: Any) -> None:
    if not inspect.isfunction(thing):
        return
    text, returned = inspect.getdoc(thing) or "", str(inspect.signature(thing).return_annotation)
    shape = re.search(r"\((?:N|D|K|J|n_samples)(?:, [^)]*)?,?\)", text)
    documented = any(kind.__name__ in returned for kind in classes())
    plain = returned.strip("'") in ("float", "int", "tuple[str, ...]", "<class 'float'>")
    assert "Returns\n---" in text or shape or "in nats" in text or documented or plain


@pytest.mark.parametrize("thing", list(public()))
def test_an_example_shows_what_is_called(thing: Any) -> None:
    if is_result(thing) or getattr(thing, "_is_protocol", False):
        return
    text = inspect.getdoc(thing) or ""
    assert doctest.DocTestParser().get_examples(text) != []


@pytest.mark.parametrize("package", PACKAGES)
def test_the_map_of_a_package_names_all_that_is_in_it(package: str) -> None:
    module = import_module(package)
    unnamed = [n for n in module.__all__ if not re.search(rf"\b{n}\b", module.__doc__ or "")]
    assert unnamed == []
    assert package in (import_module("suite").__doc__ or "")
