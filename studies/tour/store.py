"""What the tour measured, in two files that no program has to trust: JSON and NumPy's own."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from studies.tour.checks import Check
from suite.errors import InputError

MEASUREMENTS, ARRAYS = "measurements.json", "measurements.npz"
_FORMAT = 1


@dataclass(frozen=True, eq=False)
class TourResults:
    """The tour's own measurements.

    Parameters
    ----------
    arrays
        What figures are drawn from, by name.
    values
        Single numbers that the text tells, by name.
    checks
        Lines that were checked, by name.
    settings
        What was measured with.
    provenance
        Where and when.
    """

    arrays: Mapping[str, np.ndarray]
    values: Mapping[str, float]
    checks: Mapping[str, Check]
    settings: Mapping[str, Any]
    provenance: Mapping[str, Any]

    def write(self, folder: Path) -> None:
        """Store it in `folder`: the arrays first, so that a reader finds both or the old ones."""
        folder.mkdir(parents=True, exist_ok=True)
        content = {
            "format": _FORMAT,
            "values": dict(self.values),
            "checks": [asdict(check) for check in self.checks.values()],
            "settings": dict(self.settings),
            "provenance": dict(self.provenance),
        }
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        arrays = {name: np.asarray(array) for name, array in self.arrays.items()}
        draft = folder / f".{ARRAYS}"
        with draft.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
        draft.replace(folder / ARRAYS)
        draft = folder / f".{MEASUREMENTS}"
        draft.write_text(text, encoding="utf-8", newline="\n")
        draft.replace(folder / MEASUREMENTS)

    @classmethod
    def read(cls, folder: Path) -> "TourResults":
        """What `folder` holds.

        Raises
        ------
        InputError
            If there are no measurements, or they cannot be read.
        """
        path = Path(folder) / MEASUREMENTS
        if not path.is_file():
            raise InputError(
                f"expected the tour's measurements in {folder}, found none; make them with "
                "`studies run tour`."
            )
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            with np.load(Path(folder) / ARRAYS, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            if content["format"] != _FORMAT:
                raise ValueError(f"format {content['format']}")
            checks = [Check(**entry) for entry in content["checks"]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"expected the tour's measurements in {folder}, got something else ({error}); "
                "make them anew with `studies run tour`."
            ) from None
        return cls(
            arrays=arrays,
            values=content["values"],
            checks={check.name: check for check in checks},
            settings=content["settings"],
            provenance=content["provenance"],
        )


@dataclass(frozen=True, eq=False)
class Measured:
    """What one part of the measuring found, to be joined with the others'."""

    arrays: Mapping[str, np.ndarray]
    values: Mapping[str, float]
    checks: tuple[Check, ...] = ()
