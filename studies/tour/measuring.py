"""`studies run tour`: everything that the tour measures itself."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from studies.tour.coupling import measure_coupling
from studies.tour.derivation import measure_derivation
from studies.tour.em_steps import measure_em
from studies.tour.linear import measure_linear
from studies.tour.losses import loss_checks
from studies.tour.networks import measure_networks, train
from studies.tour.settings import TourSettings
from studies.tour.store import Measured, TourResults


def measure_tour(
    settings: TourSettings | None = None, *, provenance: Mapping[str, Any] | None = None
) -> TourResults:
    """EM's steps, small networks and the derivation's checks: a minute on one core.

    Parameters
    ----------
    settings
        What to measure with; the defaults if left out.
    provenance
        What to store of where and when (`studies.provenance`).
    """
    settings = settings or TourSettings()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        parts = [measure_coupling(settings), measure_em(settings), measure_linear(settings)]
        trained = train(settings)
        parts.append(measure_networks(trained, settings))
        images = trained.images.test[: settings.images]
        derivation = measure_derivation(trained.vae.networks_, images, settings)
        elbo = derivation.values["elbo"]
        losses = loss_checks(trained.vae.networks_, images, elbo, settings)
    finally:
        torch.set_num_threads(threads)
    parts += [derivation, Measured({}, {}, losses)]
    return TourResults(
        arrays={name: array for part in parts for name, array in part.arrays.items()},
        values={name: value for part in parts for name, value in part.values.items()},
        checks={check.name: check for part in parts for check in part.checks},
        settings=asdict(settings),
        provenance=dict(provenance or {}),
    )


def run_tour(folder: Path, arguments: list[str]) -> TourResults:
    """Measure, and store in `folder`; `arguments` are the command line's, for the record."""
    from studies.provenance import provenance

    results = measure_tour(provenance=provenance(arguments))
    results.write(folder)
    return results
