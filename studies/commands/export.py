"""`studies export`: stored results for other programs and for papers."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """The formats; `studies.exporting.FORMATS` has the same names."""

    csv = "csv"
    parquet = "parquet"
    latex = "latex"


def export(
    results: Annotated[
        str,
        typer.Argument(help="A study's name in reports, a folder of results, or a results.sqlite."),
    ],
    out: Annotated[Path, typer.Option(help="The folder to write to.")],
    format_: Annotated[list[Format], typer.Option("--format", help="May be given more than once.")],
) -> None:
    """Export stored results.

    csv and parquet: scores (a row a measured value; runs that failed or were not run have a row
    too), trace (a row a value on the way) and cells (a row a run, with its settings, traceback and
    provenance as text). latex: the report's main table. Where RESULTS holds several studies each
    gets a folder of its own.
    """
    from studies.exporting import export_study
    from studies.report.loaded import StudyResults
    from studies.result_sets import find_results

    stores = find_results(results).stores
    for name, store in stores.items():
        study = StudyResults.read(store, name)
        for chosen in dict.fromkeys(format_):
            folder = out if len(stores) == 1 else out / name
            for path in export_study(study, folder, chosen.value):
                typer.echo(path)
