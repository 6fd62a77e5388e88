"""What the studies of VAEs on MNIST and Fashion-MNIST plan."""

from collections import Counter

import pytest

from studies.cells import Cell, plan_cells
from studies.describe import describe
from studies.profiles import resolve
from studies.schema import Study
from studies.study_files import load_study

_TWINS = ("torch-vae", "pyro-vae")
_PLAIN = ("autoencoder", "autoencoder-mixture")


def _plan(name: str, profile: str = "full") -> list[Cell]:
    return plan_cells(resolve(load_study(name)[1], profile=profile), name, "cpu")


@pytest.mark.parametrize("data", ["mnist", "fashion-mnist"])
def test_twins_have_five_seeds_autoencoders_two_and_codes_of_two_numbers_one(data: str) -> None:
    found = Counter((cell.dataset, cell.estimator) for cell in _plan(f"vae-{data}"))
    flat = f"{data}-2d"
    assert found == {
        **{(data, name): 5 for name in _TWINS},
        **{(data, name): 2 for name in _PLAIN},
        **{(flat, name): 1 for name in (*_TWINS, "autoencoder")},
    }


@pytest.mark.parametrize("data", ["mnist", "fashion-mnist"])
def test_every_run_has_the_network_the_bits_and_the_evaluation_that_reports_state(
    data: str,
) -> None:
    for cell in _plan(f"vae-{data}"):
        flat = cell.dataset.endswith("-2d")
        assert cell.settings["latent_dim"] == (2 if flat else 20)
        assert cell.settings["hidden_dims"] == [400]
        assert (cell.settings["batch_size"], cell.settings["learning_rate"]) == (128, 1e-3)
        assert cell.options == {"bits": "redrawn"}
        assert (cell.max_steps, cell.threads) == (20, 1)
        assert cell.importance_samples == (50 if flat else 300)
        assert set(cell.extra) == {
            *("pictures", "epoch_pictures", "latent_use"),
            *("ladder", "aggregate", "ais", "gaps"),
        }


@pytest.mark.parametrize("data", ["mnist", "fashion-mnist"])
def test_quick_profile_is_small_and_shows_every_estimator_on_both_codes(data: str) -> None:
    cells = _plan(f"vae-{data}", "quick")
    assert len(cells) == 11
    assert {cell.dataset for cell in cells} == {data, f"{data}-2d"}
    for cell in cells:
        assert cell.options["bundled"] is True
        assert cell.max_steps * cell.options["limit"] <= 24_000


def _two_seeds(autoencoder_seeds: int = 1) -> Study:
    content = load_study("vae-mnist")[1].model_dump() | {"seeds": 2, "profiles": {}}
    content["estimators"]["autoencoder"]["seeds"] = autoencoder_seeds
    del content["datasets"]["mnist-2d"]
    return Study.model_validate(content)


def test_an_estimator_runs_on_the_first_of_its_seeds_only() -> None:
    cells = plan_cells(resolve(_two_seeds()), "made-up", "cpu")
    seeds = {e: {c.seed for c in cells if c.estimator == e} for e in (*_TWINS, *_PLAIN)}
    assert seeds == {
        "torch-vae": {0, 1},
        "pyro-vae": {0, 1},
        "autoencoder": {0},
        "autoencoder-mixture": {0, 1},
    }
    assert "= 7 (not every" in describe("made-up", resolve(_two_seeds()), "full", [])


def test_fewer_seeds_on_the_command_line_are_fewer_for_every_estimator() -> None:
    cells = plan_cells(resolve(_two_seeds(2), seeds=1), "made-up", "cpu")
    assert {cell.seed for cell in cells} == {0}


def test_more_seeds_for_an_estimator_than_for_the_study_are_refused() -> None:
    with pytest.raises(ValueError, match=r"estimators.autoencoder.seeds.*at most"):
        _two_seeds(3)
