"""Which files hold the code that a module stands for."""

import sysconfig
from importlib.util import find_spec
from modulefinder import ModuleFinder
from pathlib import Path

from studies.own_code import files_behind

_OWN = ("suite", "studies")


def source_files(path: str) -> list[Path]:
    """The files that hold the code of `path`, "module:name", in an order of their own.

    Of this program, what the object's own module imports (`studies.own_code`). Of any other
    package, all files of the whole of it, as its parts may call each other. Of a module outside
    packages, its file and those beside it that it imports. None if there is no such module.
    """
    name = path.partition(":")[0]
    if name.partition(".")[0] in _OWN:
        return files_behind(path)
    package = find_spec(name.partition(".")[0])
    if package is None:
        return []
    if package.submodule_search_locations is not None:
        folders = map(Path, package.submodule_search_locations)
        return sorted(file for folder in folders for file in folder.rglob("*.py"))
    return [] if package.origin is None else _with_neighbours(Path(package.origin))


def _with_neighbours(file: Path) -> list[Path]:
    """The file and those of its folder that it imports, directly or not; nothing is executed.

    An installed module's neighbours are other packages, and so none of its own.
    """
    if str(file.parent) in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib")):
        return [file]
    finder = ModuleFinder(path=[str(file.parent)], excludes=_OWN)
    try:
        finder.run_script(str(file))
    except (SyntaxError, ValueError):  # a compiled module: what it imports cannot be read
        return [file]
    files = (getattr(module, "__file__", None) for module in finder.modules.values())
    return sorted({Path(found) for found in files if found})
