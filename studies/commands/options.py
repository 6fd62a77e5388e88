"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

Out = Annotated[
    Path | None,
    typer.Option(
        help="Folder of all reports [default: reports, or reports/PROFILE].", show_default=False
    ),
]


def default_out(profile: str) -> Path:
    """Full reports are for keeping; those of other profiles lie below, one folder a profile."""
    return Path("reports") if profile == "full" else Path("reports") / profile


def split_names(text: str | None) -> list[str] | None:
    """The names in a list separated by commas; None if none was given."""
    if text is None:
        return None
    return [name.strip() for name in text.split(",") if name.strip()]
