"""The NumPyro twins run in the processes that a study starts: JAX works after their fork."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numpyro", reason="the extra 'numpyro' is not installed")

STUDY = """
title = "Twins"
question = "Do Pyro and NumPyro take the same steps?"
kind = "mixture"
baseline = "svi"
metrics = ["log_likelihood", "steps", "compile_seconds"]
seeds = 1
threads = 1

[stopping]
max_steps = 30
time_limit = 300

[datasets.faithful]
settings = { n_components = 2 }

[estimators.svi]
[estimators.numpyro-svi]
"""


@pytest.mark.slow
def test_a_study_of_both_twins_ends_well_and_alike(tmp_path: Path) -> None:
    (tmp_path / "twins.toml").write_text(STUDY)
    command = [sys.executable, "-m", "studies", "run", "twins.toml", "--out", "reports"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "multithreaded" not in run.stdout + run.stderr  # JAX's warning where it meets a fork
    with (tmp_path / "reports/twins/results.csv").open() as file:
        rows = list(csv.DictReader(file))
    scores = {
        row["estimator"]: float(row["value"])
        for row in rows
        if (row["metric"], row["split"]) == ("log_likelihood", "test")
    }
    assert scores["numpyro-svi"] == pytest.approx(scores["svi"], rel=1e-8)
    compiled = [row["estimator"] for row in rows if row["metric"] == "compile_seconds"]
    assert compiled == ["numpyro-svi"]
