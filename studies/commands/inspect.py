"""`studies list` and `studies show`: what studies there are and what one consists of."""

from typing import Annotated

import typer

from studies.commands.tour import TOUR, TOUR_TITLE


def list_studies() -> None:
    """List the built-in studies and the tour."""
    from studies.study_files import builtin_names, load_study

    names = builtin_names()
    width = max(map(len, names))
    for name in names:
        typer.echo(f"{name:{width}}  {load_study(name)[1].title}")
    typer.echo(f"{TOUR:{width}}  {TOUR_TITLE} (an article with measurements of its own)")


def show(
    study: Annotated[str, typer.Argument(help="A built-in study's name or a .toml file.")],
    profile: Annotated[str, typer.Option(help="The profile to apply.")] = "full",
) -> None:
    """Show a study: its question, data sets, estimators, settings and profiles."""
    from studies.describe import describe
    from studies.profiles import resolve
    from studies.study_files import load_study

    name, content = load_study(study)
    typer.echo(describe(name, resolve(content, profile=profile), profile, list(content.profiles)))
