"""The options of `studies run` for a user's own data: `studies run gmm --data my.csv`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from suite.errors import InputError

if TYPE_CHECKING:
    from studies.own_data import OwnStudy

TEMPLATES = ("gmm", "vae")
"""The names that are studies only together with --data."""

Data = Annotated[
    str | None,
    typer.Option(
        help="With gmm, your own table (.csv, .tsv, .parquet, .npy, .npz); with vae, your own "
        "images (.npz, .npy or a folder of PNG or JPEG).",
        show_default=False,
    ),
]
Components = Annotated[
    str | None, typer.Option(help="With gmm: 2..8, 3 or 2,4,6 [default: 1..6].", show_default=False)
]
Covariance = Annotated[
    str | None,
    typer.Option(help="With gmm: full, tied, diag, spherical [default: full].", show_default=False),
]
Label = Annotated[
    str | None,
    typer.Option(help="The column of --data with the known classes.", show_default=False),
]
Standardise = Annotated[
    bool, typer.Option("--standardise", help="With gmm: bring the columns of --data to one scale.")
]


def asked_study(
    studies: Sequence[str],
    out: Path,
    *,
    data: str | None,
    components: str | None,
    covariance: str | None,
    label: str | None,
    standardise: bool,
) -> "OwnStudy | None":
    """The study of the user's own data, if that is what is asked for.

    Raises
    ------
    InputError
        If options and studies do not fit together, or the data cannot be used.
    """
    named = [name for name in studies if name in TEMPLATES]
    options = {
        "--components": components,
        "--covariance": covariance,
        "--label": label,
        "--standardise": standardise,
    }
    if data is None:
        given = [option for option, value in options.items() if value]
        if named or given:
            raise InputError(
                f"{named[0] if named else given[0]}: expected your own data beside it; give "
                "--data FILE, as in: studies run gmm --data my.csv."
            )
        return None
    if len(studies) != 1 or not named:
        raise InputError(
            f"--data: expected one of {' and '.join(TEMPLATES)} beside it, got "
            f"{', '.join(studies) or 'no study'}; write for example: studies run gmm --data {data}."
        )
    from studies.own_data import OwnData, own_study

    asked = OwnData(named[0], Path(data), components, covariance, standardise, label)
    return own_study(asked, out)


def keep_study_file(own: "OwnStudy") -> None:
    """Write the study file beside the report; one line on standard error if that cannot be."""
    from studies.own_data import write_study_file

    try:
        write_study_file(own)
    except OSError as error:
        typer.echo(f"error: {error}", err=True)
