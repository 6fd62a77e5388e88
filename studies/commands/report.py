"""`studies report`: the reports again, from stored results."""

from pathlib import Path
from typing import Annotated

import typer

from studies.commands.options import Out
from studies.commands.tour import TOUR, stored_tour
from suite.errors import InputError


def report(
    studies: Annotated[
        list[str] | None, typer.Argument(help="Names of studies that have been run.")
    ] = None,
    format_: Annotated[
        str, typer.Option("--format", help="html, md, pdf, tex, separated by commas.")
    ] = "html,md",
    out: Out = None,
) -> None:
    """Make the reports again from stored results; nothing is fitted.

    README.md is written in any case. A pdf is printed by an installed Chromium or Chrome; a tex
    file is for LuaLaTeX or XeLaTeX.
    """
    from studies.report import write_index, write_report
    from studies.results import ResultStore

    formats = tuple(name.strip() for name in format_.split(",") if name.strip())
    folder = out or Path("reports")
    every = sorted(f.parent.name for f in folder.glob("*/results.sqlite")) + stored_tour(folder)
    asked = studies or every
    if not asked:
        raise InputError(f"expected stored results in {folder}, found none; run a study first.")
    names = [name for name in asked if name != TOUR]
    stores = [(name, ResultStore(folder / name / "results.sqlite")) for name in names]
    for _, store in stores:
        store.document()
    for name, store in stores:
        typer.echo(write_report(store, name, store.path.parent, formats=formats))
    if TOUR in asked:
        from studies.tour.writing import write_tour

        typer.echo(write_tour(folder / TOUR, formats=formats))
    typer.echo(write_index(folder))
