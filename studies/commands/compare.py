"""`studies compare`: two sets of results side by side, and what moved beyond the noise."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from studies.comparing import Comparison

_WIDTH_WITHOUT_TERMINAL = 140


def compare(
    a: Annotated[str, typer.Argument(help="Before: reports, a study's folder, or its results.")],
    b: Annotated[str, typer.Argument(help="After: the same of the other set.")],
    every: Annotated[
        bool, typer.Option("--all", help="Also print the values that did not move.")
    ] = False,
    across_machines: Annotated[
        bool,
        typer.Option("--across-machines", help="Judge times although the machines differ."),
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print everything as one JSON object instead.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Also write everything to this Markdown file.", show_default=False),
    ] = None,
) -> None:
    """Compare two sets of results, run by run: data set, estimator and seed.

    Scores and counts of steps are reproducible: they moved if any run's differs by more than
    rounding. Times, memory and rates moved if a signed-rank test with Holm's correction, the
    interval of the mean ratio and the noise floor all say so; fewer than six pairs of runs cannot
    tell. They are not judged if the two sets were not measured on one machine.

    Runs that ended otherwise count as moved. Runs and studies in one set alone are listed and
    do not.

    Exit status: 0 if nothing moved, 1 if something did, 2 for a mistake in what was asked or a file
    that cannot be read or written.
    """
    from studies.comparing import compare_results
    from studies.result_sets import find_results

    found = compare_results(find_results(a), find_results(b), across_machines=across_machines)
    if out is not None:
        from studies.comparing.markdown import markdown

        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(markdown(found), encoding="utf-8")
    _print(found, every=every, as_json=json)
    raise typer.Exit(1 if found.moved else 0)


def _print(comparison: "Comparison", *, every: bool, as_json: bool) -> None:
    if as_json:
        from json import dumps

        from studies.comparing.records import record

        typer.echo(dumps(record(comparison), ensure_ascii=False, allow_nan=False, indent=1))
        return
    from rich.console import Console

    from studies.comparing.terminal import rendered

    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH_WITHOUT_TERMINAL)
    for part in rendered(comparison, every=every):
        console.print(part)
