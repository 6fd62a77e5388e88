"""The pages that the tests open: small reports of made-up results."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from studies.report import write_index, write_report
from studies.results import CellResult, PlannedCell
from tests.studies.report.synthetic import failing, mixture_store, vae_store

EPOCHS = (1, 2, 5, 10, 30)


def write_pages(folder: Path) -> None:
    """A report on mixtures with a failed run, one on VAEs with pictures by epoch, and the index."""
    mixture = mixture_store(
        folder / "mixtures" / "results.sqlite",
        datasets=("faithful", "galaxies", "iris"),
        change=failing("iris", "svi", 1),
        sections=["answer", "scores", "verdicts", "ascent", "failures", "method"],
    )
    vae = vae_store(
        folder / "vaes" / "results.sqlite",
        seeds=2,
        change=with_epochs,
        sections=["answer", "scores", "reconstructions", "curves", "method"],
    )
    for store, name in ((mixture, "mixtures"), (vae, "vaes")):
        write_report(store, name, folder / name)
    write_index(folder)


def with_epochs(cell: PlannedCell, result: CellResult) -> CellResult:
    """The result with what the first seed's model made at some epochs, each a shade of its own."""
    if cell.seed != 0:
        return result
    shades = np.linspace(40, 220, len(EPOCHS)).astype(np.uint8)[:, None, None]
    return replace(
        result,
        arrays=result.arrays
        | {
            "epoch_steps": np.array(EPOCHS),
            "epoch_reconstructions": np.tile(shades, (1, 10, 28 * 28)),
            "epoch_samples": np.tile(shades, (1, 16, 28 * 28)),
        },
    )
