from pathlib import Path

import pytest

from studies.report import write_report
from studies.results import ResultStore
from tests.studies.report.synthetic import failing, mixture_store, vae_store


@pytest.fixture(scope="session")
def mixture(tmp_path_factory: pytest.TempPathFactory) -> tuple[ResultStore, Path]:
    """A mixture study's store and its report: one failed run, a flat and a wide data set."""
    folder = tmp_path_factory.mktemp("reports") / "made-up"
    store = mixture_store(
        folder / "results.sqlite",
        datasets=("galaxies", "iris"),
        metrics=["log_likelihood", "elbo", "gap", "adjusted_rand_index", "steps", "fit_seconds"],
        change=failing("iris", "svi", 1),
    )
    write_report(store, "made-up", folder)
    return store, folder


@pytest.fixture(scope="session")
def vae(tmp_path_factory: pytest.TempPathFactory) -> tuple[ResultStore, Path]:
    """A VAE study's store and its report."""
    folder = tmp_path_factory.mktemp("reports") / "made-up-vae"
    store = vae_store(folder / "results.sqlite")
    write_report(store, "made-up-vae", folder)
    return store, folder


@pytest.fixture(params=["mixture", "vae"])
def report(request: pytest.FixtureRequest) -> tuple[ResultStore, Path]:
    """Each kind of report in turn."""
    found: tuple[ResultStore, Path] = request.getfixturevalue(request.param)
    return found
