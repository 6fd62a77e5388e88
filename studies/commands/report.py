"""`studies report`: the reports again, from stored results."""

from pathlib import Path
from typing import Annotated

import typer

from studies.commands.options import Out
from suite.errors import InputError


def report(
    studies: Annotated[
        list[str] | None, typer.Argument(help="Names of studies that have been run.")
    ] = None,
    out: Out = None,
) -> None:
    """Make the reports again from stored results; nothing is fitted."""
    from studies.report import write_index, write_report
    from studies.results import ResultStore

    folder = out or Path("reports")
    names = studies or sorted(f.parent.name for f in folder.glob("*/results.sqlite"))
    if not names:
        raise InputError(f"expected stored results in {folder}, found none; run a study first.")
    stores = [(name, ResultStore(folder / name / "results.sqlite")) for name in names]
    for _, store in stores:
        store.document()
    for name, store in stores:
        typer.echo(write_report(store, name, store.path.parent))
    typer.echo(write_index(folder))
