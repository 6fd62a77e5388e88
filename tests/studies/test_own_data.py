"""Studies of a user's own data: what is made of a file, and what is said of an unusable one."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from studies.cells import plan_cells
from studies.own_data import OwnData, own_study, parse_components, study_name, write_study_file
from studies.profiles import resolve
from studies.study_files import load_study
from studies.worker import run_cell
from suite.errors import InputError


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str = "flowers.csv", **columns: object) -> Path:
    random = np.random.default_rng(0)
    rows = random.normal(size=(60, 2)) + np.repeat([[0.0, 0.0], [8.0, 3.0]], 30, axis=0)
    frame = pd.DataFrame({"width": rows[:, 0], "height": 100 * rows[:, 1]} | columns)
    frame.to_csv(name, index=False)
    return Path(name)


def pictures(folder: str, count: int, size: int = 4) -> Path:
    random = np.random.default_rng(0)
    Path(folder).mkdir()
    for i in range(count):
        values = random.integers(0, 256, (size, size), dtype=np.uint8)
        Image.fromarray(values).save(f"{folder}/{i}.png")
    return Path(folder)


def test_the_study_file_says_the_same_as_the_study_and_can_be_run_again() -> None:
    asked = OwnData("gmm", write(kind=["a", "b"] * 30), "2..4", label="kind", standardise=True)
    own = own_study(asked, Path("reports"))
    assert (own.name, own.file) == ("flowers", Path("reports/flowers/flowers.toml"))
    assert not Path("reports").exists()
    write_study_file(own)
    name, again = load_study(str(own.file))
    assert (name, again) == ("flowers", own.study)
    keys = [c.key for c in plan_cells(resolve(own.study), name, "cpu")]
    other = load_study(os.path.abspath(own.file))[1]
    assert [c.key for c in plan_cells(resolve(other), name, "cpu")] == keys
    entry = own.study.datasets["flowers"]
    assert entry.vary == {"settings.n_components": [2, 3, 4]}
    assert entry.options == {"label": "kind", "drop_constant": True, "standardise": True}


def test_names_beyond_the_basic_plane_of_unicode_are_written_as_toml() -> None:
    own = own_study(
        OwnData("gmm", write("𝒜 😀.csv", **{"𝒦": ["a", "b"] * 30}), label="𝒦"), Path("reports")
    )
    write_study_file(own)
    entry = load_study(str(own.file))[1].datasets[own.name]
    assert entry.options["label"] == "𝒦"
    assert Path(entry.load).name == "𝒜 😀.csv"


def test_every_edited_study_file_is_kept() -> None:
    own = own_study(OwnData("gmm", write(), "2"), Path("reports"))
    write_study_file(own)
    edits = {".before.toml": b"mine", ".before-2.toml": "# für mich".encode("latin-1")}
    for mine in edits.values():
        own.file.write_bytes(mine)
        write_study_file(own)
        assert own.file.read_text() == own.text
    kept = {file.name.removeprefix(own.name): file for file in own.file.parent.iterdir()}
    assert set(kept) == {".toml", *edits}
    assert all(kept[name].read_bytes() == mine for name, mine in edits.items())


def test_one_number_of_components_is_no_sweep() -> None:
    study = own_study(OwnData("gmm", write(), "3"), Path("reports")).study
    assert study.datasets["flowers"].settings == {"covariance_type": "full", "n_components": 3}
    assert "selection" not in (study.sections or ())


@pytest.mark.parametrize(
    ("text", "expected"), [("3", [3]), ("2..5", [2, 3, 4, 5]), ("6, 2,4..5", [2, 4, 5, 6])]
)
def test_numbers_of_components(text: str, expected: list[int]) -> None:
    assert parse_components(text) == expected


@pytest.mark.parametrize("text", ["0", "5..2", "two", "1..", "2-4", "-1", ""])
def test_what_is_no_number_of_components(text: str) -> None:
    with pytest.raises(InputError, match="--components: expected numbers such as"):
        parse_components(text)


@pytest.mark.parametrize(
    ("path", "name"),
    [("iris.csv", "iris"), ("a/b (1).csv", "b-1"), ("gmm-classics.csv", "gmm-classics-data")],
)
def test_a_study_is_named_after_its_file(path: str, name: str) -> None:
    assert study_name(Path(path)) == name


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (lambda: OwnData("gmm", Path("none.csv")), "expected the file 'none.csv'"),
        (lambda: OwnData("gmm", write(kind=["a"] * 60)), "text in column 'kind' .'a' in row 1"),
        (lambda: OwnData("gmm", write(x=[np.nan] + [1.0] * 59)), "missing .NaN. or infinite"),
        (lambda: OwnData("gmm", write(x=[np.inf] + [1.0] * 59)), "missing .NaN. or infinite"),
        (lambda: OwnData("gmm", write(), label="no"), "label to name a column of flowers.csv"),
        (lambda: OwnData("gmm", write(), "20"), "20 components .* 45 to train on, enough for 15"),
        (lambda: OwnData("gmm", write(), covariance="round"), "--covariance: expected one of"),
        (lambda: OwnData("gmm", pictures("faces", 8)), "holds images; use `studies run vae`"),
        (lambda: OwnData("vae", write()), "expected images, but flowers.csv holds a table"),
        (lambda: OwnData("vae", pictures("faces", 8)), "at least 40 images, .* got 8"),
        (lambda: OwnData("vae", pictures("faces", 40, 300)), "at most 65,536 pixels, got 300 by"),
        (lambda: OwnData("vae", pictures("faces", 8), "2"), "--components is for `studies run g"),
    ],
)
def test_what_will_not_do_is_said_in_one_sentence(asked, message: str) -> None:
    with pytest.raises(InputError, match=message) as raised:
        own_study(asked(), Path("reports"))
    assert "\n" not in str(raised.value)
    assert not Path("reports").exists()


def test_few_rows_are_tried_with_few_components() -> None:
    pd.DataFrame({"x": [1.0, 2, 3, 5], "y": [1.0, 3, 2, 9]}).to_csv("few.csv", index=False)
    study = own_study(OwnData("gmm", Path("few.csv")), Path("reports")).study
    assert study.datasets["few"].settings["n_components"] == 1


def test_images_become_a_study_that_runs() -> None:
    own = own_study(OwnData("vae", pictures("faces", 48)), Path("reports"))
    assert own.study.datasets["faces"].options == {"bits": "redrawn"}
    cells = plan_cells(resolve(own.study, profile="quick"), own.name, "cpu")
    result = run_cell(cells[0], lambda step, objective: None)
    assert result.status == "ok", result.traceback
    assert result.dataset_facts["n_train"] == 36
    assert result.dataset_facts["image_shape"] == [4, 4]
    assert {s.metric for s in result.scores} >= {"log_likelihood", "elbo", "fit_seconds"}
    write_study_file(own)
    assert load_study(str(own.file))[1] == own.study


def test_bits_stay_as_they_are_and_many_images_are_limited(monkeypatch) -> None:
    bits = np.random.default_rng(0).integers(0, 2, (50, 3, 3)).astype(float)
    np.savez("bits.npz", images=bits, kind=np.arange(50) % 2)
    monkeypatch.setattr("studies.own_data._MOST_IMAGES", 20)
    own = own_study(OwnData("vae", Path("bits.npz"), label="kind"), Path("reports"))
    assert own.study.datasets["bits"].options == {"label": "kind", "limit": 20}


def scores(asked: OwnData) -> dict[tuple[str, str], float]:
    """What EM by hand scores, run as a cell of the study."""
    study = resolve(own_study(asked, Path("reports")).study)
    cell = next(c for c in plan_cells(study, "flowers", "cpu") if c.estimator == "em")
    result = run_cell(cell, lambda step, objective: None)
    assert result.status == "ok", result.traceback
    values = {(s.metric, s.split): s.value for s in result.scores}
    last = [p.value for p in result.trace if p.metric == "log_likelihood"][-1]
    return values | {("traced", "train"): last}


def test_standardised_columns_give_figures_on_the_scale_of_the_file() -> None:
    """One Gaussian's maximum likelihood does not depend on the columns' units but by the Jacobian.

    The regularisation, 1e-6 on the diagonal in other units, is all that differs.
    """
    path = write()
    given = scores(OwnData("gmm", path, "1"))
    scaled = scores(OwnData("gmm", path, "1", standardise=True))
    for metric in ("log_likelihood", "elbo", "objective", "traced"):
        assert scaled[metric, "train"] == pytest.approx(given[metric, "train"], abs=1e-5), metric
    assert scaled["log_likelihood", "test"] == pytest.approx(
        given["log_likelihood", "test"], abs=1e-5
    )
    for metric in ("bic", "icl", "total_log_likelihood"):
        assert scaled[metric, "train"] == pytest.approx(given[metric, "train"], abs=1e-3), metric
    assert scaled["gap", "train"] == pytest.approx(given["gap", "train"], abs=1e-12)


def studies(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    return subprocess.run(
        [sys.executable, "-m", "studies", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_a_table_gets_an_answer_to_all_four_questions() -> None:
    write(kind=["a"] * 30 + ["b"] * 30, batch=[7] * 60)
    done = studies(
        *("run", "gmm", "--data", "flowers.csv", "--label", "kind", "--components", "1..2"),
        *("--profile", "quick", "--estimators", "em,sklearn"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    folder = Path("reports/quick/flowers")
    report = (folder / "README.md").read_text()
    answer = report.partition("**Answer.**")[2].partition("\n\n")[0]
    assert "BIC chooses K = 2" in answer
    assert "the data have 2 known classes" in answer
    assert "With BIC's K = 2 on flowers" in answer
    assert "EM (scikit-learn) has a mean log p(x) of" in answer
    assert " of fitting" in answer
    assert "dropped 1 constant column: batch" in report
    assert (folder / "flowers.toml").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gmm"], "gmm: expected your own data beside it; give --data FILE"),
        (["gmm-classics", "--label", "x"], "--label: expected your own data beside it"),
        (["gmm-classics", "--data", "x.csv"], "--data: expected one of gmm and vae beside it"),
    ],
)
def test_options_that_do_not_fit_are_one_line(arguments: list[str], message: str) -> None:
    done = studies("run", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
