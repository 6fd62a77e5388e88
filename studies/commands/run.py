"""`studies run`: studies run, stored, reported and summed up."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from studies.commands.options import Out, default_out, split_names
from studies.commands.own import (
    Components,
    Covariance,
    Data,
    Label,
    Standardise,
    asked_study,
    keep_study_file,
)
from studies.commands.tour import asks_for_tour, measure_and_write
from suite.errors import InputError

if TYPE_CHECKING:
    from studies.commands.run_output import RunOutput
    from studies.schema import Study

EVENTS = "\n\n".join(
    (
        "With --json standard output has these events, each a JSON object on a line, and nothing "
        "else; what estimators print goes to standard error.",
        "study_begins: format, study, runs, stored, to_run",
        "note: study, text",
        "cell_begins: study, key, dataset, estimator, seed",
        "cell_ends: those, and status, message, seconds, scores (a list of metric, split, value, "
        "unit; value is null if not finite), done, runs",
        "report_written: study, path",
        "run_ends: runs, counts (by status), exit_status, message",
    )
)
"""The end of the command's help."""


def run(
    studies: Annotated[
        list[str] | None,
        typer.Argument(
            help="Built-in studies' names or .toml files; gmm or vae with --data; or tour."
        ),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Run every built-in study.")] = False,
    profile: Annotated[str, typer.Option(help="quick, full, or one of the file's own.")] = "full",
    seeds: Annotated[int | None, typer.Option(min=1, help="How many seeds.")] = None,
    estimators: Annotated[str | None, typer.Option(help="Only these, separated by commas.")] = None,
    datasets: Annotated[str | None, typer.Option(help="Only these, separated by commas.")] = None,
    data: Data = None,
    components: Components = None,
    covariance: Covariance = None,
    label: Label = None,
    standardise: Standardise = False,
    device: Annotated[str, typer.Option(help="cpu, cuda, mps or auto.")] = "cpu",
    out: Out = None,
    force: Annotated[bool, typer.Option("--force", help="Also redo what is stored.")] = False,
    jobs: Annotated[
        int, typer.Option(min=1, help="How many runs at once, in studies that compare no times.")
    ] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only the final summary.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Events for programs, one JSON object a line.")
    ] = False,
) -> None:
    """Run studies, store each result as it comes, and write the reports.

    What is stored already is not run again. Exit status: 0 if every run ended well, 1 if some
    did not (the report shows them) or a file could not be written, 2 for a mistake in what was
    asked, 130 after Ctrl-C, 143 after SIGTERM.

    On a terminal a table shows what runs, what failed, the best so far and the time left;
    elsewhere there is a line a run. What --json prints is at the end of this help.
    """
    if quiet and json:
        raise InputError("--quiet and --json: expected one of them at most; leave one out.")
    if asks_for_tour(studies, json=json):
        for path in measure_and_write(out if out is not None else default_out(profile)):
            typer.echo(path)
        return
    output = _output(quiet=quiet, json=json)
    folder = out if out is not None else default_out(profile)
    own = asked_study(
        studies or [],
        folder,
        data=data,
        components=components,
        covariance=covariance,
        label=label,
        standardise=standardise,
    )
    chosen = _resolved(
        [(own.name, own.study)] if own else _loaded(_named(studies, all_)),
        profile,
        seeds=seeds,
        estimators=split_names(estimators),
        datasets=split_names(datasets),
    )
    from studies.commands.running import run_studies

    status = run_studies(
        chosen, output, folder, profile=profile, device=device, force=force, jobs=jobs
    )
    if own:
        keep_study_file(own)
    raise typer.Exit(status)


def _named(studies: list[str] | None, every: bool) -> list[str]:
    from studies.study_files import builtin_names

    names = [*(builtin_names() if every else ()), *(studies or [])]
    if not names:
        raise InputError(f"expected a study; give --all or one of: {', '.join(builtin_names())}.")
    return names


def _loaded(names: Sequence[str]) -> "list[tuple[str, Study]]":
    from studies.study_files import load_study

    return [load_study(given) for given in names]


def _resolved(
    loaded: "Sequence[tuple[str, Study]]",
    profile: str,
    *,
    seeds: int | None,
    estimators: list[str] | None,
    datasets: list[str] | None,
) -> "list[tuple[str, Study]]":
    from studies.profiles import resolve

    return [
        (
            name,
            resolve(
                content, profile=profile, seeds=seeds, estimators=estimators, datasets=datasets
            ),
        )
        for name, content in loaded
    ]


def _output(*, quiet: bool, json: bool) -> "RunOutput":
    from studies.commands.run_output import EventOutput, TextOutput, reserved_stdout
    from studies.display import EventDisplay

    return EventOutput(EventDisplay(reserved_stdout())) if json else TextOutput(quiet=quiet)
