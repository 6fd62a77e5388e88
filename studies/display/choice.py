"""Which display fits where a run's output goes."""

from rich.console import Console

from studies.display.lines import LineDisplay
from studies.display.live import LiveDisplay
from studies.display.protocol import Display, SilentDisplay


def make_display(console: Console, *, quiet: bool = False) -> Display:
    """A live table if `console` is a terminal that can show one, lines if not.

    Parameters
    ----------
    console
        Where it is shown.
    quiet
        Show nothing at all.
    """
    if quiet:
        return SilentDisplay()
    if console.is_terminal and not console.is_dumb_terminal:
        return LiveDisplay(console)
    return LineDisplay(console)
