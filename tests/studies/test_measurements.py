"""What a study can ask to be measured of a fit besides its scores."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from studies.cells import Cell, plan_cells
from studies.display import SilentDisplay
from studies.product_rate import measure_products, statistics_length
from studies.profiles import resolve
from studies.results import CellResult
from studies.runner import RunPlan, run_plan
from studies.scheduling import EndedCell
from studies.study_files import parse_study
from studies.worker import load_dataset, preflight, run_cell
from suite.errors import InputError
from suite.evaluation import mixture_log_likelihood
from suite.gmm import (
    COVARIANCE_TYPES,
    EMGaussianMixture,
    MixtureParameters,
    initial_parameters,
)
from suite.registry import EstimatorSpec, UnavailableError

STUDY = """
title = "t"
question = "q?"
kind = "mixture"
baseline = "em"
metrics = ["step_seconds"]
seeds = 1
start_rows = 150

[stopping]
tolerance = 0
max_steps = 6

[evaluation]
trace = "objective"
score_rows = 100
warm_up_rows = 120
extra = ["em_rate", "product_rate"]

[datasets.drawn]
load = "simulated"
options = { n_samples = 400, n_components = 2, test_size = 0.0 }
settings = { n_components = 2, reg_covar = 0 }

[estimators.em]

[estimators.svi]
"""

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def cells(**changes: Any) -> list[Cell]:
    planned = plan_cells(resolve(parse_study(STUDY, "t.toml")), "t", "cpu")
    return [replace(cell, **changes) for cell in planned]


def values(result: CellResult) -> dict[tuple[str, str], float]:
    assert result.status == "ok", result.traceback
    return {(s.metric, s.split): s.value for s in result.scores}


@pytest.fixture(autouse=True)
def _threads() -> Any:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_the_start_the_scores_and_the_way_are_those_asked_for() -> None:
    cell = cells()[0]
    result = run_cell(cell, lambda step, objective: None)
    found = values(result)
    X = load_dataset(cell).train
    start = initial_parameters(X[:150], 2, reg_covar=0, random_state=cell.start_seed)
    alone = EMGaussianMixture(2, tol=0, max_iter=6, reg_covar=0, initial=start).fit(X)
    scored = mixture_log_likelihood(MixtureParameters.from_estimator(alone), X[:100]).mean()
    assert found["log_likelihood", "train"] == pytest.approx(scored, rel=1e-12)
    assert found["objective", "train"] == pytest.approx(alone.lower_bound_, rel=1e-12)
    assert ("log_likelihood", "test") not in found
    way = [(p.step, p.metric, p.value) for p in result.trace]
    expected = [(t, "objective", b) for t, b in enumerate(alone.lower_bounds_, start=1)]
    assert [w[:2] for w in way] == [e[:2] for e in expected]
    np.testing.assert_allclose([w[2] for w in way], [e[2] for e in expected], rtol=1e-12)
    assert found["steps", ""] == 6
    assert 0 < found["step_seconds", ""] < found["fit_seconds", ""]
    assert 0 < found["first_step_seconds", ""] < found["fit_seconds", ""]


def test_extras_are_measured_of_em_alone() -> None:
    em, svi = (values(run_cell(cell, lambda *_: None)) for cell in cells())
    assert 0 <= em["em_rate", ""] < 1
    for metric in ("product_seconds", "product_rate", "square_product_rate"):
        assert em[metric, ""] > 0
        assert (metric, "") not in svi
    assert ("em_rate", "") not in svi
    assert ("step_seconds", "") in svi


def test_nothing_is_noted_where_nothing_is_asked_for() -> None:
    cell = cells(trace="none", extra=(), warm_up_rows=0)[0]
    result = run_cell(cell, lambda *_: None)
    assert len(result.trace) == 0
    assert not any(name.startswith("view") for name in result.arrays)
    assert ("em_rate", "") not in values(result)


def test_memory_is_not_measured_while_scoring_adds_to_it() -> None:
    assert ("fit_memory", "") not in values(run_cell(cells(trace="scores")[0], lambda *_: None))


def test_an_estimator_that_is_not_installed_is_a_row_and_no_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    def absent(spec: EstimatorSpec) -> Any:
        raise UnavailableError("EM (em) needs the package em, which is not installed: pip install")

    cell = cells()[0]
    with monkeypatch.context() as patched:
        patched.setattr(EstimatorSpec, "load", absent)
        (checked,) = preflight([cell])
        result = run_cell(checked, lambda *_: None)
    assert result.status == "unavailable"
    assert "pip install" in result.message

    def ended() -> Iterator[EndedCell]:
        yield EndedCell(checked, result, 0.1)

    monkeypatch.setattr("studies.runner.run_cells", lambda *_, **__: ended())
    plan = RunPlan("t", resolve(parse_study(STUDY, "t.toml")), "full", [checked])
    done = run_plan(plan, tmp_path, SilentDisplay(), arguments=[])
    assert done.failures == 0
    assert "unavailable" in done.report.read_text()


def test_the_bound_is_four_operations_for_each_statistic_datum_and_component() -> None:
    products = measure_products(3000, 3, 4, covariance_type="full", dtype=torch.float32)
    M = 6 + 3 + 1
    assert products.seconds == pytest.approx(4 * 3000 * M * 4 / products.rate)
    assert products.square_rate > 0
    lengths = {kind: statistics_length(5, kind) for kind in COVARIANCE_TYPES}
    assert lengths == {
        "full": 21,
        "tied": 6,
        "diag": 11,
        "spherical": 7,
        "tied_diag": 6,
        "tied_spherical": 6,
    }
    with pytest.raises(InputError, match="covariance_type"):
        statistics_length(5, "round")
