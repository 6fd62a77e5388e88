"""Estimators of other packages: what is found, what is assumed, and what is said of mistakes."""

import sys
from pathlib import Path

import pytest

from studies.study_files import parse_study
from suite.errors import InputError
from suite.registry import ESTIMATORS, estimator_names, estimator_spec

MODULE = """
helper = 3

class Bare:
    def __init__(self, n_components=1, *, max_iter=9): ...
    def predict_proba(self, X): ...

class Said:
    suite_family = "vae"
    suite_label = "VAE (said)"
    suite_step = "step"
    suite_steps_parameter = "rounds"
    def __init__(self, *, rounds=9): ...

class Coder:
    def __init__(self, *, max_epochs=9): ...
    def inverse_transform(self, Z): ...

class Endless:
    suite_family = "mixture"
    def __init__(self, n_components=1): ...

class Stone: ...

class Odd(Bare):
    suite_family = "forest"
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """The name of a fresh module that can be imported."""
    name = "outside_" + "".join(c if c.isalnum() else "_" for c in request.node.name)
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    return name


def announce(folder: Path, package: str, **names: str) -> None:
    """Lay out what pip leaves of an installed package that announces these estimators."""
    about = folder / f"{package}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    lines = [f"{name} = {value}" for name, value in names.items()]
    (about / "entry_points.txt").write_text(
        "\n".join(["[latent_variable_suite.estimators]", *lines]) + "\n"
    )


def test_what_a_class_does_not_say_has_a_default(module: str) -> None:
    bare = estimator_spec(f"{module}:Bare")
    assert (bare.family, bare.label, bare.step) == ("mixture", "Bare", "iteration")
    assert bare.steps_parameter == "max_iter"
    assert bare.load() is sys.modules[module].Bare
    coder = estimator_spec(f"{module}:Coder")
    assert (coder.family, coder.step, coder.steps_parameter) == ("vae", "epoch", "max_epochs")


def test_what_a_class_says_holds(module: str) -> None:
    said = estimator_spec(f"{module}:Said")
    assert (said.family, said.label) == ("vae", "VAE (said)")
    assert (said.step, said.steps_parameter) == ("step", "rounds")


def test_an_installed_package_announces_its_estimators(module: str, tmp_path: Path) -> None:
    announce(tmp_path, "trees", oak=f"{module}:Bare", em=f"{module}:Bare")
    oak = estimator_spec("oak")
    assert (oak.name, oak.path, oak.family) == ("oak", f"{module}:Bare", "mixture")
    assert estimator_names() == (*ESTIMATORS, "oak")
    assert estimator_spec("em") is ESTIMATORS["em"]
    announce(tmp_path, "woods", oak=f"{module}:Coder")
    with pytest.raises(
        InputError, match=r"'oak'.*several: \S+Bare \(trees\), \S+Coder \(woods\); name"
    ):
        estimator_spec("oak")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("{}:", "as module:Class"),
        (":Bare", "as module:Class"),
        ("{}:Bare:Said", "as module:Class"),
        ("../{}:Bare", "as module:Class"),
        (
            "no_such_module_here:Bare",
            "expected a module no_such_module_here .* found none; install",
        ),
        ("{}.inner:Bare", "found none; install"),
        ("{}:Baar", "no class Baar; did you mean Bare"),
        ("{}:helper", "a int, not a class, called helper"),
        ("{}:Stone", "say suite_family as one of mixture, vae, autoencoder, got nothing"),
        ("{}:Odd", "suite_family as one of mixture, vae, autoencoder, got 'forest'"),
        ("{}:Endless", "to take 'max_iter', .* got only n_components; add it"),
        ("birch", "unknown estimator 'birch'; known: em, .*; or name a class as module:Class"),
    ],
)
def test_a_mistake_is_one_sentence_that_says_what_to_do(
    module: str, path: str, message: str
) -> None:
    with pytest.raises(InputError, match=message) as raised:
        estimator_spec(path.format(module))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import no_such_package_here", "needs the package no_such_package_here"),
        ("x = 1\nx = y", "NameError: name 'y' is not defined, .*py line 2"),
        ("x = 1\n\ndef f(:", "SyntaxError: .*py line 3"),
        ("import sys; sys.exit(0)", "its code fails .SystemExit"),
    ],
)
def test_a_module_that_fails_on_import_is_told_with_its_line(
    tmp_path: Path, module: str, code: str, message: str
) -> None:
    (tmp_path / f"{module}.py").write_text(code)
    with pytest.raises(InputError, match=message):
        estimator_spec(f"{module}:Bare")


STUDY = """
title = "t"
question = "q?"
kind = "mixture"
baseline = "mine"
metrics = ["log_likelihood"]
[datasets.faithful]
[estimators.mine]
estimator = "{}"
"""


def test_a_study_takes_a_class_of_its_own_kind_only(module: str) -> None:
    study = parse_study(STUDY.format(f"{module}:Bare"), "s.toml")
    assert study.estimators["mine"].estimator == f"{module}:Bare"
    with pytest.raises(InputError, match=r"estimators.mine.estimator: .*'mixture', but .* vae;"):
        parse_study(STUDY.format(f"{module}:Coder"), "s.toml")
    with pytest.raises(InputError, match=r"estimators.mine.estimator: .*did you mean Bare"):
        parse_study(STUDY.format(f"{module}:Baar"), "s.toml")
