"""A tour measured once, small enough for tests: fewer images, a coarser grid, one epoch."""

from pathlib import Path

import pytest

from studies.tour.measuring import measure_tour
from studies.tour.settings import TourSettings
from studies.tour.store import TourResults

SMALL = TourSettings(
    hidden=16,
    epochs=1,
    train_images=1000,
    images=4,
    grid_step=0.05,
    nodes=24,
    draws=500,
    linear_images=300,
    linear_dim=3,
)


@pytest.fixture(scope="session")
def measured() -> TourResults:
    return measure_tour(SMALL)


@pytest.fixture
def stored(measured: TourResults, tmp_path: Path) -> Path:
    """The tour's folder in a folder of reports that has no study."""
    folder = tmp_path / "reports" / "tour"
    measured.write(folder)
    return folder
