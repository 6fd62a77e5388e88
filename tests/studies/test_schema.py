"""Study files: what is accepted, and whether a mistake is named with its place."""

import pytest

from studies.profiles import resolve
from studies.study_files import builtin_names, load_study, parse_study
from suite.errors import InputError

SMALL = """
title = "t"
question = "q?"
kind = "mixture"
baseline = "em"
metrics = ["log_likelihood"]
seeds = 4

[stopping]
tolerance = 1e-5
max_steps = 100

[datasets.iris]
options = { test_size = 0.2 }
settings = { n_components = 3 }

[datasets.faithful]

[estimators.em]

[estimators.second]
estimator = "svi"
settings = { max_iter = 7 }

[profiles.quick]
seeds = 2
options = { test_size = 0.5 }
settings = { reg_covar = 0.1 }
estimators = { second = { max_iter = 3 } }
datasets = ["iris"]
stopping = { max_steps = 10 }
"""


@pytest.mark.parametrize("name", builtin_names())
@pytest.mark.parametrize("profile", ["quick", "full"])
def test_every_builtin_study_is_valid_in_both_profiles(name: str, profile: str) -> None:
    _, study = load_study(name)
    resolved = resolve(study, profile=profile)
    assert resolved.profiles == {}
    assert resolved.baseline in resolved.estimators


def test_profile_changes_what_it_names_and_nothing_else() -> None:
    study = parse_study(SMALL, "small.toml")
    quick = resolve(study, profile="quick")
    assert quick.seeds == 2
    assert list(quick.datasets) == ["iris"]
    assert quick.datasets["iris"].options == {"test_size": 0.5}
    assert quick.datasets["iris"].settings == {"n_components": 3}
    assert quick.estimators["em"].settings == {"reg_covar": 0.1}
    assert quick.estimators["second"].settings == {"max_iter": 3, "reg_covar": 0.1}
    assert quick.stopping.max_steps == 10
    assert quick.stopping.tolerance == 1e-5
    full = resolve(study)
    assert full.seeds == 4
    assert list(full.datasets) == ["iris", "faithful"]
    assert full.datasets["iris"].options == {"test_size": 0.2}
    assert full.estimators["second"].settings == {"max_iter": 7}


def test_command_line_choices_come_last() -> None:
    study = parse_study(SMALL, "small.toml")
    chosen = resolve(study, profile="quick", seeds=9, estimators=["second"])
    assert chosen.seeds == 9
    assert list(chosen.estimators) == ["second"]
    assert chosen.baseline == "second"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('title = "t"', "", "title: this key is required."),
        ("seeds = 4", "seeds = 0", "seeds: Input should be greater than 0, got 0."),
        ("seeds = 4", "seedz = 4", "seedz: unknown key; allowed here: title, question, kind"),
        ("max_steps = 100", "steps = 1", "stopping.steps: unknown key; allowed here: tolerance"),
        (
            "settings = { n_components = 3 }",
            "setings = {}",
            "datasets.iris.setings: unknown key; allowed here: load, options, settings, estimators",
        ),
        ('estimator = "svi"', 'estimator = "torch-vae"', "allowed: em, sklearn, svi"),
        ('baseline = "em"', 'baseline = "vi"', "baseline: unknown name 'vi'; allowed: em, second."),
        ('["log_likelihood"]', '["rate"]', "metrics: unknown name 'rate'; allowed: log_likelihood"),
        ('kind = "mixture"', 'kind = "tree"', "kind: Input should be 'mixture' or 'vae'"),
        ("second = { max_iter = 3 }", "third = {}", "profiles.quick.estimators: unknown name"),
        ("seeds = 4", "seeds = = 4", "expected TOML, but"),
        (
            "[datasets.faithful]",
            "[comparison]\nequivalent = { elboo = 0.1 }\n[datasets.faithful]",
            "comparison.equivalent: unknown name 'elboo'; allowed: log_likelihood",
        ),
        (
            "[datasets.faithful]",
            "[comparison]\nequivalent = { n_parameters = 1 }\n[datasets.faithful]",
            "comparison.equivalent: unknown name 'n_parameters'",
        ),
        (
            "[datasets.faithful]",
            "[comparison]\nequivalent = { elbo = 0 }\n[datasets.faithful]",
            "comparison.equivalent.elbo: Input should be greater than 0, got 0.",
        ),
        (
            "[datasets.faithful]",
            "[comparison]\nrope = 1\n[datasets.faithful]",
            "comparison.rope: unknown key; allowed here: repeats, equivalent.",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(old: str, new: str, message: str) -> None:
    assert old in SMALL
    with pytest.raises(InputError) as error:
        parse_study(SMALL.replace(old, new), "small.toml")
    text = str(error.value)
    assert text.startswith("small.toml: ")
    assert message in text
    assert "\n" not in text


def test_unknown_names_list_the_known_ones() -> None:
    study = parse_study(SMALL, "small.toml")
    with pytest.raises(InputError, match="unknown profile 'fast'; known: full, quick"):
        resolve(study, profile="fast")
    with pytest.raises(InputError, match="no dataset 'wine'; it has: iris, faithful"):
        resolve(study, datasets=["wine"])
    with pytest.raises(InputError, match="no estimator 'x'; it has: em, second"):
        resolve(study, estimators=["x"])
    with pytest.raises(InputError, match="unknown study 'nope'; known: em-is-vi, gmm-classics"):
        load_study("nope")
    with pytest.raises(InputError, match=r"expected a study file at nope\.toml, found none"):
        load_study("nope.toml")


def test_data_files_are_named_from_the_study_file(tmp_path) -> None:
    (tmp_path / "points.csv").write_text("a,b\n1,2\n")
    file = tmp_path / "mine.toml"
    file.write_text(SMALL.replace("[datasets.faithful]", '[datasets.own]\nload = "points.csv"'))
    name, study = load_study(str(file))
    assert name == "mine"
    assert study.datasets["own"].load == str(tmp_path / "points.csv")
    assert study.datasets["iris"].load is None
