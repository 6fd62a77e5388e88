"""`studies report tour`: the article's files, from what is stored."""

from collections.abc import Sequence
from pathlib import Path

from studies.report.model import Document
from studies.tour.article import article
from studies.tour.others import Others
from studies.tour.store import MEASUREMENTS, TourResults

NAME = "tour"


def build_tour(folder: Path) -> Document:
    """The article as a document; `folder` holds the tour's measurements, its parent the studies."""
    folder = Path(folder)
    return article(TourResults.read(folder), Others(folder.resolve().parent))


def write_tour(folder: Path, *, formats: Sequence[str] = ("html", "md")) -> Path:
    """Write figures/, tables/, README.md and index.html into `folder`; nothing is measured.

    It is a pure function of the measurements in `folder` and of the studies' stores beside it.

    Returns
    -------
    The path of README.md.

    Raises
    ------
    InputError
        If there are no measurements.
    """
    from studies.report.writing import write_document

    return write_document(build_tour(folder), NAME, Path(folder), formats=formats)


def has_tour(reports: Path) -> bool:
    """Whether there are measurements in the tour's folder under `reports`."""
    return (Path(reports) / NAME / MEASUREMENTS).is_file()
