"""scikit-learn's own tests of mixtures, as installed, with our class in place of theirs.

Their source is read, three names in it are exchanged, and every test function in it is collected
here, but for those in `LEFT_OUT`. Where they give a choice of precision, both are run.
"""

import ast
import re
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from suite.gmm import EMGaussianMixture

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

MODULES = ("test_gaussian_mixture", "test_mixture")

_NO_CLASS = "calls only private functions of scikit-learn's module, and no mixture"
_ARRAY_API = "hands over arrays of other libraries under array_api_dispatch, which is not offered"

LEFT_OUT = {
    "test_suffstat_sk_full": _NO_CLASS,
    "test_suffstat_sk_tied": _NO_CLASS,
    "test_suffstat_sk_diag": _NO_CLASS,
    "test_gaussian_suffstat_sk_spherical": _NO_CLASS,
    "test_compute_log_det_cholesky": _NO_CLASS,
    "test_gaussian_mixture_log_probabilities": _NO_CLASS,
    "test_gaussian_mixture_precisions_init": "drives the private _initialize and _set_parameters; "
    "test_drop_in.py tests the same through fit",
    "test_gaussian_mixture_all_init_does_not_estimate_gaussian_parameters": "counts the calls of "
    "a private function of scikit-learn's module; test_drop_in.py tests the same through fit",
    "test_gaussian_mixture_array_api_compliance": _ARRAY_API,
    "test_gaussian_mixture_raises_where_array_api_not_implemented": _ARRAY_API,
}

EXCHANGED = {
    r"from sklearn\.mixture import .*GaussianMixture": "from suite.gmm import EMGaussianMixture",
    r"\bBayesianGaussianMixture\(\)": "",  # the other estimator of parametrised tests
    r"\bGaussianMixture\b": "EMGaussianMixture",  # also in the messages they expect
    r"\._n_parameters\(\)": ".n_parameters()",  # private there, public here
}


def source_of(name: str) -> str:
    spec = find_spec(f"sklearn.mixture.tests.{name}")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).read_text(encoding="utf-8")


def with_our_class(name: str) -> ModuleType:
    """Their module of tests, about our class."""
    source = source_of(name)
    for pattern, replacement in EXCHANGED.items():
        source = re.sub(pattern, replacement, source)
    module = ModuleType(f"sklearn_{name}")
    exec(compile(source, f"<{name} of scikit-learn>", "exec"), vars(module))
    return module


THEIRS: dict[str, Callable[..., None]] = {
    name: test
    for module in map(with_our_class, MODULES)
    for name, test in vars(module).items()
    if name.startswith("test_") and name not in LEFT_OUT
}
globals().update(THEIRS)


@pytest.fixture(params=[np.float32, np.float64])
def global_dtype(request: pytest.FixtureRequest) -> Any:
    """Their fixture of this name; there single precision is skipped unless asked for."""
    return request.param


@pytest.fixture
def global_random_seed() -> int:
    """Their fixture of this name, with its default."""
    return 42


@pytest.fixture(autouse=True)
def _our_class_is_fitted(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Each of their tests must fit our class: the exchange of names has worked."""
    fits: list[str] = []
    for name in ("fit", "fit_predict"):
        method = getattr(EMGaussianMixture, name)

        def counted(
            self: EMGaussianMixture, *args: Any, _method: Any = method, **options: Any
        ) -> Any:
            fits.append(_method.__name__)
            return _method(self, *args, **options)

        monkeypatch.setattr(EMGaussianMixture, name, counted)
    yield
    if request.node.originalname in THEIRS:
        assert fits


def test_all_of_theirs_are_collected_but_those_left_out() -> None:
    defined = {
        node.name
        for name in MODULES
        for node in ast.parse(source_of(name)).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    assert set(LEFT_OUT) <= defined
    assert set(THEIRS) == defined - set(LEFT_OUT)
    assert {name for name in globals() if name.startswith("test_")} > set(THEIRS)
    assert len(THEIRS) >= 33  # as many as scikit-learn 1.9.1 has
