"""The `studies` command: its commands by name."""

import sys

import typer

from studies.commands.check import check
from studies.commands.compare import compare
from studies.commands.export import export
from studies.commands.inspect import list_studies, show
from studies.commands.new import new
from studies.commands.report import report
from studies.commands.run import EVENTS, run
from suite.errors import InputError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Compare latent-variable models: run studies and write their reports.",
)
app.command("list")(list_studies)
app.command()(show)
app.command(epilog=EVENTS)(run)
app.command()(report)
app.command()(compare)
app.command()(export)
app.command()(check)
app.add_typer(new, name="new")


def main() -> None:
    """Run the command line.

    A user's mistake, and a file that cannot be read or written, is one line on standard error and
    exit status 2: 1 is what commands end with that have done what they were asked.
    """
    try:
        app()
    except (InputError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
