"""The classic tables: four that ship with scikit-learn, four that ship with this package."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
from sklearn import datasets as sklearn_datasets

from suite.data.checks import encode_labels
from suite.data.dataset import Dataset, Origin
from suite.data.splitting import split_rows
from suite.errors import InputError
from suite.random import RandomState


@dataclass(frozen=True, eq=False)
class Table:
    """A whole table before it is split: N rows of D float64 features, and what is known of it."""

    name: str
    values: np.ndarray
    feature_names: tuple[str, ...]
    labels: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    image_shape: tuple[int, ...] | None = None
    source: str = ""
    licence: str = ""
    origin: Origin = "bundled"
    origin_detail: str = ""
    notes: tuple[str, ...] = ()


def load_table(
    name: str,
    *,
    test_size: float = 0.25,
    random_state: RandomState = 0,
    drop_constant: bool = False,
) -> Dataset:
    """The classic table `name` (a key of `TABLES`), split by class where it has classes.

    `suite.data.load` describes the parameters.
    """
    return split_table(
        TABLES[name](),
        test_size=test_size,
        random_state=random_state,
        drop_constant=drop_constant,
    )


def split_table(
    table: Table, *, test_size: float, random_state: RandomState, drop_constant: bool
) -> Dataset:
    """`table` as a `Dataset`: rows held out, and constant columns dropped if asked for."""
    labels = table.labels
    train, test, notes = split_rows(
        len(table.values), labels, test_size=test_size, random_state=random_state
    )
    dataset = Dataset(
        name=table.name,
        train=table.values[train],
        test=table.values[test],
        feature_names=table.feature_names,
        train_labels=None if labels is None else labels[train],
        test_labels=None if labels is None else labels[test],
        label_names=table.label_names,
        image_shape=table.image_shape,
        source=table.source,
        licence=table.licence,
        origin=table.origin,
        origin_detail=table.origin_detail,
        notes=(*table.notes, *notes),
    )
    return without_constant_columns(dataset) if drop_constant else dataset


def without_constant_columns(dataset: Dataset) -> Dataset:
    """`dataset` without the columns that have one value in all rows, training and test.

    So the columns do not depend on the split. A note names what was dropped.

    Raises
    ------
    InputError
        If that leaves no column.
    """
    first = dataset.train[:1]
    constant = (dataset.train == first).all(axis=0) & (dataset.test == first).all(axis=0)
    if not constant.any():
        return dataset
    if constant.all():
        raise InputError(
            f"expected a column with more than one value in {dataset.name!r}, but all "
            f"{constant.size} are constant; give other data."
        )
    names = np.array(dataset.feature_names)
    noun = "column" if constant.sum() == 1 else "columns"
    note = f"dropped {constant.sum()} constant {noun}: {', '.join(names[constant])}"
    return replace(
        dataset,
        train=dataset.train[:, ~constant],
        test=dataset.test[:, ~constant],
        feature_names=tuple(names[~constant].tolist()),
        image_shape=None,
        notes=(*dataset.notes, note),
    )


_UCI = "from the UCI Machine Learning Repository; this copy ships with scikit-learn (BSD 3-Clause)"


def _from_sklearn(
    name: str, loader: Callable[[], Any], source: str, image_shape: tuple[int, ...] | None = None
) -> Callable[[], Table]:
    def read() -> Table:
        bunch = loader()
        return Table(
            name=name,
            values=np.asarray(bunch.data, dtype=np.float64),
            feature_names=tuple(map(str, bunch.feature_names)),
            labels=np.asarray(bunch.target, dtype=np.int64),
            label_names=tuple(map(str, bunch.target_names)),
            image_shape=image_shape,
            source=source,
            licence=_UCI,
            origin="package",
            origin_detail=f"{name}, as it ships with scikit-learn",
        )

    return read


def _from_csv(
    name: str,
    source: str,
    licence: str,
    *,
    label: str | None = None,
    rename: dict[str, str] | None = None,
    scale: float = 1.0,
    notes: tuple[str, ...] = (),
) -> Callable[[], Table]:
    def read() -> Table:
        with (files("suite.data") / "bundled" / f"{name}.csv").open() as file:
            frame = pd.read_csv(file).rename(columns=rename or {})
        labels: np.ndarray | None = None
        label_names: tuple[str, ...] = ()
        if label is not None:
            labels, label_names = encode_labels(frame.pop(label).to_numpy(str), name)
        return Table(
            name=name,
            values=frame.to_numpy(np.float64) / scale,
            feature_names=tuple(frame.columns),
            labels=labels,
            label_names=label_names,
            source=source,
            licence=licence,
            origin_detail=f"{name}, as it ships with this package",
            notes=notes,
        )

    return read


TABLES: dict[str, Callable[[], Table]] = {
    "iris": _from_sklearn(
        "iris",
        sklearn_datasets.load_iris,
        "Fisher, The use of multiple measurements in taxonomic problems, Annals of Eugenics 7 "
        "(1936); measured by Anderson (1935)",
    ),
    "wine": _from_sklearn(
        "wine",
        sklearn_datasets.load_wine,
        "Aeberhard and Forina, Wine, UCI Machine Learning Repository (1992)",
    ),
    "breast_cancer": _from_sklearn(
        "breast_cancer",
        sklearn_datasets.load_breast_cancer,
        "Street, Wolberg and Mangasarian, Nuclear feature extraction for breast tumor diagnosis, "
        "SPIE 1905 (1993)",
    ),
    "digits": _from_sklearn(
        "digits",
        sklearn_datasets.load_digits,
        "Alpaydin and Kaynak, Optical recognition of handwritten digits (its test part), UCI "
        "Machine Learning Repository (1998)",
        image_shape=(8, 8),
    ),
    "faithful": _from_csv(
        "faithful",
        "Azzalini and Bowman, A look at some data on the Old Faithful geyser, Applied Statistics "
        "39 (1990), in the version of Härdle (1991); R's package datasets",
        "measured facts; R's package datasets is under GPL-2 or GPL-3",
        rename={"eruptions": "eruptions (minutes)", "waiting": "waiting (minutes)"},
    ),
    "galaxies": _from_csv(
        "galaxies",
        "Roeder, Density estimation with confidence sets exemplified by superclusters and voids "
        "in the galaxies, JASA 85 (1990), from Postman, Huchra and Geller (1986); R's package MASS",
        "measured facts; R's package MASS is under GPL-2 or GPL-3",
        rename={"velocity_km_s": "velocity (1000 km/s)"},
        scale=1000.0,
        notes=(
            "as in R's package MASS, whose help says that the 78th value, 26690 km/s, "
            "should be 26960",
        ),
    ),
    "acidity": _from_csv(
        "acidity",
        "Crawford, DeGroot, Kadane and Small, Modeling lake-chemistry distributions: approximate "
        "Bayesian methods for estimating a finite-mixture model, Technometrics 34 (1992); R's "
        "package mclust",
        "measured facts; R's package mclust is under GPL-2 or later",
        rename={"log_acidity": "log acidity index"},
    ),
    "diabetes": _from_csv(
        "diabetes",
        "Reaven and Miller, An attempt to define the nature of chemical diabetes using a "
        "multidimensional analysis, Diabetologia 16 (1979); R's package mclust",
        "measured facts; R's package mclust is under GPL-2 or later",
        label="class",
        notes=(
            "as in R's package mclust, whose help says that insulin in row 104, 45, should be 455",
        ),
    ),
}
"""How to read each classic table, by name."""
