"""Sweeps: one data set of a study file that stands for many, its settings and options varied.

A point of a sweep is a table of dotted keys, such as {"settings.n_components": 3}. `expand` makes
one plain entry of each point: its name says what it is ("iris n_components=3"), its `factors` hold
the varied values under short names for reports to plot against, and its `group` is the name of the
swept entry, from which the seeds derive. So every point of a sweep is given the same split.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]*( [A-Za-z0-9_.]+=[A-Za-z0-9_.+-]+)*$"
"""A data set's name: an identifier, and after it the factors of a sweep's point."""

Point = dict[str, Any]

_TABLES = ("settings", "options")
_WORD = re.compile(r"[A-Za-z0-9_.+-]+")


def points(vary: Mapping[str, Sequence[Any]], cases: Sequence[Point]) -> list[Point]:
    """Every case with every combination of the varied values; the last key varies fastest.

    Examples
    --------
    >>> points({"settings.n_components": [1, 2]}, [])
    [{'settings.n_components': 1}, {'settings.n_components': 2}]
    >>> points({"options.a": [0]}, [{"options.b": 1}, {"options.b": 2}])
    [{'options.b': 1, 'options.a': 0}, {'options.b': 2, 'options.a': 0}]
    """
    grid = [dict(zip(vary, values, strict=True)) for values in product(*vary.values())]
    return [case | point for case in (cases or [{}]) for point in grid]


def expand(name: str, entry: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The plain entries that the data set `entry` stands for, by their names.

    Parameters
    ----------
    name
        The entry's own name, which the generated ones begin with.
    entry
        A data set's table with keys "settings", "options", "vary" and "cases" among others.
        Without a sweep it is returned as it is.

    Raises
    ------
    ValueError
        If two points have the same name; the message names the place.
    """
    if not entry["vary"] and not entry["cases"]:
        return {name: entry}
    expanded: dict[str, dict[str, Any]] = {}
    for point in points(entry["vary"], entry["cases"]):
        factors = {short: point[key] for key, short in _short_names(point).items()}
        full = " ".join([name, *(f"{short}={_text(v)}" for short, v in factors.items())])
        if full in expanded:
            raise ValueError(f"datasets.{name}: the sweep has {full!r} twice; leave one out.")
        expanded[full] = _at(point, entry) | {
            "load": entry["load"] or name,
            "group": entry["group"] or name,
            "factors": entry["factors"] | factors,
            "vary": {},
            "cases": [],
        }
    return expanded


def check_sweep(
    place: str,
    vary: Mapping[str, Sequence[Any]],
    cases: Sequence[Point],
    given: Mapping[str, Mapping[str, Any]],
) -> None:
    """Raise `ValueError`, which names `place`, for a sweep that cannot be expanded.

    Parameters
    ----------
    place
        Where the sweep stands in the study file.
    vary, cases
        The sweep.
    given
        The entry's own "settings" and "options", which the sweep must not name again.
    """
    for key, values in vary.items():
        _check_key(f"{place}.vary", key, given)
        if not values:
            raise ValueError(f"{place}.vary.{key}: expected at least one value, got none.")
        for value in values:
            _check_value(f"{place}.vary.{key}", value)
    for number, case in enumerate(cases):
        here = f"{place}.cases.{number}"
        if not case:
            raise ValueError(f"{here}: expected keys such as settings.n_components, got none.")
        for key, value in case.items():
            _check_key(here, key, given)
            _check_value(f"{here}.{key}", value)
            if key in vary:
                raise ValueError(f"{here}: {key} is in vary as well; leave it out in one place.")


def _at(point: Point, entry: dict[str, Any]) -> dict[str, Any]:
    """The entry with the point's values in its settings and options."""
    tables = {table: dict(entry[table]) for table in _TABLES}
    for key, value in point.items():
        table, _, short = key.partition(".")
        tables[table][short] = value
    return entry | tables


def _short_names(point: Point) -> dict[str, str]:
    """Keys without their table, but for those that only the table tells apart."""
    shorts = [key.partition(".")[2] for key in point]
    return {
        key: short if shorts.count(short) == 1 else key
        for key, short in zip(point, shorts, strict=True)
    }


def _check_key(place: str, key: str, given: Mapping[str, Mapping[str, Any]]) -> None:
    table, _, name = key.partition(".")
    if table not in _TABLES or not name.isidentifier():
        raise ValueError(
            f"{place}: expected keys such as settings.n_components or options.test_size (quoted: "
            f'"settings.n_components"), got {key!r}.'
        )
    if name in given.get(table, {}):
        raise ValueError(f"{place}: {key} is in {table} as well; leave it out in one place.")


def _check_value(place: str, value: Any) -> None:
    if isinstance(value, bool | int | float) or (isinstance(value, str) and _WORD.fullmatch(value)):
        return
    if isinstance(value, list) and value and all(isinstance(v, int) for v in value):
        return
    raise ValueError(
        f"{place}: expected a number, true, false, a list of whole numbers or a word of letters, "
        f"digits and _ . + -, got {value!r}."
    )


def _text(value: Any) -> str:
    """A value as a name holds it."""
    if isinstance(value, list):
        return "x".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
