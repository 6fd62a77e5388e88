"""The files of this program that an object's code is in: what its module imports, and no more."""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).parents[1]  # where `suite` and `studies` lie
_FOLLOWED = ("suite", "studies.families")
_KNOWN_OTHERWISE = ("suite.data",)  # what it gives has a hash of its own


def files_behind(*names: str) -> list[Path]:
    """The files that hold the code of the objects or modules `names`, in an order of their own.

    An object is given as "module:name", a module as "module". Imports are followed within `suite`
    and the families of studies, also those inside functions, each to the module that defines what
    is imported: what a package re-exports beside it does not count. Nothing is executed.

    Examples
    --------
    >>> files = [file.name for file in files_behind("suite.gmm:EMGaussianMixture")]
    >>> "em.py" in files, "svi.py" in files
    (True, False)
    """
    waiting = [_defining_module(*name.split(":")) if ":" in name else name for name in names]
    found: dict[str, Path] = {}
    while waiting:
        module = waiting.pop()
        file = _file_of(module)
        if file is None or module in found or _is_within(module, _KNOWN_OTHERWISE):
            continue
        found[module] = file
        waiting += [name for name in _imports(file) if _is_within(name, _FOLLOWED)]
    return [found[module] for module in sorted(found)]


def _imports(file: Path) -> Iterator[str]:
    """The modules that define what a file imports."""
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield from (_defining_module(node.module, alias.name) for alias in node.names)


def _defining_module(module: str, name: str) -> str:
    """The module that defines `name`, which may be imported from `module`, or be a part of it."""
    file = _file_of(module) if _is_within(module, _FOLLOWED) else None
    if file is None or file.name != "__init__.py":
        return module
    for node in _tree(file).body:
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                if name == (alias.asname or alias.name):
                    return _defining_module(node.module, alias.name)
    part = f"{module}.{name}"
    return module if _file_of(part) is None else part


def _is_within(module: str, packages: Iterable[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


@cache
def _file_of(module: str) -> Path | None:
    path = _ROOT.joinpath(*module.split("."))
    files = (path / "__init__.py", path.with_suffix(".py"))
    return next((file for file in files if file.is_file()), None)


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_bytes())
