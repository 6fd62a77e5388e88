"""What the command line calls; everything heavy is imported when it is called."""

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from studies.report.loaded import StudyResults
    from studies.results import ResultStore

_STORE = "results.sqlite"
_MADE = ("figures", "tables", "results.csv", "provenance.json", "README.md")


def write_report(store: "ResultStore", name: str, folder: Path) -> Path:
    """Write a study's report: README.md, results.csv, tables/, figures/, provenance.json.

    It is a pure function of `store`: made again, it is the same byte for byte. It is written beside
    `folder` first and moved into it when whole, so that a mistake on the way leaves the old report.

    Parameters
    ----------
    store
        The study's results; only read.
    name
        The study's name.
    folder
        Where the report goes. Of what is there, only what an earlier report left is replaced.

    Returns
    -------
    The path of README.md.

    Raises
    ------
    InputError
        If there are no stored results or they cannot be read.
    """
    from studies.report.building import build_document
    from studies.report.loaded import StudyResults
    from studies.report.rendering import readme, write_figures, write_tables

    results = StudyResults.read(store, name)
    document = build_document(results)
    folder = Path(folder)
    draft = folder.parent / f".{folder.name}.draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        write_figures(document, draft)
        write_tables(document, draft)
        _long_results(results).to_csv(draft / "results.csv", index=False, lineterminator="\n")
        _write(draft / "provenance.json", _provenance(results))
        _write(draft / "README.md", readme(document, name, draft))
        _move(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder / "README.md"


def write_index(folder: Path) -> Path:
    """Write `folder`/README.md: every study in its subfolders with its question and answer.

    Returns
    -------
    The path of the index.
    """
    from studies.report.rendering import render

    folder = Path(folder)
    stores = sorted(folder.glob(f"*/{_STORE}"))
    studies = [_entry(path) for path in stores if path.parent.name != "quick"]
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / ".README.md.draft"
    _write(draft, render("index.md.j2", studies=studies))
    os.replace(draft, folder / "README.md")
    return folder / "README.md"


def summary_table(store: "ResultStore") -> "pd.DataFrame":
    """The main table as text, to be printed: one row a data set and estimator.

    Columns: "data", "estimator" (its label), "runs ok" ("3/3" of the planned runs), then the
    study's metrics, named on up to three lines (name, split, unit): medians over seeds, rounded,
    "—" where there is none. "nats" are nats per datum.
    """
    from studies.report.loaded import StudyResults
    from studies.report.tables import summary_frame

    return summary_frame(StudyResults.read(store))


def _entry(path: Path) -> dict[str, str]:
    from studies.report.building import build_answer
    from studies.report.loaded import StudyResults
    from studies.results import ResultStore
    from suite.errors import InputError

    name = path.parent.name
    try:
        results = StudyResults.read(ResultStore(path), name)
    except InputError:
        text = "Its stored results cannot be read; move them away and run the study again."
        return {"name": name, "title": name, "question": "", "answer": text}
    return {
        "name": name,
        "title": str(results.document["title"]),
        "question": str(results.document["question"]),
        "answer": build_answer(results).headline,
    }


def _long_results(results: "StudyResults") -> "pd.DataFrame":
    """One value a row; a run without values has one row that says how it ended."""
    import pandas as pd

    columns = ["dataset", "estimator", "seed", "status", "metric", "split", "value", "unit"]
    silent = results.cells[~results.cells["key"].isin(results.scores["key"])]
    silent = silent.assign(metric="", split="", value=float("nan"), unit="")
    parts = [part[columns] for part in (results.scores, silent) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _provenance(results: "StudyResults") -> str:
    runs = [
        {
            "key": key,
            "dataset": dataset,
            "estimator": estimator,
            "seed": int(seed),
            "status": status,
            "content_hash": facts.get("content_hash"),
            **provenance,
        }
        for key, dataset, estimator, seed, status, facts, provenance in results.cells[
            ["key", "dataset", "estimator", "seed", "status", "dataset_facts", "provenance"]
        ].to_numpy()
    ]
    content: dict[str, Any] = {
        "study": results.name,
        "provenance": results.provenance,
        "document": results.document,
        "datasets": {name: results.facts(name) for name in results.datasets},
        "runs": runs,
    }
    # What the runs name as "run". What an invocation took is known only after its report.
    invocations = {
        number: {name: fact for name, fact in facts.items() if name != "account"}
        for number, facts in results.store.runs().items()
    }
    if invocations:
        content["invocations"] = invocations
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _move(draft: Path, folder: Path) -> None:
    """Put the finished draft in place of the old report, the README last."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _MADE:
        target = folder / name
        if target.is_dir():
            shutil.rmtree(target)
        os.replace(draft / name, target)
