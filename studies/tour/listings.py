"""Code of the suite as an article shows it, taken from the files themselves."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Excerpt:
    """Functions of one file without their docstrings.

    Parameters
    ----------
    title
        What it is.
    source
        The module it is from.
    code
        The functions, one after the other.
    lines
        How many lines of it are code: neither blank nor comment.
    """

    title: str
    source: str
    code: str
    lines: int


def excerpt(title: str, parts: Sequence[Callable[..., Any]]) -> Excerpt:
    """The functions or methods `parts`, all of one module, as they are written there."""
    modules = {part.__module__ for part in parts}
    if len(modules) != 1:
        raise ValueError(f"an excerpt is of one file, got {sorted(modules)}.")
    codes = [without_docstring(textwrap.dedent(inspect.getsource(part))) for part in parts]
    code = "\n\n".join(codes)
    return Excerpt(title, modules.pop(), code, count_lines(code))


def without_docstring(source: str) -> str:
    r"""The source of one function without its docstring.

    Examples
    --------
    >>> without_docstring('def f(x):\n    "Twice x."\n    return 2 * x\n')
    'def f(x):\n    return 2 * x'
    """
    lines = source.rstrip("\n").split("\n")
    body = ast.parse(source).body[0].body  # type: ignore[attr-defined]
    first = body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and len(body) > 1:
        del lines[first.lineno - 1 : first.end_lineno]
    return "\n".join(lines)


def count_lines(code: str) -> int:
    r"""Lines that are neither blank nor a comment alone.

    Examples
    --------
    >>> count_lines("x = 1\n\n# why\ny = 2")
    2
    """
    stripped = [line.strip() for line in code.split("\n")]
    return sum(1 for line in stripped if line and not line.startswith("#"))
