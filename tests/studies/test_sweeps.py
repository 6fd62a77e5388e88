"""Sweeps: what a swept data set stands for, in study files, profiles and cells."""

import pytest

from studies.cells import plan_cells
from studies.describe import describe
from studies.profiles import resolve
from studies.schema import Study
from studies.study_files import parse_study
from suite.errors import InputError

SWEPT = """
title = "t"
question = "q?"
kind = "mixture"
baseline = "em"
metrics = ["log_likelihood"]
seeds = 2

[datasets.iris]
options = { test_size = 0.2 }
settings = { reg_covar = 0.0 }
vary = { "settings.n_components" = [1, 2, 3], "settings.covariance_type" = ["full", "tied"] }

[datasets.clouds]
load = "simulated"
cases = [
    { "options.n_components" = 2, "settings.n_components" = 2 },
    { "options.n_components" = 5, "settings.n_components" = 8 },
]
vary = { "options.separation" = [0.5, 2.0] }
estimators = ["em"]

[datasets.faithful]

[estimators.em]

[estimators.sklearn]

[profiles.quick]
options = { test_size = 0.5 }
sweeps.iris = { vary = { "settings.n_components" = [3] } }
sweeps.clouds = { cases = [{ "options.n_samples" = 50 }], vary = { "options.separation" = [1.0] } }

[profiles.one]
datasets = ["faithful"]
"""


def swept(text: str = SWEPT, **choices) -> Study:
    return resolve(parse_study(text, "swept.toml"), **choices)


def test_a_grid_has_every_combination_once_and_keeps_what_it_does_not_vary() -> None:
    study = swept()
    iris = {name: entry for name, entry in study.datasets.items() if entry.group == "iris"}
    assert list(iris) == [
        f"iris n_components={k} covariance_type={kind}"
        for k in (1, 2, 3)
        for kind in ("full", "tied")
    ]
    entry = iris["iris n_components=3 covariance_type=tied"]
    assert entry.load == "iris"
    assert entry.settings == {"reg_covar": 0.0, "n_components": 3, "covariance_type": "tied"}
    assert entry.options == {"test_size": 0.2}
    assert entry.factors == {"n_components": 3, "covariance_type": "tied"}
    assert not entry.vary
    assert not entry.cases


def test_cases_go_with_the_whole_grid_and_like_names_keep_their_table() -> None:
    clouds = {n: e for n, e in swept().datasets.items() if e.group == "clouds"}
    assert list(clouds) == [
        f"clouds options.n_components={truth} settings.n_components={fitted} separation={distance}"
        for truth, fitted in ((2, 2), (5, 8))
        for distance in (0.5, 2.0)
    ]
    entry = list(clouds.values())[-1]
    assert entry.options == {"n_components": 5, "separation": 2.0}
    assert entry.settings == {"n_components": 8}
    assert entry.factors == {
        "options.n_components": 5,
        "settings.n_components": 8,
        "separation": 2.0,
    }


def test_a_data_set_without_a_sweep_is_left_alone() -> None:
    study = swept()
    assert study.datasets["faithful"] == parse_study(SWEPT, "t").datasets["faithful"]
    (cell, *_) = (c for c in plan_cells(study, "s", "cpu") if c.dataset == "faithful")
    assert cell.group == ""
    assert cell.factors == {}


def test_a_profile_narrows_a_sweep_key_by_key() -> None:
    quick = swept(profile="quick")
    assert list(quick.datasets) == [
        "iris n_components=3 covariance_type=full",
        "iris n_components=3 covariance_type=tied",
        "clouds n_samples=50 separation=1.0",
        "faithful",
    ]
    assert all(entry.options["test_size"] == 0.5 for entry in quick.datasets.values())
    assert list(swept(profile="one").datasets) == ["faithful"]


def test_the_command_line_names_a_sweep_or_its_points() -> None:
    whole = swept(datasets=["iris", "faithful"])
    assert len(whole.datasets) == 6 + 1
    point = "iris n_components=2 covariance_type=tied"
    assert list(swept(datasets=[point]).datasets) == [point]
    with pytest.raises(InputError, match="no dataset 'wine'; it has: iris n_components=1"):
        swept(datasets=["wine"])


def test_points_of_a_sweep_share_their_seeds_and_nothing_else_does() -> None:
    cells = plan_cells(swept(), "s", "cpu")
    seeds: dict[tuple[str, int], set[tuple[int, int]]] = {}
    for cell in cells:
        place = (cell.group or cell.dataset, cell.seed)
        seeds.setdefault(place, set()).add((cell.data_seed, cell.start_seed))
    assert len(seeds) == 3 * 2
    assert all(len(found) == 1 for found in seeds.values())
    assert len(set().union(*seeds.values())) == len(seeds)
    assert len({cell.key for cell in cells}) == len(cells)


def test_cells_carry_their_factors_and_only_the_estimators_asked_for() -> None:
    cells = plan_cells(swept(), "s", "cpu")
    clouds = [cell for cell in cells if cell.group == "clouds"]
    assert {cell.estimator for cell in clouds} == {"em"}
    assert clouds[0].description()["factors"]["separation"] == 0.5
    assert len(cells) == 2 * (6 * 2 + 4 * 1 + 2)
    assert "11 data sets × 2 estimators × 2 seeds = 36 (not every" in describe(
        "s", swept(), "full", []
    )


def test_a_data_set_goes_with_the_last_of_its_estimators() -> None:
    study = swept(estimators=["sklearn"])
    assert not [entry for entry in study.datasets.values() if entry.group == "clouds"]
    assert study.baseline == "sklearn"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[1, 2, 3]", "[]", "datasets.iris.vary.settings.n_components: expected at least one"),
        (
            "[1, 2, 3]",
            "3",
            "datasets.iris.vary.settings.n_components: Input should be a valid list",
        ),
        (
            '"full", "tied"',
            '"full", "a b"',
            "datasets.iris.vary.settings.covariance_type: expected",
        ),
        (
            '"settings.n_components" = [1',
            '"n_components" = [1',
            "datasets.iris.vary: expected keys",
        ),
        ('"settings.n_components" = [1', '"load" = [1', "got 'load'."),
        (
            '"settings.n_components" = [1, 2, 3]',
            '"settings.reg_covar" = [1.0]',
            "datasets.iris.vary: settings.reg_covar is in settings as well; leave it out in one",
        ),
        (
            '"options.separation" = [0.5',
            '"options.n_components" = [5',
            "datasets.clouds.cases.0: options.n_components is in vary as well",
        ),
        (
            '{ "options.n_components" = 2, "settings.n_components" = 2 }',
            "{}",
            "datasets.clouds.cases.0: expected keys such as settings.n_components, got none.",
        ),
        ('estimators = ["em"]', 'estimators = ["vb"]', "datasets.clouds.estimators: unknown name"),
        ("sweeps.iris", "sweeps.wine", "profiles.quick.sweeps: unknown name 'wine'"),
        (
            "sweeps.iris = { vary",
            "sweeps.iris = { vari",
            "profiles.quick.sweeps.iris.vari: unknown key; allowed here: vary, cases.",
        ),
        (
            'vary = { "settings.n_components" = [3] }',
            'vary = { "settings.n_components" = [3, {}] }',
            "profiles.quick.sweeps.iris.vary.settings.n_components: expected a number",
        ),
    ],
)
def test_a_mistake_in_a_sweep_is_named_with_its_place(old: str, new: str, message: str) -> None:
    assert old in SWEPT
    with pytest.raises(InputError) as error:
        parse_study(SWEPT.replace(old, new, 1), "swept.toml")
    text = str(error.value)
    assert text.startswith("swept.toml: ")
    assert message in text
    assert "\n" not in text


def test_the_same_point_twice_is_refused() -> None:
    with pytest.raises(InputError, match=r"profile full: datasets\.iris: the sweep has .* twice"):
        swept(SWEPT.replace("[1, 2, 3]", "[1, 2, 1]"))
