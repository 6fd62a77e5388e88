"""What a report says of the parity gate."""

import math
from pathlib import Path

import pytest

from studies.report import write_report
from studies.report.building import build_document
from studies.report.loaded import StudyResults
from studies.report.model import Bullets, Table, Text
from studies.report.numbers import unlinked
from studies.report.parity_section import parity_section
from studies.report.speed_data import is_ranked
from studies.results import ParityRow, ResultStore
from tests.studies.report.synthetic import mixture_store, vae_store

MIXTURE = ("log_likelihood", "bound", "gradient")
VAE = ("elbo", "distortion", "rate", "gradient")


def row(
    estimator: str,
    quantity: str,
    status: str = "agrees",
    *,
    dataset: str = "iris",
    difference: float = 2e-13,
    tolerance: float = 5e-10,
    message: str = "",
) -> ParityRow:
    key = f"{estimator} {dataset}"
    place = (key, dataset, estimator, quantity)
    return ParityRow(*place, difference, tolerance, status, "somehow", message)


def agreeing(names: tuple[str, ...], quantities: tuple[str, ...] = MIXTURE) -> list[ParityRow]:
    return [row(name, quantity) for name in names for quantity in quantities]


def mixture_results(path: Path, rows: list[ParityRow]) -> StudyResults:
    store = mixture_store(path / "results.sqlite")
    store.write_parity(rows, [r.key for r in rows])
    return StudyResults.read(store)


def table_of(results: StudyResults) -> tuple[Table, str]:
    section = parity_section(results)
    (table,) = (block for block in section.blocks if isinstance(block, Table))
    said = [block.text for block in section.blocks if isinstance(block, Text)]
    said += [item for b in section.blocks if isinstance(b, Bullets) for item in b.items]
    return table, " ".join(said)


def lines(table: Table) -> dict[str, list[tuple[str, str]]]:
    return {first.text: [(e.text, e.note) for e in rest] for first, *rest in table.rows}


def test_all_agree(tmp_path: Path) -> None:
    found, said = table_of(mixture_results(tmp_path, agreeing(("em", "sklearn", "svi"))))
    assert [column.title for column in found.columns[1:]] == [
        "log-likelihood",
        "bound",
        "gradient",
        "gate",
    ]
    shown = lines(found)
    assert len(shown) == 3
    assert shown["EM (by hand)"] == [("2×10⁻¹³", "within 5×10⁻¹⁰")] * 3 + [("agrees", "")]
    assert "9 figures on 1 data set" in unlinked(said)
    assert "all agree" in said
    assert len(found.frame) == 9


def test_the_data_set_nearest_to_its_tolerance_is_shown(tmp_path: Path) -> None:
    rows = agreeing(("em", "sklearn", "svi"))
    rows.append(row("em", "bound", dataset="galaxies", difference=1e-13, tolerance=2e-13))
    shown = lines(table_of(mixture_results(tmp_path, rows))[0])
    assert shown["EM (by hand)"][1] == ("1×10⁻¹³", "within 2×10⁻¹³")


def test_what_differs_is_bold_named_and_not_ranked(tmp_path: Path) -> None:
    rows = agreeing(("em", "sklearn"))
    rows += [row("svi", "bound"), row("svi", "gradient", "differs", difference=0.01)]
    results = mixture_results(tmp_path, rows)
    found, said = table_of(results)
    label = results.label("svi")
    assert lines(found)[label][2] == ("**0.01**", "within 5×10⁻¹⁰")
    assert lines(found)[label][3] == ("**differs: not ranked**", "")
    assert f"**{label} does not compute what the others do" in said
    assert not is_ranked(results, "iris", "svi", "em")
    assert is_ranked(results, "iris", "sklearn", "em")


def test_a_check_that_came_to_no_end_says_why(tmp_path: Path) -> None:
    rows = agreeing(("em", "sklearn"))
    lost = {"difference": math.nan, "tolerance": math.nan}
    rows.append(row("svi", "all", "killed", message="ended by SIGKILL", **lost))
    results = mixture_results(tmp_path, rows)
    found, said = table_of(results)
    assert lines(found)[results.label("svi")][3] == ("**killed: not ranked**", "")
    assert "on iris: ended by SIGKILL" in said


def test_not_a_number_is_no_number(tmp_path: Path) -> None:
    rows = agreeing(("em", "sklearn"))
    rows.append(row("svi", "bound", "differs", difference=math.nan, message="not finite"))
    results = mixture_results(tmp_path, rows)
    found, said = table_of(results)
    assert lines(found)[results.label("svi")][1] == ("**no number**", "")
    assert "not finite" in said


def test_what_cannot_be_asked_is_shown_as_such(tmp_path: Path) -> None:
    rows = agreeing(("em", "sklearn"))
    rows += [
        row("svi", "log_likelihood"),
        row("svi", "bound", "not available", difference=math.nan, message="it has a prior"),
    ]
    results = mixture_results(tmp_path, rows)
    found, said = table_of(results)
    shown = lines(found)[results.label("svi")]
    assert shown[1] == ("—", "not available")
    assert shown[3] == ("agrees", "")
    assert "it has a prior" in said


@pytest.mark.parametrize("drop", [False, True])
def test_a_store_from_before_the_gate(tmp_path: Path, drop: bool) -> None:
    store = mixture_store(tmp_path / "results.sqlite")
    if drop:
        import sqlite3

        with sqlite3.connect(store.path) as connection:
            connection.execute("DROP TABLE parity")
    section = parity_section(StudyResults.read(store))
    (said,) = section.blocks
    assert isinstance(said, Text)
    assert said.text.startswith("Not checked")


def test_vaes_are_shown_by_the_parts_of_their_bound(tmp_path: Path) -> None:
    store = vae_store(tmp_path / "results.sqlite")
    rows = agreeing(("torch-vae", "pyro-vae"), VAE)
    store.write_parity(rows, [r.key for r in rows])
    results = StudyResults.read(store)
    found, said = table_of(results)
    assert len(found.columns) == 6
    assert lines(found)[results.label("autoencoder")][4] == ("not checked", "")
    assert "takes no part" in said


def test_a_report_has_the_section_even_if_its_study_names_none(tmp_path: Path) -> None:
    folder = tmp_path / "made-up"
    store: ResultStore = mixture_store(folder / "results.sqlite", sections=["scores", "verdicts"])
    rows = [*agreeing(("em", "sklearn")), row("svi", "bound", "differs")]
    assert "parity" not in [s.name for s in build_document(StudyResults.read(store)).sections]
    store.write_parity(rows, [r.key for r in rows])
    text = write_report(store, "made-up", folder).read_text(encoding="utf-8")
    assert "Do they compute the same thing?" in text
    assert "ranked against nobody" in text
    assert (folder / "tables" / "parity.csv").exists()
