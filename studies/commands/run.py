"""`studies run`: studies run, stored, reported and summed up."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from studies.commands.options import Out, default_out, split_names
from suite.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from studies.results import ResultStore
    from studies.runner import RunPlan

_NAME_COLUMNS = 3  # data, estimator, runs that ended well; the metrics follow
_WIDTH_WITHOUT_TERMINAL = 110


def run(
    studies: Annotated[
        list[str] | None, typer.Argument(help="Built-in studies' names or .toml files.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Run every built-in study.")] = False,
    profile: Annotated[str, typer.Option(help="quick, full, or one of the file's own.")] = "full",
    seeds: Annotated[int | None, typer.Option(min=1, help="How many seeds.")] = None,
    estimators: Annotated[str | None, typer.Option(help="Only these, separated by commas.")] = None,
    datasets: Annotated[str | None, typer.Option(help="Only these, separated by commas.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, mps or auto.")] = "cpu",
    out: Out = None,
    force: Annotated[bool, typer.Option("--force", help="Also redo what is stored.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only the final summary.")] = False,
) -> None:
    """Run studies, store each result as it comes, and write the reports.

    What is stored already is not run again. Exit status: 0 if every run ended well, 1 if some
    did not (the report shows them), 2 for a mistake in what was asked, 130 after Ctrl-C.
    """
    from rich.console import Console

    from studies.profiles import resolve
    from studies.study_files import builtin_names, load_study

    names = [*(builtin_names() if all_ else ()), *(studies or [])]
    if not names:
        raise InputError(f"expected a study; give --all or one of: {', '.join(builtin_names())}.")
    resolved = []
    for given in names:
        name, content = load_study(given)
        study = resolve(
            content,
            profile=profile,
            seeds=seeds,
            estimators=split_names(estimators),
            datasets=split_names(datasets),
        )
        resolved.append((name, study))
    folder = out if out is not None else default_out(profile)

    from studies.runner import prepare

    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH_WITHOUT_TERMINAL)
    if not quiet:
        console.print("Checking the studies and their data …")
    plans = [prepare(study, name, profile, device) for name, study in resolved]
    _run_all(plans, folder, console, force=force, quiet=quiet)


def _run_all(
    plans: "list[RunPlan]", folder: Path, console: "Console", *, force: bool, quiet: bool
) -> None:
    from studies.display import make_display
    from studies.runner import run_plan

    runs = []
    try:
        for plan in plans:
            with make_display(console, quiet=quiet) as display:
                runs.append(run_plan(plan, folder, display, arguments=sys.argv[1:], force=force))
    except KeyboardInterrupt:
        console.print("Stopped. What has finished is stored; the same command goes on from there.")
        raise typer.Exit(130) from None
    except OSError as error:
        console.print(f"error: {error}", markup=False)
        raise typer.Exit(1) from None
    for finished in runs:
        _print_summary(console, finished.name, finished.store)
    for finished in runs:
        console.print(f"Report: {finished.report}", soft_wrap=True, highlight=False)
    failures = sum(finished.failures for finished in runs)
    if failures:
        console.print(f"{failures} runs did not end well; the reports show which and why.")
        raise typer.Exit(1)


def _print_summary(console: "Console", name: str, store: "ResultStore") -> None:
    from rich import box
    from rich.table import Table

    from studies.report import summary_table

    frame = summary_table(store)
    complete = all(len(set(text.split("/"))) == 1 for text in frame["runs ok"])
    if complete:  # what every row would repeat
        frame = frame.drop(columns="runs ok")
    table = Table(
        title=f"{name}: medians over seeds" + (", all runs ended well" if complete else ""),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for i, column in enumerate(frame.columns):
        # Names may wrap where the terminal is narrow; a number that lost its end would mislead.
        names = i < _NAME_COLUMNS - complete
        width = None if names else int(frame[column].astype(str).str.len().max())
        table.add_column(
            str(column), justify="left" if names else "right", min_width=width, overflow="fold"
        )
    previous = None
    for data, *cells in frame.itertuples(index=False):
        table.add_row("" if data == previous else str(data), *map(str, cells))
        previous = data
    console.print(table)
