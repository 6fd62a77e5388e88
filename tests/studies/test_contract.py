"""`studies check`: each planted fault is told apart, in words, by the check that is for it."""

import pickle
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from studies.contract import check_estimator
from studies.skeleton import estimator_skeleton
from suite.gmm import MixtureParameters, MixtureState
from suite.registry import EstimatorSpec, estimator_spec
from suite.third_party import outside_spec


def skeleton(name: str, kind: str, folder: Any) -> type[Any]:
    file, path, code = estimator_skeleton(name, kind)
    (folder / file).write_text(code)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        return outside_spec(path).load()


@pytest.fixture(scope="module")
def Mixture(tmp_path_factory: pytest.TempPathFactory) -> type[Any]:
    return skeleton("PlantedMixture", "mixture", tmp_path_factory.mktemp("mixture"))


@pytest.fixture(scope="module")
def VAE(tmp_path_factory: pytest.TempPathFactory) -> type[Any]:
    return skeleton("PlantedVae", "vae", tmp_path_factory.mktemp("vae"))


def broken(monkeypatch: pytest.MonkeyPatch, like: str, found: type[Any]) -> dict[str, str]:
    """What is said of each promise that a class breaks, the problem and how to mend it."""
    if found.__name__ == "Fault":  # it can be pickled by this name
        found.__module__, found.__qualname__ = __name__, "Fault"
        monkeypatch.setitem(globals(), "Fault", found)
    monkeypatch.setattr(EstimatorSpec, "load", lambda self: found)
    spec = replace(estimator_spec(like), path="planted:Fault", label="Fault")
    findings = check_estimator(spec)
    return {f.promise: f"{f.problem} | {f.mend}" for f in findings if not f.right}


# Faults of a mixture: (base class) -> the faulty class, what it breaks, and words of what is said.


def drops_a_parameter(Base: type[Any]) -> type[Any]:
    def __init__(self, n_components=1, *, covariance_type="full", tol=1e-6, reg_covar=1e-6,
                 max_iter=100, initial=None, random_state=None):  # fmt: skip
        Base.__init__(self, n_components, covariance_type=covariance_type, tol=tol,
                      reg_covar=1e-6, max_iter=max_iter, initial=initial,
                      random_state=random_state)  # fmt: skip

    return type("Fault", (Base,), {"__init__": __init__})


def looks_into_a_parameter(Base: type[Any]) -> type[Any]:
    def __init__(self, n_components=1, *, covariance_type="full", tol=1e-6, reg_covar=1e-6,
                 max_iter=100, initial=None, random_state=None):  # fmt: skip
        if not max_iter > 0:
            raise ValueError("max_iter must be above 0.")
        Base.__init__(self, n_components, covariance_type=covariance_type, tol=tol,
                      reg_covar=reg_covar, max_iter=max_iter, initial=initial,
                      random_state=random_state)  # fmt: skip

    return type("Fault", (Base,), {"__init__": __init__})


def takes_no_start(Base: type[Any]) -> type[Any]:
    def __init__(self, n_components=1, *, covariance_type="full", tol=1e-6, reg_covar=1e-6,
                 max_iter=100, random_state=None):  # fmt: skip
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.random_state = random_state

    return type("Fault", (Base,), {"__init__": __init__, "initial": None})


def _after_fit(change: Callable[[Any, Any], Any]) -> Callable[[type[Any]], type[Any]]:
    """A class whose `fit` does `change(self, X)` at its end and returns what that gives."""

    def plant(Base: type[Any]) -> type[Any]:
        def fit(self, X, y=None, *, callback=None):
            Base.fit(self, X, y, callback=callback)
            given = change(self, X)
            return self if given is None else given

        return type("Fault", (Base,), {"fit": fit})

    return plant


def _with(**members: Any) -> Callable[[type[Any]], type[Any]]:
    return lambda Base: type("Fault", (Base,), members)


def _calling_back(change: Callable[[Any], Any]) -> Callable[[type[Any]], type[Any]]:
    """A class that gives its callback something else at each step, and heeds no answer."""

    def plant(Base: type[Any]) -> type[Any]:
        def fit(self, X, y=None, *, callback=None):
            def told(progress):
                return None if callback is None else callback(change(progress))

            return Base.fit(self, X, y, callback=told)

        return type("Fault", (Base,), {"fit": fit})

    return plant


def _deaf(Base: type[Any]) -> type[Any]:
    def fit(self, X, y=None, *, callback=None):
        def told(progress):
            if callback is not None:
                callback(progress)

        return Base.fit(self, X, y, callback=told)

    return type("Fault", (Base,), {"fit": fit})


def _silent(Base: type[Any]) -> type[Any]:
    return type(
        "Fault", (Base,), {"fit": lambda self, X, y=None, *, callback=None: Base.fit(self, X)}
    )


def _jitter(self: Any, X: Any) -> None:
    self.means_ = self.means_ + 1e-3 * np.random.default_rng().normal(size=self.means_.shape)


def _seeded(self: Any, X: Any) -> None:
    np.random.seed(0)
    torch.manual_seed(0)


def _never_mind_nan(Base: type[Any]) -> type[Any]:
    def fit(self, X, y=None, *, callback=None):
        X = np.asarray(X, dtype=float)
        return Base.fit(
            self, X[np.isfinite(X).all(axis=1)] if X.ndim == 2 else X, callback=callback
        )

    return type("Fault", (Base,), {"fit": fit})


def _no_start_wanted(Base: type[Any]) -> type[Any]:
    def _start(self, rows):
        kept, self.initial = self.initial, None
        try:
            return Base._start(self, rows)
        finally:
            self.initial = kept

    return type("Fault", (Base,), {"_start": _start})


def _bad_update(Base: type[Any]) -> type[Any]:
    def _step(self, rows, mixture):
        _, _, after = Base._step(self, rows, mixture)
        wide = MixtureParameters(after.weights, after.means, 4 * after.covariances)
        return float(wide.log_prob(rows).mean()), None, wide

    return type("Fault", (Base,), {"_step": _step})


def _all_of_one_state(Base: type[Any]) -> type[Any]:
    def fit(self, X, y=None, *, callback=None):
        Base.fit(self, X)
        final = MixtureState(MixtureParameters.from_estimator(self))
        told = None if callback is None else lambda p: callback(replace(p, state=lambda: final))
        return Base.fit(self, X, callback=told)

    return type("Fault", (Base,), {"fit": fit})


MIXTURE_FAULTS = {
    "drops a parameter": (drops_a_parameter, "keeps its constructor's", "not keep reg_covar"),
    "validates early": (looks_into_a_parameter, "keeps its constructor's", "looks into max_iter"),
    "takes no start": (takes_no_start, "keeps its constructor's", "takes no initial"),
    "returns nothing": (_after_fit(lambda self, X: 0), "returns itself", "returns a int"),
    "changes a parameter": (
        _after_fit(lambda self, X: setattr(self, "tol", 1.0)),
        "returns itself",
        "changes the parameter tol",
    ),
    "never calls back": (_silent, "tells the callback", "never calls the callback"),
    "counts from 0": (
        _calling_back(lambda p: replace(p, step=p.step - 1)),
        "tells the callback",
        r"told of the steps \[0, 1, 2\]",
    ),
    "goes on": (_deaf, "stops when", "asked to stop after step 2 it goes on to step"),
    "draws by itself": (_after_fit(_jitter), "same fit for the same", "two fits with the same"),
    "seeds for all": (_after_fit(_seeded), "global random", "leaves NumPy's and torch's global"),
    "keeps a lambda": (
        _after_fit(lambda self, X: setattr(self, "helper_", lambda: 0)),
        "can be pickled",
        "PicklingError|AttributeError",
    ),
    "answers unfitted": (
        _with(score_samples=lambda self, X: np.zeros(len(X))),
        "used before fit",
        "before fit it gives results",
    ),
    "drops rows with NaN": (_never_mind_nan, "refuses data", "given a NaN it fits or answers as"),
    "forgets a bound": (
        _after_fit(lambda self, X: delattr(self, "lower_bound_")),
        "learns scikit-learn's attributes",
        "no lower_bound_, the last objective.*set self.lower_bound_",
    ),
    "has no mixture": (
        _after_fit(lambda self, X: setattr(self, "weights_", 2 * self.weights_)),
        "learns scikit-learn's attributes",
        "no mixture: weights must not be negative and must sum to 1",
    ),
    "always converged": (
        _after_fit(lambda self, X: setattr(self, "converged_", True)),
        "says whether it converged",
        "converged_ is True",
    ),
    "shows the end only": (_all_of_one_state, "shows the callback", "states of all steps are one"),
    "reports a sum": (
        _calling_back(lambda p: replace(p, objective=90 * p.objective)),
        "reports its objective",
        "last objective is .* nats per datum",
    ),
    "forgets a constant": (
        _calling_back(lambda p: replace(p, objective=p.objective + float(np.log(2 * np.pi)))),
        "reports its objective",
        "with all constants",
    ),
    "ignores its start": (_no_start_wanted, "starts from the mixture", "started at the optimum"),
    "wrong update": (_bad_update, "sample's mean and covariance", "with one component it ends at"),
    "scores without a constant": (
        lambda Base: type(
            "Fault", (Base,), {"score_samples": lambda self, X: Base.score_samples(self, X) + 1.8}
        ),
        "scores rows by the exact",
        "off the log-density at its own parameters by 1.8 nats",
    ),
    "assigns by distance": (
        _with(predict_proba=lambda self, X: np.full((len(X), 2), 0.5)),
        "assigns rows",
        "off the posterior at its own parameters by 0.5",
    ),
    "ends the program": (
        _with(sample=lambda self, n: sys.exit("no licence")),
        "draws samples",
        "it raises SystemExit: no licence",
    ),
    "draws one row": (
        lambda Base: type("Fault", (Base,), {"sample": lambda self, n: Base.sample(self, 1)}),
        "draws samples",
        r"sample\(7\) gives shapes",
    ),
}


def test_a_sound_class_breaks_no_promise(
    Mixture: type[Any], VAE: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert broken(monkeypatch, "em", Mixture) == {}
    assert broken(monkeypatch, "torch-vae", VAE) == {}


@pytest.mark.parametrize("fault", MIXTURE_FAULTS)
def test_a_fault_of_a_mixture_is_told_by_the_check_that_is_for_it(
    fault: str, Mixture: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant, promise, words = MIXTURE_FAULTS[fault]
    _assert_told(broken(monkeypatch, "em", plant(Mixture)), promise, words)


def _wide_bound(Base: type[Any]) -> type[Any]:
    return type("Fault", (Base,), {"elbo_": property(lambda self: 64 * self.objectives_[-1])})


def _per_pixel(Base: type[Any]) -> type[Any]:
    def score_samples(self, X):
        return Base.score_samples(self, X) / np.shape(X)[1]

    return type("Fault", (Base,), {"score_samples": score_samples})


def _copied_networks(Base: type[Any]) -> type[Any]:
    def change(progress):
        first = pickle.dumps(progress.state()) if progress.step == 1 else None
        kept.append(first)
        return replace(progress, state=lambda: pickle.loads(kept[0] or b""))

    kept: list[Any] = []

    def fit(self, X, y=None, *, callback=None):
        kept.clear()

        def told(progress):
            return None if callback is None else callback(change(progress))

        return Base.fit(self, X, y, callback=told)

    return type("Fault", (Base,), {"fit": fit})


VAE_FAULTS = {
    "keeps no networks": (
        _after_fit(lambda self, X: setattr(self, "networks_", object())),
        "learns networks",
        "a object without encode, decode",
    ),
    "shows the first epoch": (_copied_networks, "shows the callback its networks", "not those"),
    "climbs down": (
        _calling_back(lambda p: replace(p, objective=-p.objective)),
        "improves its objective",
        "which is no better",
    ),
    "reports a sum": (
        _wide_bound,
        "reports its bound",
        "its elbo_ is .* the bound of its networks",
    ),
    "scores a pixel": (_per_pixel, "scores rows by the importance", "score_samples has a mean of"),
    "draws anew": (
        lambda Base: type(
            "Fault", (Base,), {"sample": lambda self, n, random_state: Base.sample(self, n)}
        ),
        "draws samples",
        "two samples with the same random_state differ",
    ),
    "interpolates one": (
        _with(interpolate=lambda self, a, b, steps: np.zeros((1, 12))),
        "codes, decodes",
        r"interpolate\(a, b, 5\) gives shape",
    ),
    "stops not": (_deaf, "stops when", "asked to stop after step 2 it goes on to step 6"),
}


@pytest.mark.parametrize("fault", VAE_FAULTS)
def test_a_fault_of_a_vae_is_told_by_the_check_that_is_for_it(
    fault: str, VAE: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant, promise, words = VAE_FAULTS[fault]
    _assert_told(broken(monkeypatch, "torch-vae", plant(VAE)), promise, words)


def _assert_told(said: dict[str, str], promise: str, words: str) -> None:
    told = [kept for kept in said if promise in kept]
    assert len(told) == 1, said
    assert re.search(words, said[told[0]]), said
    assert not any("\n" in text for text in said.values())
    others = [kept for kept in said if kept not in told]
    assert not others or words in _KNOCK_ON, others


_KNOCK_ON = {
    "takes no initial",
    "never calls the callback",
    "two fits with the same",
    "before fit it gives results",
    "no mixture: weights must not be negative and must sum to 1",
    "a object without encode, decode",
}
"""By their words, the faults that make other promises break as well; all others break one."""
