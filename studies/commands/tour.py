"""The tour on the command line: `studies run tour` measures it, `studies report tour` writes it."""

from collections.abc import Sequence
from pathlib import Path

from suite.errors import InputError

TOUR = "tour"
"""What it is called where studies are named; no study may have this name."""

TOUR_TITLE = "Expectation maximization and the VAE"
"""The article's title."""


def asks_for_tour(studies: Sequence[str] | None, *, json: bool) -> bool:
    """Whether the tour is to be measured.

    Raises
    ------
    InputError
        If it is asked for beside studies, or with events: it has no runs to tell of.
    """
    if TOUR not in (studies or ()):
        return False
    if list(studies or ()) != [TOUR]:
        raise InputError(
            f"{TOUR} is no study of runs and is measured by itself, got "
            f"{', '.join(studies or ())}; run it alone: `studies run {TOUR}`."
        )
    if json:
        raise InputError(f"--json: {TOUR} has no runs to tell of; leave it out.")
    return True


def measure_and_write(reports: Path) -> list[Path]:
    """Measure into `reports`/tour, write the article and the index; return what was written."""
    from studies.report import write_index
    from studies.tour.measuring import run_tour
    from studies.tour.writing import write_tour

    folder = Path(reports) / TOUR
    run_tour(folder, ["run", TOUR])
    return [write_tour(folder), write_index(Path(reports))]


def stored_tour(reports: Path) -> list[str]:
    """["tour"] where there are measurements under `reports`, else nothing."""
    from studies.tour.store import MEASUREMENTS

    return [TOUR] if (Path(reports) / TOUR / MEASUREMENTS).is_file() else []
