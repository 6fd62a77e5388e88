"""`studies new estimator` and `studies new study`: working skeletons in the current folder."""

from pathlib import Path
from typing import Annotated

import typer

new = typer.Typer(no_args_is_help=True, help="Write a working estimator or study to start from.")

Kind = Annotated[str, typer.Option(help="mixture or vae.")]


@new.command()
def estimator(
    name: Annotated[str, typer.Argument(help="Its class or module: FastMixture, fast_mixture.")],
    kind: Kind = "mixture",
) -> None:
    """Write a working estimator, NAME.py, into the current folder."""
    from studies.skeleton import estimator_skeleton, write_new

    file, path, code = estimator_skeleton(name, kind)
    write_new(Path(file), code)
    typer.echo(f"Wrote {file}, a {kind} that works as it is. Next:")
    typer.echo(f"  studies check {path}")
    typer.echo(f"  studies new study my-study --estimator {path}")
    typer.echo("  studies run my-study.toml")


@new.command()
def study(
    name: Annotated[str, typer.Argument(help="What its reports are called.")],
    kind: Kind = "mixture",
    estimator: Annotated[
        str | None,
        typer.Option(help="An estimator to compare with the suite's: a name or module:Class."),
    ] = None,
) -> None:
    """Write a working study, NAME.toml, into the current folder."""
    from studies.skeleton import study_skeleton, write_new
    from suite.third_party import search_also

    search_also(Path())
    file, text = study_skeleton(name, kind, estimator)
    write_new(Path(file), text)
    typer.echo(f"Wrote {file}, a study that runs as it is. Next:")
    typer.echo(f"  studies show {file}")
    typer.echo(f"  studies run {file}")
