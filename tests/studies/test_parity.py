"""The parity gate of a study: what it finds, what it survives, and that it is done once."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from studies.cells import Cell, plan_cells
from studies.families.parity import CHECKS, check_mixture, compared_at
from studies.parity import run_gate
from studies.parity_checks import parity_checks
from studies.parity_worker import checked
from studies.profiles import resolve
from studies.report.loaded import StudyResults
from studies.report.parity_data import failing_estimators, may_be_ranked
from studies.report.verdict_data import comparisons
from studies.results import ParityRow, ResultStore
from studies.study_files import parse_study
from suite.data import load
from suite.gmm import COVARIANCE_TYPES
from tests.studies.report.synthetic import mixture_store

STUDY = """
title = "t"
question = "q?"
kind = "mixture"
baseline = "em"
metrics = ["log_likelihood", "fit_seconds"]
seeds = 2

[stopping]
tolerance = 1e-5
max_steps = 50
time_limit = 30

[datasets.faithful]
settings = { n_components = 2 }

[datasets.iris]
settings = { n_components = 3, covariance_type = "diag", reg_covar = 0.01 }

[estimators.em]
[estimators.sklearn]
[estimators.svi]
"""

VAES = """
title = "t"
question = "q?"
kind = "vae"
baseline = "torch-vae"
metrics = ["elbo"]
seeds = 1

[stopping]
max_steps = 1

[datasets.mnist]
settings = { latent_dim = 3, hidden_dims = [20], likelihood = "bernoulli" }

[estimators.torch-vae]
[estimators.pyro-vae]
[estimators.autoencoder]
"""

FAULTS = """
import os, signal, time
import numpy as np
from suite.gmm import EMGaussianMixture
from suite.vae import TorchVAE
from suite.objective import PointObjective

class WrongConstant(EMGaussianMixture):
    def score_samples(self, X):
        return super().score_samples(X) + 0.5 * np.log(2 * np.pi)

class NotANumber(EMGaussianMixture):
    def score_samples(self, X):
        return super().score_samples(X) * np.nan

class Killed(EMGaussianMixture):
    def score_samples(self, X):
        os.kill(os.getpid(), signal.SIGKILL)

class Hanging(EMGaussianMixture):
    def score_samples(self, X):
        time.sleep(600)

class Raising(EMGaussianMixture):
    def score_samples(self, X):
        raise KeyError("no such thing")

class Impatient(EMGaussianMixture):
    def _check_parameters(self):
        if self.max_iter == 0:
            raise ValueError("max_iter must be at least 1")
        super()._check_parameters()

class DoubledDivergence(TorchVAE):
    def objective_at(self, X, start, *, random_state=0):
        own = super().objective_at(X, start, random_state=random_state)
        return PointObjective(own.objective - 2.0, own.gradient)
"""


def cells_of(text: str) -> list[Cell]:
    """The study's cells, as if their data had been looked at."""
    study = resolve(parse_study(text, "t.toml"))
    return [replace(cell, data_hash="0" * 16) for cell in plan_cells(study, "t", "cpu")]


def found_in(cells: list[Cell]) -> pd.DataFrame:
    """What the gate's own process would find, found here."""
    rows = [row for rows in checked(parity_checks(cells)) for row in rows]
    return pd.DataFrame([vars(row) for row in rows])


@pytest.fixture
def faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module of estimators that are wrong; its name."""
    name = f"faults_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(FAULTS, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return name


def with_fault(text: str, faults: str, *names: str, limit: float = 30) -> list[Cell]:
    entries = "".join(f'[estimators.{n}]\nestimator = "{faults}:{n}"\n' for n in names)
    return cells_of(text.replace("time_limit = 30", f"time_limit = {limit}") + entries)


# -- what is checked ------------------------------------------------------------------------------


def test_every_estimator_of_the_suite_agrees() -> None:
    found = found_in(cells_of(STUDY))
    assert len(found) == 2 * 3 * 3
    assert set(found["status"]) == {"agrees"}
    assert (found["difference"] <= found["tolerance"]).all()


def test_twins_agree_and_the_autoencoder_takes_no_part() -> None:
    found = found_in(cells_of(VAES))
    assert set(found["estimator"]) == {"torch-vae", "pyro-vae"}
    assert set(found["status"]) == {"agrees"}
    assert found["tolerance"].max() < 1e-9  # in double precision, though the study is in single


def test_there_is_a_check_for_each_family_that_has_a_likelihood() -> None:
    assert set(CHECKS) == {"mixture", "vae"}


def test_a_sweep_is_checked_once_for_each_type_and_width() -> None:
    text = STUDY.replace(
        "settings = { n_components = 2 }",
        'vary = { "settings.n_components" = [1, 2, 3], "settings.covariance_type" = ["full", '
        '"diag"] }',
    )
    places = [
        (c.cell.dataset, c.cell.estimator) for c in parity_checks(cells_of(text)) if c.cell.group
    ]
    assert sorted(places) == sorted(
        (f"faithful n_components=2 covariance_type={kind}", name)
        for kind in ("full", "diag")
        for name in ("em", "sklearn", "svi")
    )


def test_a_repeat_is_not_checked_beside_what_it_repeats() -> None:
    text = STUDY + '[estimators.em-again]\nestimator = "em"\nrepeats = "em"\n'
    assert "em-again" not in {c.cell.estimator for c in parity_checks(cells_of(text))}


@pytest.mark.parametrize("kind", COVARIANCE_TYPES)
def test_every_component_has_rows_at_the_point_of_comparison(kind: str) -> None:
    X = load("breast_cancer").train
    mixture = compared_at(X, 2, kind, reg_covar=0.0)
    assert mixture.covariance_type == kind
    assert mixture.responsibilities(X).sum(0).min() > X.shape[1] + 1


def awkward(name: str) -> np.ndarray:
    """Rows that strain the arithmetic."""
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.normal(size=(60, 3)), 4 + rng.normal(size=(60, 3))])
    return {
        "far from the origin": rows + 1e6,
        "of unequal scales": rows * [1e-6, 1, 1e6],
        "with a constant": np.c_[rows, np.ones(len(rows))],
        "with an outlier": np.r_[rows, [[1e4] * 3]],
        "few": rows[:10],
        "equal": np.repeat(rows[:1], 30, axis=0),
    }[name]


@pytest.mark.parametrize("reg_covar", [0.0, 1e-6])
@pytest.mark.parametrize(
    "name",
    [
        "far from the origin",
        "of unequal scales",
        "with a constant",
        "with an outlier",
        "few",
        "equal",
    ],
)
def test_awkward_rows_raise_no_false_alarm(name: str, reg_covar: float) -> None:
    rows = awkward(name)
    for cell in (c for c in cells_of(STUDY) if (c.seed, c.dataset) == (0, "iris")):
        for kind in ("full", "diag"):
            settings = {"n_components": 3, "covariance_type": kind, "reg_covar": reg_covar}
            data: Any = SimpleNamespace(train=rows)
            found = check_mixture(replace(cell, settings=settings), data)
            assert {one.outcome for one in found} <= {"agrees", "not available"}


def test_keys_name_what_decides_and_nothing_else() -> None:
    (first, *_), (again, *_) = parity_checks(cells_of(STUDY)), parity_checks(cells_of(STUDY))
    assert first.key == again.key
    changed = replace(first, cell=replace(first.cell, data_hash="1" * 16))
    limits = replace(first, cell=replace(first.cell, time_limit=1.0, tolerance=0.1))
    assert changed.key != first.key
    assert limits.key == first.key


# -- planted faults -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status", "message"),
    [
        ("WrongConstant", {"log_likelihood": "differs"}, ""),
        ("NotANumber", {"log_likelihood": "differs"}, "not finite"),
        ("Raising", {"all": "failed"}, "KeyError: 'no such thing'"),
    ],
)
def test_a_fault_is_a_row(faults: str, fault: str, status: dict[str, str], message: str) -> None:
    found = found_in(with_fault(STUDY, faults, fault))
    rows = found[(found["estimator"] == fault) & (found["dataset"] == "iris")]
    bad = rows[~rows["status"].isin(["agrees", "not available"])]
    assert dict(zip(bad["quantity"], bad["status"], strict=True)) == status
    assert set(bad["message"]) == {message}
    assert set(found.loc[found["estimator"] != fault, "status"]) == {"agrees"}


def test_a_vae_whose_bound_is_off_differs(faults: str) -> None:
    found = found_in(with_fault(VAES, faults, "DoubledDivergence"))
    wrong = found[found["status"] == "differs"]
    assert set(wrong["estimator"]) == {"DoubledDivergence"}
    assert "elbo" in set(wrong["quantity"])


def test_who_cannot_be_put_at_given_parameters_is_not_checked(faults: str) -> None:
    found = found_in(with_fault(STUDY, faults, "Impatient"))
    rows = found[found["estimator"] == "Impatient"]
    assert set(rows["status"]) == {"not available"}
    assert rows["message"].str.contains("max_iter must be at least 1").all()


# -- in a process of its own ----------------------------------------------------------------------


def test_the_gate_outlives_what_it_checks_and_is_done_once(faults: str, tmp_path: Path) -> None:
    cells = with_fault(STUDY, faults, "Killed", "Hanging", limit=6)
    cells = [c for c in cells if c.dataset == "faithful"]
    store = ResultStore(tmp_path / "results.sqlite")
    store.write_plan({}, [cell.planned() for cell in cells], {})
    told: list[str] = []
    run_gate(cells, store, note=told.append)
    found = store.parity()
    statuses = {e: set(rows["status"]) for e, rows in found.groupby("estimator")}
    assert statuses == {
        "em": {"agrees"},
        "sklearn": {"agrees"},
        "svi": {"agrees"},
        "Killed": {"killed"},
        "Hanging": {"timeout"},
    }
    assert len(told) == 2
    assert "SIGKILL" in " ".join(found["message"])
    sound = [c for c in cells if c.estimator in ("em", "sklearn", "svi")]
    before = found[found["status"] == "agrees"].reset_index(drop=True)
    run_gate(sound, store)  # checks nothing anew, and forgets what is no longer in the study
    after = store.parity()
    pd.testing.assert_frame_equal(after, before)
    run_gate(sound, store, force=True)
    assert list(store.parity()["provenance"]) != list(after["provenance"])


# -- who is ranked --------------------------------------------------------------------------------


def stored(path: Path, *rows: tuple[str, str, str]) -> StudyResults:
    """A study's results with these checks: estimator, quantity, status."""
    store = mixture_store(path / "results.sqlite")
    store.write_parity([made_up(*row) for row in rows], [f"k{e}" for e, *_ in rows])
    return StudyResults.read(store)


def made_up(estimator: str, quantity: str, status: str, **more: Any) -> ParityRow:
    return ParityRow(f"k{estimator}", "iris", estimator, quantity, 1e-3, 1e-9, status, **more)


@pytest.mark.parametrize("status", ["differs", "failed", "timeout", "killed"])
def test_a_pair_with_one_that_fails_is_not_ranked(tmp_path: Path, status: str) -> None:
    results = stored(
        tmp_path,
        ("em", "gradient", "agrees"),
        ("sklearn", "gradient", "not available"),
        ("svi", "gradient", status),
    )
    assert failing_estimators(results) == ("svi",)
    assert may_be_ranked(results, "em", "sklearn")
    assert not may_be_ranked(results, "em", "svi")
    pairs = {frozenset((c.one, c.other)) for c in comparisons(results)}
    assert pairs == {frozenset(("em", "sklearn"))}


def test_without_a_gate_all_are_ranked(tmp_path: Path) -> None:
    results = StudyResults.read(mixture_store(tmp_path / "results.sqlite"))
    assert may_be_ranked(results, "em", "svi")
    assert len({frozenset((c.one, c.other)) for c in comparisons(results)}) == 3
