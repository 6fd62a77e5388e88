"""scikit-learn's callback protocol: every start and step is a task, and may end the climb."""

import re
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.callback import FitCallback, ProgressBar, ScoringMonitor
from sklearn.model_selection import GridSearchCV

from suite.gmm import EMGaussianMixture, MixtureParameters, SVIGaussianMixture
from tests.gmm.mixtures import table

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, K = table("iris")


class Recorder:
    """Notes what it is told, in order, and asks to stop at the end of the tasks named."""

    def __init__(self, stop_at: tuple[str, int] | None = None) -> None:
        self.stop_at = stop_at
        self.told: list[tuple[str, str, int]] = []
        self.starts: dict[int, list[tuple[str, int]]] = {}
        self.fitted: list[Any] = []

    def setup(self, estimator: Any, context: Any) -> None:
        self.told.append(("setup", context.task_name, context.task_id))

    def teardown(self, estimator: Any, context: Any) -> None:
        self.told.append(("teardown", context.task_name, context.task_id))

    def on_fit_task_begin(
        self, estimator: Any, context: Any, *, X: Any = None, metadata: Any = None
    ) -> None:
        self.note("begin", context)
        self.data, self.metadata = X, metadata

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> bool:
        self.note("end", context)
        if context.task_name == "iteration":
            self.fitted.append(fitted_estimator)
        return self.stop_at == (context.task_name, context.task_id)

    def note(self, what: str, context: Any) -> None:
        self.told.append((what, context.task_name, context.task_id))
        if context.task_name == "iteration":
            assert context.parent.task_name == "start"
            self.starts.setdefault(context.parent.task_id, []).append((what, context.task_id))

    def count(self, what: str, name: str) -> int:
        return sum(told[:2] == (what, name) for told in self.told)

    def check(self, steps_of_starts: list[int]) -> None:
        """Whether each start took so many steps, in order and all ended; starts may interleave."""
        assert self.told[:2] == [("setup", "fit", 0), ("begin", "fit", 0)]
        assert self.told[-2:] == [("end", "fit", 0), ("teardown", "fit", 0)]
        for start, steps in enumerate(steps_of_starts):
            expected = [(what, step) for step in range(steps) for what in ("begin", "end")]
            assert self.starts[start] == expected
            assert self.told.index(("begin", "start", start)) < self.told.index(
                ("end", "start", start)
            )
        assert self.count("begin", "start") == self.count("end", "start") == len(steps_of_starts)
        assert self.count("end", "iteration") == sum(steps_of_starts)


class Clock:
    """Adds up the seconds between the begins and ends of all tasks of a name."""

    def __init__(self) -> None:
        self.seconds = {"fit": 0.0, "start": 0.0, "iteration": 0.0}

    def setup(self, estimator: Any, context: Any) -> None: ...

    def teardown(self, estimator: Any, context: Any) -> None: ...

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        self.seconds[context.task_name] -= perf_counter()

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        self.seconds[context.task_name] += perf_counter()


def test_every_start_and_iteration_is_a_task() -> None:
    recorder = Recorder()
    assert isinstance(recorder, FitCallback)
    told: list[int] = []
    mixture = EMGaussianMixture(K, n_init=3, tol=0.0, max_iter=4, random_state=0)
    weights = np.ones(len(X))
    mixture.set_callbacks(recorder).fit(
        X, sample_weight=weights, callback=lambda progress: told.append(progress.step)
    )
    recorder.check([4, 4, 4])
    assert recorder.data is X
    assert recorder.metadata["sample_weight"] is weights
    assert told == list(range(1, len(told) + 1))  # the suite's own callback beside it
    assert len(told) >= 4
    assert not [name for name in vars(mixture) if "callback" in name and name != "_skl_callbacks"]


@pytest.mark.parametrize("Mixture", [EMGaussianMixture, SVIGaussianMixture])
def test_a_callback_sees_the_estimator_as_if_it_had_stopped_there(Mixture: type[Any]) -> None:
    recorder = Recorder()
    options: dict[str, Any] = {"tol": 0.0, "random_state": 0}
    full = Mixture(K, max_iter=4, **options).set_callbacks(recorder).fit(X)
    assert len(recorder.fitted) == 4
    for steps, seen in enumerate(recorder.fitted, start=1):
        expected = Mixture(K, max_iter=steps, **options).fit(X)
        np.testing.assert_allclose(seen.score_samples(X), expected.score_samples(X), rtol=1e-9)
        # SVI puts the components in order at the end
        np.testing.assert_allclose(
            np.sort(seen.precisions_, axis=None),
            np.sort(expected.precisions_, axis=None),
            rtol=1e-7,
        )
    assert recorder.fitted[0].score(X) < full.score(X)


def test_stopping_at_an_iteration_ends_its_start() -> None:
    recorder = Recorder(stop_at=("iteration", 1))
    mixture = EMGaussianMixture(K, n_init=3, tol=0.0, max_iter=5, random_state=0)
    fitted = mixture.set_callbacks(recorder).fit(X)
    recorder.check([2, 2, 2])
    assert (fitted.n_iter_, fitted.converged_) == (2, False)


def test_stopping_at_a_start_ends_the_fit(capsys: pytest.CaptureFixture[str]) -> None:
    """Where they climb one after the other, as they do to be printed."""
    recorder = Recorder(stop_at=("start", 1))
    mixture = EMGaussianMixture(K, n_init=3, tol=0.0, max_iter=5, random_state=0, verbose=1)
    mixture.set_callbacks(recorder).fit(X)
    recorder.check([5, 5])
    assert capsys.readouterr().out.count("Initialization") == 4


@pytest.mark.parametrize("Mixture", [EMGaussianMixture, SVIGaussianMixture])
def test_the_work_of_an_iteration_is_done_within_its_task(Mixture: type[Any]) -> None:
    """Nearly all of the time, where a task that began when it ended would have next to none."""
    clock = Clock()
    mixture = Mixture(8, tol=0.0, max_iter=20, random_state=0, init_params="random")
    mixture.set_callbacks(clock).fit(np.random.default_rng(0).normal(size=(5000, 6)))
    assert clock.seconds["iteration"] > 0.5 * clock.seconds["start"]


def test_an_early_end_leaves_no_task_open() -> None:
    recorder = Recorder()
    fitted = EMGaussianMixture(K, random_state=0).set_callbacks(recorder).fit(X)
    assert fitted.converged_
    recorder.check([fitted.n_iter_])


def test_what_was_set_up_is_torn_down_when_a_fit_fails() -> None:
    recorder = Recorder()
    mixture = EMGaussianMixture(2, reg_covar=0.0).set_callbacks(recorder)
    with pytest.raises(ValueError, match="ill-defined"):
        mixture.fit(np.ones((9, 2)))
    assert recorder.told[0][0] == "setup"
    assert recorder.told[-1][0] == "teardown"
    assert not hasattr(mixture, "_callback_fit_ctx")


def test_a_start_that_cannot_be_climbed_from_leaves_no_task_open() -> None:
    recorder = Recorder()
    flat = MixtureParameters([0.5, 0.5], X[:2], [0.0, 1.0], "spherical")
    mixture = EMGaussianMixture(2, covariance_type="spherical", initial=flat)
    with pytest.raises(ValueError, match="ill-defined"):
        mixture.set_callbacks(recorder).fit(X)
    for name in ("iteration", "start"):
        assert recorder.count("begin", name) == recorder.count("end", name) == 1


def test_progress_bar_runs_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    mixture = EMGaussianMixture(K, n_init=2, random_state=0).set_callbacks(ProgressBar())
    plain = EMGaussianMixture(K, n_init=2, random_state=0).fit(X)
    assert capsys.readouterr().out == ""
    np.testing.assert_array_equal(mixture.fit(X).means_, plain.means_)
    shown = capsys.readouterr().out
    for bar in ("EMGaussianMixture - fit", "EMGaussianMixture - start #0", "start #1"):
        assert bar in shown
    assert "100%" in shown
    assert not re.search(r"\b[0-9]{1,2}%", shown)
    assert clone(mixture)._skl_callbacks == mixture._skl_callbacks


def test_scores_are_monitored() -> None:
    def scored(fitted: Any, rows: Any, y: Any, sample_weight: Any) -> dict[str, float]:
        return {"score": fitted.score(rows, y, sample_weight=sample_weight)}

    monitor = ScoringMonitor(scoring=scored)
    fitted = EMGaussianMixture(K, random_state=0).set_callbacks(monitor)
    fitted.fit(X, np.zeros(len(X)), sample_weight=np.ones(len(X)))
    scores = [row["score"] for row in monitor.get_logs().data if row["task_name"] == "iteration"]
    assert len(scores) == fitted.n_iter_
    np.testing.assert_allclose(scores[:-1], fitted.lower_bounds_[1:], rtol=1e-10)
    assert scores[-1] == pytest.approx(fitted.score(X), rel=1e-12)


def test_callbacks_reach_the_fits_of_a_search() -> None:
    search = GridSearchCV(
        EMGaussianMixture(K, random_state=0), {"covariance_type": ["full", "diag"]}, cv=2
    )
    recorder = Recorder()
    search.estimator.set_callbacks(recorder)
    search.fit(X)
    assert recorder.count("end", "fit") == 5  # two folds of each, and the refit
