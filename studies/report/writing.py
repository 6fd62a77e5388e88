"""What the command line calls; everything heavy is imported when it is called."""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from studies.report.html import Extras, IndexEntry
    from studies.report.loaded import StudyResults
    from studies.report.model import Document
    from studies.results import ResultStore

_STORE = "results.sqlite"
_ALWAYS = ("figures", "tables", "results.csv", "provenance.json")

FORMATS = {"md": "README.md", "html": "index.html", "pdf": "report.pdf", "tex": "report.tex"}
"""What a report can be written as, and the file's name."""

DEFAULT_FORMATS = ("html", "md")


def write_report(
    store: "ResultStore", name: str, folder: Path, *, formats: Sequence[str] = DEFAULT_FORMATS
) -> Path:
    """Write a study's report: index.html, README.md, results.csv, tables, figures, provenance.json.

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
    formats
        Names of `FORMATS`. The README is written in any case; what an earlier report left in
        another format is deleted, for it may be of other results.

    Returns
    -------
    The path of README.md.

    Raises
    ------
    InputError
        If there are no stored results, they cannot be read, or a format is unknown or needs a
        program that is not there.
    """
    from studies.report.building import build_document
    from studies.report.html import extras_of
    from studies.report.loaded import StudyResults

    results = StudyResults.read(store, name)
    document = build_document(results)

    def fill(draft: Path) -> None:
        _long_results(results).to_csv(draft / "results.csv", index=False, lineterminator="\n")
        _write(draft / "provenance.json", _provenance(results))

    return _write_into(
        Path(folder), document, name, formats, extras=lambda: extras_of(results), fill=fill
    )


def write_document(
    document: "Document", name: str, folder: Path, *, formats: Sequence[str] = DEFAULT_FORMATS
) -> Path:
    """Write a document that is of no study: index.html, README.md, tables and figures.

    Parameters
    ----------
    document
        What to write.
    name
        What `studies report` calls it.
    folder, formats
        As those of `write_report`.

    Returns
    -------
    The path of README.md.
    """
    return _write_into(Path(folder), document, name, formats)


def _write_into(
    folder: Path,
    document: "Document",
    name: str,
    formats: Sequence[str],
    *,
    extras: "Callable[[], Extras] | None" = None,
    fill: Callable[[Path], None] = lambda draft: None,
) -> Path:
    """Write a document beside `folder`, add what `fill` writes, and move it all into place."""
    from studies.report import rendering
    from studies.report.formats import WRITERS, checked

    chosen = checked(formats)
    draft = folder.parent / f".{folder.name}.draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        rendering.write_figures(document, draft)
        rendering.write_tables(document, draft)
        fill(draft)
        _write(draft / "README.md", rendering.readme(document, name, draft))
        if "html" in chosen or "pdf" in chosen:
            from studies.report.html import page

            _write(draft / "index.html", page(document, name, draft, extras() if extras else None))
        for format_ in chosen:
            if format_ in WRITERS:
                WRITERS[format_](document, draft)
        kept = {FORMATS[format_] for format_ in chosen} | {"README.md", *_ALWAYS}
        _move(draft, folder, kept)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder / "README.md"


def write_index(folder: Path) -> Path:
    """Write `folder`/README.md and index.html: every study in its subfolders, with its answer.

    Returns
    -------
    The path of the README.
    """
    from studies.report.html import index_page
    from studies.report.rendering import render

    folder = Path(folder)
    stores = sorted(folder.glob(f"*/{_STORE}"))
    studies = [_entry(path) for path in stores if path.parent.name != "quick"]
    studies += _tour_entry(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "index.html": index_page(studies),
        "README.md": render("index.md.j2", studies=studies),
    }
    for name, text in files.items():
        draft = folder / f".{name}.draft"
        _write(draft, text)
        os.replace(draft, folder / name)
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


def _entry(path: Path) -> "IndexEntry":
    from studies.report.building import build_answer
    from studies.report.html import IndexEntry
    from studies.report.html.panels import conditions
    from studies.report.loaded import StudyResults
    from studies.results import ResultStore
    from suite.errors import InputError

    name = path.parent.name
    try:
        results = StudyResults.read(ResultStore(path), name)
    except InputError:
        text = "Its stored results cannot be read; move them away and run the study again."
        return IndexEntry(name=name, title=name, question="", answer=text)
    counts = results.cells["status"].value_counts()
    return IndexEntry(
        name=name,
        title=str(results.document["title"]),
        question=str(results.document["question"]),
        answer=build_answer(results).headline,
        conditions=conditions(results),
        counts=tuple((str(status), int(counts[status])) for status in sorted(counts.index)),
    )


def _tour_entry(reports: Path) -> "list[IndexEntry]":
    """The tour, which is no study, where it has been measured and can be read."""
    from studies.report.html import IndexEntry
    from studies.report.numbers import unlinked
    from studies.tour.writing import NAME, build_tour, has_tour
    from suite.errors import InputError

    if not has_tour(reports):
        return []
    try:
        document = build_tour(reports / NAME)
    except InputError as error:
        return [IndexEntry(name=NAME, title=NAME, question="", answer=str(error))]
    headline = unlinked(document.answer.headline)
    return [IndexEntry(NAME, document.title, document.question, headline)]


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


def _move(draft: Path, folder: Path, kept: set[str]) -> None:
    """Put the finished draft in place of the old report, the README last."""
    folder.mkdir(parents=True, exist_ok=True)
    made = [*_ALWAYS, *(name for name in FORMATS.values() if name != "README.md"), "README.md"]
    for name in made:
        target = folder / name
        if target.is_dir():
            shutil.rmtree(target)
        if name in kept and (draft / name).exists():
            os.replace(draft / name, target)
        else:
            target.unlink(missing_ok=True)
