"""Study files: finding, reading and checking them; messages name the place of a mistake."""

import os
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from studies.schema import (
    Changes,
    Comparison,
    DatasetEntry,
    EstimatorEntry,
    EvaluationEntry,
    Stopping,
    Study,
    Sweep,
)
from suite.data import names
from suite.errors import InputError
from suite.third_party import search_also


def builtin_names() -> tuple[str, ...]:
    """The names of the studies that come with the program, in alphabetical order.

    Examples
    --------
    >>> "gmm-classics" in builtin_names()
    True
    """
    folder = resources.files("studies") / "builtin"
    return tuple(sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".toml")))


def load_study(name_or_path: str) -> tuple[str, Study]:
    """The name and content of a built-in study or of a study file.

    Classes that a study file names may lie in its folder or the current one: from now on modules
    are looked for there too, after all other places.

    Raises
    ------
    InputError
        If there is no such study or file, or if the file is wrong; the message names the place
        and what is allowed there.
    """
    if name_or_path.endswith(".toml"):
        path = Path(name_or_path)
        if not path.is_file():
            raise InputError(f"expected a study file at {name_or_path}, found none.")
        text = path.read_text(encoding="utf-8")
        return path.stem, parse_study_at(path, text)
    if name_or_path not in builtin_names():
        raise InputError(
            f"unknown study {name_or_path!r}; known: {', '.join(builtin_names())}; "
            "or give the path of a .toml file."
        )
    file = resources.files("studies") / "builtin" / f"{name_or_path}.toml"
    return name_or_path, parse_study(file.read_text(encoding="utf-8"), f"{name_or_path}.toml")


def parse_study_at(path: Path, text: str) -> Study:
    """The study that a file at `path` describes with `text`, its data named from where they are.

    Raises
    ------
    InputError
        As `parse_study`.
    """
    search_also(path.parent, Path())  # for estimators given as module:Class
    return _with_paths_from(parse_study(text, str(path)), path.parent)


def parse_study(text: str, origin: str) -> Study:
    """The study that `text` describes; `origin` names it in error messages.

    Raises
    ------
    InputError
        If the text is no TOML or no study.

    Examples
    --------
    >>> parse_study("title = 3", "mine.toml")
    Traceback (most recent call last):
    suite.errors.InputError: mine.toml: title: Input should be a valid string, got 3.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{origin}: expected TOML, but {error}.") from None
    return validated(content, origin)


def validated(content: dict[str, Any], origin: str) -> Study:
    """The study that has this content; `origin` names it in error messages.

    Raises
    ------
    InputError
        If it is no study.
    """
    try:
        return Study.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{origin}: {_first_mistake(error)}") from None


def _first_mistake(error: ValidationError) -> str:
    """The first mistake on one line: where, what was expected, what came."""
    mistake = error.errors()[0]
    place = ".".join(str(part) for part in mistake["loc"])
    if mistake["type"] == "extra_forbidden":
        parent, _, key = place.rpartition(".")
        return (
            f"{parent + '.' if parent else ''}{key}: unknown key; allowed here: {_allowed(parent)}."
        )
    if mistake["type"] == "missing":
        return f"{place}: this key is required."
    if mistake["type"] == "value_error":
        return str(mistake["ctx"]["error"])
    return f"{place}: {mistake['msg']}, got {mistake['input']!r}."


def _allowed(place: str) -> str:
    """The keys allowed in the table at `place`, such as "datasets.iris"."""
    if place.startswith("profiles.") and ".sweeps." in place:
        return ", ".join(Sweep.model_fields)
    tables: dict[str, type[BaseModel]] = {
        "": Study,
        "datasets": DatasetEntry,
        "estimators": EstimatorEntry,
        "profiles": Changes,
        "stopping": Stopping,
        "evaluation": EvaluationEntry,
        "comparison": Comparison,
    }
    return ", ".join(tables[place.partition(".")[0]].model_fields)


def _with_paths_from(study: Study, folder: Path) -> Study:
    """Data files and folders are named from the study file's folder."""
    from studies.cells import is_path

    content = study.model_dump()
    for name, entry in content["datasets"].items():
        load = entry["load"] or name
        # Not by what the folders hold: the study file's own may not be there yet.
        path = Path(os.path.normpath(folder / load))
        mine = is_path(load) or (load not in names() and path.is_dir())
        if mine and not Path(load).is_absolute() and path.exists():
            entry["load"] = f"{path}{os.sep}" if path.is_dir() else str(path)
    return Study.model_validate(content)
