import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from studies.metrics import METRICS
from studies.report import summary_table, write_index, write_report
from studies.results import ResultStore
from suite.errors import InputError
from tests.studies.report.synthetic import failing, mixture_store


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def links(readme: Path) -> list[str]:
    return re.findall(r"\]\(([^)]+)\)", readme.read_text(encoding="utf-8"))


def test_made_again_a_report_is_the_same_byte_for_byte(report, tmp_path):
    store, folder = report
    copy = tmp_path / folder.name
    copy.mkdir()
    shutil.copy(store.path, copy / "results.sqlite")
    write_report(ResultStore(copy / "results.sqlite"), folder.name, copy)
    assert contents(copy) == contents(folder)


def test_every_link_leads_to_a_file(report):
    _, folder = report
    found = links(folder / "README.md")
    assert len(found) > 10
    assert [link for link in found if not (folder / link).is_file()] == []


def test_every_figure_and_table_is_shown(report):
    _, folder = report
    shown = set(links(folder / "README.md"))
    made = {
        str(path.relative_to(folder))
        for name in ("figures", "tables")
        for path in (folder / name).iterdir()
    }
    assert made <= shown


def test_every_figure_has_an_alternative_text_and_a_caption(report):
    _, folder = report
    text = (folder / "README.md").read_text(encoding="utf-8")
    alternatives = re.findall(r"^!\[(.*)\]\(figures/", text, flags=re.MULTILINE)
    captions = re.findall(r"^\*Figure (\d+)\.\* \S", text, flags=re.MULTILINE)
    assert alternatives
    assert all(len(alternative.split()) > 5 for alternative in alternatives)
    assert captions == [str(i + 1) for i in range(len(alternatives))]


def test_no_figure_is_too_large_for_a_page(report):
    _, folder = report
    shown = [link for link in links(folder / "README.md") if link.startswith("figures/")]
    assert sum((folder / link).stat().st_size for link in set(shown)) < 3_000_000
    text = (folder / "README.md").read_text(encoding="utf-8")
    for link in re.findall(r"^!\[.*\]\((figures/.*\.svg)\)", text, flags=re.MULTILINE):
        assert (folder / link).stat().st_size <= 300_000


def test_long_results_hold_every_stored_value_with_its_unit(report):
    store, folder = report
    written = pd.read_csv(folder / "results.csv", keep_default_na=False, na_values=["NaN"])
    stored = store.scores()
    values = written[written["metric"] != ""]
    assert len(values) == len(stored)
    assert list(values["value"].astype(float)) == list(stored["value"])
    assert list(values["unit"]) == [METRICS[name].unit for name in stored["metric"]]


def test_a_failed_run_is_in_every_count(mixture):
    _, folder = mixture
    text = (folder / "README.md").read_text(encoding="utf-8")
    for name in ("Scores", "Pair by pair", "Time to a common target"):
        section = next(part for part in text.split("\n## ") if part.startswith(name))
        row = next(x for x in section.splitlines() if x.startswith("| iris | SVI"))
        assert "| 2/3 |" in row
    assert "1 of 18 runs did not end well" in text
    assert "became NaN at epoch 3 \\| lower the rate" in text
    written = pd.read_csv(folder / "results.csv")
    failed = written[(written["status"] == "diverged")]
    assert failed[["dataset", "estimator", "seed"]].to_numpy().tolist() == [["iris", "svi", 1]]


def test_failures_are_shown_even_if_the_study_leaves_the_section_out(tmp_path):
    store = mixture_store(
        tmp_path / "results.sqlite",
        datasets=("iris",),
        sections=["answer", "scores"],
        change=failing("iris", "em", 0, status="timeout"),
    )
    readme = write_report(store, "x", tmp_path / "x")
    assert "## Failures" in readme.read_text(encoding="utf-8")


def test_main_table_has_every_data_set_and_estimator_and_the_medians(mixture):
    store, folder = mixture
    written = pd.read_csv(folder / "tables" / "scores.csv").set_index(["dataset", "estimator"])
    scores = store.scores()
    chosen = scores[(scores["metric"] == "log_likelihood") & (scores["split"] == "test")]
    medians = chosen.groupby(["dataset", "estimator"])["value"].median()
    assert len(written) == 6
    pd.testing.assert_series_equal(
        written["log_likelihood_test_median"].sort_index(), medians.sort_index(), check_names=False
    )


def test_stale_files_go_and_everything_else_stays(tmp_path):
    store = mixture_store(
        tmp_path / "s" / "results.sqlite", datasets=("iris",), seeds=1, sections=["scores"]
    )
    before = store.path.read_bytes()
    folder = store.path.parent
    (folder / "figures").mkdir()
    (folder / "figures" / "old.svg").write_text("old")
    (folder / "notes.txt").write_text("mine")
    write_report(store, "s", folder)
    assert not (folder / "figures" / "old.svg").exists()
    assert (folder / "notes.txt").read_text() == "mine"
    assert store.path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["s"]


def test_a_mistake_on_the_way_leaves_the_old_report(tmp_path, monkeypatch):
    store = mixture_store(
        tmp_path / "s" / "results.sqlite", datasets=("iris",), seeds=1, sections=["scores"]
    )
    folder = store.path.parent
    write_report(store, "s", folder)
    before = contents(folder)

    def fail(*_: object) -> str:
        raise RuntimeError

    monkeypatch.setattr("studies.report.rendering.readme", fail)
    with pytest.raises(RuntimeError):
        write_report(store, "s", folder)
    assert contents(folder) == before
    assert [p.name for p in tmp_path.iterdir()] == ["s"]


def test_no_results_is_a_mistake_of_the_user_and_writes_nothing(tmp_path):
    with pytest.raises(InputError, match="run the study first"):
        write_report(ResultStore(tmp_path / "none.sqlite"), "s", tmp_path / "s")
    assert list(tmp_path.iterdir()) == []


def test_summary_has_one_row_a_pair_and_counts_failures(mixture):
    summary = summary_table(mixture[0])
    assert list(summary.columns[:3]) == ["data", "estimator", "runs ok"]
    assert len(summary) == 6
    assert summary["runs ok"].tolist() == ["3/3"] * 5 + ["2/3"]
    assert summary["Rand index\nheld out"].tolist()[:3] == ["—"] * 3


def test_index_names_every_study_but_quick_ones(tmp_path):
    for name in ("b", "a", "quick"):
        mixture_store(tmp_path / name / "results.sqlite", datasets=("iris",), title=f"Study {name}")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "results.sqlite").write_bytes(b"no database at all, but long enough" * 9)
    text = write_index(tmp_path).read_text(encoding="utf-8")
    titles = re.findall(r"^## \[(.*)\]\((.*)\)$", text, flags=re.MULTILINE)
    assert titles == [
        ("Study a", "a/README.md"),
        ("Study b", "b/README.md"),
        ("broken", "broken/README.md"),
    ]
    assert text.count("From the same starts") == 2
    assert "cannot be read" in text


def test_an_empty_folder_has_an_index_that_says_so(tmp_path):
    assert "No study has been run yet" in write_index(tmp_path).read_text(encoding="utf-8")


def test_importing_the_report_is_light():
    code = (
        "import sys, studies.report; heavy = {'pandas', 'matplotlib', 'seaborn', 'jinja2', 'numpy'}"
        "; print(heavy & set(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"
