"""Sets of stored results by the name, folder or file that a user gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from studies.results import ResultStore
from suite.errors import InputError

_STORE = "results.sqlite"


@dataclass(frozen=True)
class ResultSet:
    """The stored results of one study or several.

    Parameters
    ----------
    given
        What the user called it.
    stores
        By the study's name.
    """

    given: str
    stores: Mapping[str, ResultStore]


def find_results(given: str, reports: Path = Path("reports")) -> ResultSet:
    """The results that `given` names.

    Parameters
    ----------
    given
        A file of results; a folder with such a file, or with folders that have one each; or the
        name of a study whose results are in `reports`.
    reports
        The folder of all reports.

    Raises
    ------
    InputError
        If there are none, or two of them are of studies with one name.
    """
    for path in (Path(given), reports / given):
        if path.is_file():
            return _named(given, [path])
        if (path / _STORE).is_file():
            return _named(given, [path / _STORE])
        if several := sorted(path.glob(f"*/{_STORE}")):
            return _named(given, several)
    raise InputError(
        f"expected stored results at {given}, found none; give a folder of reports, a study's "
        f"folder or its {_STORE}."
    )


def _named(given: str, paths: list[Path]) -> ResultSet:
    stores: dict[str, ResultStore] = {}
    for path in paths:
        store = ResultStore(path)
        name = str(store.document().get("name") or path.resolve().parent.name)
        if name in stores:
            raise InputError(
                f"expected one set of results a study in {given}, found {stores[name].path} and "
                f"{path} of the study {name!r}; give one of them."
            )
        stores[name] = store
    return ResultSet(given, stores)
