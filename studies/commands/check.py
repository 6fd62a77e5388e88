"""`studies check`: whether an estimator does all that a study asks of it."""

from pathlib import Path
from typing import Annotated

import typer


def check(
    estimator: Annotated[
        str, typer.Argument(help="module:Class, or the name of an estimator that is installed.")
    ],
) -> None:
    """Run the contract's checks on an estimator, and say what is wrong and how to mend it.

    Modules are looked for in the current folder too. Exit status: 0 if all is right, 1 if
    something is wrong, 2 if there is no such estimator.
    """
    from studies.contract import check_estimator
    from suite.registry import estimator_spec
    from suite.third_party import search_also

    search_also(Path())
    spec = estimator_spec(estimator)
    spec.load()
    typer.echo(f"{estimator}: {spec.label}, of the family {spec.family}")
    findings = []
    for finding in check_estimator(spec):
        findings.append(finding)
        typer.echo(f"{'right' if finding.right else 'WRONG'}  {finding.promise}")
        if not finding.right:
            typer.echo(f"       {finding.problem}\n       to mend it: {finding.mend}")
    wrong = sum(not finding.right for finding in findings)
    if wrong:
        typer.echo(f"{wrong} of {len(findings)} checks found something wrong.")
        raise typer.Exit(1)
    typer.echo(f"All {len(findings)} checks are right: it can take part in a study.")
