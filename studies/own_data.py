"""Studies of a user's own data, made from a file and a few options: `studies run gmm --data …`."""

import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np

from studies.schema import Study
from studies.skeleton import rendered
from studies.study_files import builtin_names, parse_study_at
from suite.data import Dataset, load_file
from suite.errors import InputError
from suite.gmm import COVARIANCE_TYPES

DEFAULT_COMPONENTS = (1, 2, 3, 4, 5, 6)
"""The numbers of components that are tried where none are named."""

_MOST_IMAGES = 5000
_MOST_PIXELS = 65_536
_FEWEST_IMAGES = 40  # of which a quarter is held out, and ten are drawn
_SEEN_IMAGES = 60_000  # about what a run trains on, all epochs together


@dataclass(frozen=True)
class OwnData:
    """What is asked about a user's own data.

    Parameters
    ----------
    template
        "gmm" or "vae": a key of `TEMPLATES`.
    path
        The file, or for "vae" a folder of images.
    components
        Such as "2..8", "3" or "2,4,6"; 1 to 6 if None. Mixtures only, as the two that follow.
    covariance
        The covariance type; "full" if None.
    standardise
        Whether to bring the columns to one scale first.
    label
        The column or key that holds the classes; no estimator sees it.
    """

    template: str
    path: Path
    components: str | None = None
    covariance: str | None = None
    standardise: bool = False
    label: str | None = None


@dataclass(frozen=True)
class OwnStudy:
    """The study that answers an `OwnData`.

    Parameters
    ----------
    name
        Of the study and its report: the file's, without its ending.
    study
        Ready to run.
    file
        Where the study file belongs: beside the report.
    text
        What it says.
    """

    name: str
    study: Study
    file: Path
    text: str


def own_study(asked: OwnData, out: Path) -> OwnStudy:
    """The study of a user's own data whose report goes to a folder in `out`.

    The data are read once here, so that what cannot work is said before anything is written.

    Raises
    ------
    InputError
        If the data or an option cannot be used.
    """
    values = TEMPLATES[asked.template](asked)
    name = study_name(asked.path)
    file = out / name / f"{name}.toml"
    load = os.path.relpath(asked.path, file.parent)
    text = rendered(
        f"own-{_KINDS[asked.template]}.toml",
        name=name,
        data=asked.path.resolve().name,
        path=str(file),
        load=f"{load}{os.sep}" if asked.path.is_dir() else load,
        label=asked.label,
        **values,
    )
    return OwnStudy(name, parse_study_at(file, text), file, text)


def write_study_file(own: OwnStudy) -> None:
    """Write the study file, whole or not at all.

    One that is there and says something else is kept as NAME.before.toml, or, so that no edit is
    ever lost, as NAME.before-2.toml and so on.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    own.file.parent.mkdir(parents=True, exist_ok=True)
    draft = own.file.with_suffix(".toml.draft")
    try:
        draft.write_text(own.text, encoding="utf-8")
        if own.file.exists() and own.file.read_text("utf-8", errors="replace") != own.text:
            shutil.copy2(own.file, _unused(own.file))
        draft.replace(own.file)
    finally:
        draft.unlink(missing_ok=True)


def _unused(file: Path) -> Path:
    names = chain([".before.toml"], (f".before-{i}.toml" for i in count(2)))
    return next(kept for kept in map(file.with_suffix, names) if not kept.exists())


def study_name(path: Path) -> str:
    """What a study of this file is called: letters, digits, _ and - of its name without ending.

    Examples
    --------
    >>> study_name(Path("data/My flowers (2).csv"))
    'My-flowers-2'
    """
    stem = path.resolve().name if path.is_dir() else path.stem
    name = re.sub(r"[^A-Za-z0-9_]+", "-", stem).strip("-_") or "data"
    return f"{name}-data" if name in (*builtin_names(), "quick", "tour") else name


def parse_components(text: str) -> list[int]:
    """Numbers of components, in order: "2..8" is 2 to 8, "2,4,6" these three.

    Raises
    ------
    InputError
        If the text says nothing of the kind.

    Examples
    --------
    >>> parse_components("1..3,6")
    [1, 2, 3, 6]
    """
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d+)\s*(?:\.\.\s*(\d+)\s*)?", part)
        low = int(match[1]) if match else 0
        high = int(match[2]) if match and match[2] else low
        if not 1 <= low <= high:
            raise InputError(
                f"--components: expected numbers such as 3, 2,4,6 or 2..8, got {text!r}; count "
                "from 1 upwards."
            )
        found.update(range(low, high + 1))
    return sorted(found)


def _mixture(asked: OwnData) -> dict[str, Any]:
    covariance = asked.covariance or "full"
    if covariance not in COVARIANCE_TYPES:
        raise InputError(
            f"--covariance: expected one of {', '.join(COVARIANCE_TYPES)}, got {covariance!r}."
        )
    if covariance.startswith("tied_"):
        raise InputError(
            f"--covariance: scikit-learn has no {covariance}, and all implementations are to be "
            "compared; choose full, tied, diag or spherical."
        )
    dataset = load_file(
        asked.path,
        label=asked.label,
        drop_constant=True,
        standardise=asked.standardise,
    )
    if dataset.image_shape is not None:
        raise InputError(
            f"expected a table for a mixture, but {asked.path.name} holds images; use "
            "`studies run vae`, or save the rows as (N, D)."
        )
    components = _components(asked, dataset, covariance)
    return {
        "components": components,
        "many": len(components) > 1,
        "covariance": covariance,
        "standardise": asked.standardise,
        "question": f"How many components do the data in {asked.path.name} have, which "
        "implementation finds them best, how good is the result, and how long does it take?",
    }


def _components(asked: OwnData, dataset: Dataset, covariance: str) -> list[int]:
    """The numbers of components, none so large that its covariances cannot be estimated."""
    n_rows, n_features = dataset.train.shape
    rows_each = {"full": n_features + 1, "tied": 1}.get(covariance, 2)
    largest = (n_rows - n_features if covariance == "tied" else n_rows) // rows_each
    asked_for = parse_components(asked.components) if asked.components else None
    components = asked_for or [K for K in DEFAULT_COMPONENTS if largest >= K]
    if not components or components[-1] > largest:
        wanted = f"{components[-1]} components" if components else "one component"
        other = " or --covariance diag" if covariance in ("full", "tied") else ""
        raise InputError(
            f"expected rows enough for {wanted} with {covariance} covariances in {n_features} "
            f"columns, but {asked.path.name} has {n_rows} to train on, enough for "
            f"{max(largest, 0)}; ask for fewer with --components{other}, or give more rows."
        )
    return components


def _vae(asked: OwnData) -> dict[str, Any]:
    for option, given in (
        ("--components", asked.components),
        ("--covariance", asked.covariance),
        ("--standardise", asked.standardise),
    ):
        if given:
            raise InputError(f"{option} is for `studies run gmm`; leave it out with vae.")
    dataset = load_file(asked.path, label=asked.label)
    if dataset.image_shape is None:
        raise InputError(
            f"expected images, but {asked.path.name} holds a table; give a folder of PNG or JPEG, "
            "or an .npz with the key images of shape (N, height, width)."
        )
    n_images, n_pixels = len(dataset.train) + len(dataset.test), dataset.train.shape[1]
    if n_images < _FEWEST_IMAGES:
        raise InputError(
            f"expected at least {_FEWEST_IMAGES} images, of which a quarter is held out, got "
            f"{n_images} in {asked.path.name}; give more."
        )
    if n_pixels > _MOST_PIXELS:
        height, width = dataset.image_shape
        raise InputError(
            f"expected images of at most {_MOST_PIXELS:,} pixels, got {width} by {height} in "
            f"{asked.path.name}; scale them down, to 64 by 64 for example."
        )
    are_bits = bool(np.isin(dataset.train, (0, 1)).all())
    return {
        "options": _options(
            label=asked.label,
            bits=None if are_bits else "redrawn",
            limit=_MOST_IMAGES if len(dataset.train) > _MOST_IMAGES else None,
        ),
        "epochs": int(np.clip(_SEEN_IMAGES // min(len(dataset.train), _MOST_IMAGES), 10, 50)),
        "latent": int(np.clip(n_pixels // 2, 1, 10)),
        "question": f"Which implementation of a variational autoencoder models the images in "
        f"{asked.path.resolve().name} best, how good is it, and how long does it take?",
    }


def _options(**values: str | int | None) -> str:
    """The inside of an inline table of TOML; JSON's texts and numbers are TOML's."""
    given = {name: value for name, value in values.items() if value is not None}
    return ", ".join(f"{n} = {json.dumps(v, ensure_ascii=False)}" for n, v in given.items())


TEMPLATES: dict[str, Callable[[OwnData], dict[str, Any]]] = {"gmm": _mixture, "vae": _vae}
"""What `studies run` takes with --data: each checks what is asked and fills in its study file."""

_KINDS = {"gmm": "mixture", "vae": "vae"}
