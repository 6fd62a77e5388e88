"""Reports of studies that went wrong or are unusual: they are written, and say so."""

from dataclasses import replace

import numpy as np
import pytest

from studies.report import section_names, write_report
from studies.report.building import build_document
from studies.report.loaded import StudyResults
from studies.report.model import Figure, Table
from studies.report.style import marks, themed
from tests.studies.report.synthetic import failing, mixture_store, vae_store


def build(store):
    """The document, with every figure drawn (but not saved)."""
    document = build_document(StudyResults.read(store))
    blocks = [block for section in document.sections for block in section.blocks]
    with themed():
        for block in blocks:
            if isinstance(block, Figure):
                block.draw()
    return document, blocks


@pytest.mark.parametrize("make", [mixture_store, vae_store])
@pytest.mark.parametrize("kept", ["none", "one"])
def test_few_or_no_runs_ended_well(tmp_path, make, kept):
    def change(cell, result):
        return result if kept == "one" and result.key.endswith("-0") else None

    names = {"datasets": ("galaxies", "iris")} if make is mixture_store else {}
    document, blocks = build(make(tmp_path / "r.sqlite", seeds=2, change=change, **names))
    tables = [b for b in blocks if isinstance(b, Table)]
    assert {"scores", "failures"} <= {t.name for t in tables}
    expected = [n for n in section_names(_kind(make))[1:] if n not in _OF_EXTRAS]
    assert [s.name for s in document.sections] == expected


_OF_EXTRAS = ("manifold", "traversals", "use", "epoch-pictures", "generalisation", "bounds")
"""Sections of measurements that these runs did not ask for, hence left out."""


def _kind(make):
    return "mixture" if make is mixture_store else "vae"


def test_a_report_without_any_result_is_written(tmp_path):
    store = mixture_store(tmp_path / "r.sqlite", change=lambda *_: None)
    text = write_report(store, "r", tmp_path / "r").read_text(encoding="utf-8")
    assert "No run ended well, so there is no answer." in text
    assert text.count("| 0/3 |") >= 9


def test_no_labels_no_shape_no_test_data(tmp_path):
    def without_test(cell, result):
        return replace(result, scores=[s for s in result.scores if s.split != "test"])

    build(
        mixture_store(
            tmp_path / "a", datasets=("iris",), seeds=1, labelled=False, change=without_test
        )
    )

    def vectors(cell, result):
        facts = dict(result.dataset_facts) | {"image_shape": None, "label_names": []}
        arrays = {k: v for k, v in result.arrays.items() if k != "code_labels"}
        return replace(result, dataset_facts=facts, arrays=arrays)

    build(vae_store(tmp_path / "b", seeds=1, change=vectors))


def test_values_that_are_not_finite(tmp_path):
    def change(cell, result):
        scores = [
            replace(s, value=np.nan) if s.metric in ("log_likelihood", "fit_seconds") else s
            for s in result.scores
        ]
        trace = [replace(p, value=np.inf) for p in result.trace]
        return replace(result, scores=scores, trace=trace)

    _, blocks = build(mixture_store(tmp_path / "a", datasets=("iris",), change=change))
    scores = next(b for b in blocks if isinstance(b, Table) and b.name == "scores")
    assert scores.rows[0][3].text == "—"
    build(vae_store(tmp_path / "b", change=change))


def test_odd_names_are_shown_as_they_are(tmp_path):
    estimators = {
        "em": {"label": "cheap | $5 *and* <b>bold</b>"},
        "mine": {"estimator": "em", "label": "_hidden_ [link](x)"},
        "yours": {"estimator": "em"},
        "theirs": {"estimator": "em"},
        "third-party": {"estimator": "module:Class"},
    }
    store = mixture_store(
        tmp_path / "r" / "results.sqlite",
        datasets=("iris",),
        estimators=estimators,
        seeds=1,
        sections=["scores", "ascent"],
        title="A | title",
        question="Which\n*one*?",
    )
    folder = store.path.parent
    lines = write_report(store, "r", folder).read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# A \\| title"
    assert lines[2] == "> Which \\*one\\*?"
    rows = [line for line in lines if line.startswith("| iris |")]
    assert "cheap \\| \\$5 \\*and\\* \\<b\\>bold\\</b\\>" in rows[0]
    assert "\\_hidden\\_ \\[link\\](x)" in rows[1]
    labels = [row.split(" | ")[1] for row in rows[2:5]]
    assert labels == ["EM (by hand) (yours)", "EM (by hand) (theirs)", "third-party"]


def test_every_estimator_has_a_colour_of_its_own_and_keeps_it(tmp_path):
    names = [f"e{i}" for i in range(8)]
    crowd = {name: {"estimator": "em"} for name in names}
    many = StudyResults.read(mixture_store(tmp_path / "a", estimators=crowd, seeds=1))
    colours = [mark.colour for mark in marks(many).values()]
    assert len(set(colours[:7])) == 7
    few = StudyResults.read(mixture_store(tmp_path / "b", estimators=("svi", "em"), seeds=1))
    usual = StudyResults.read(mixture_store(tmp_path / "c", seeds=1))
    assert all(marks(few)[name] == marks(usual)[name] for name in ("em", "svi"))


def test_a_single_vae_or_autoencoder(tmp_path):
    for i, name in enumerate(("torch-vae", "autoencoder")):
        build(vae_store(tmp_path / str(i), estimators=(name,), baseline=name, seeds=1))


def test_pictures_of_a_failed_first_seed_are_left_out(tmp_path):
    _, blocks = build(vae_store(tmp_path / "r", change=failing("mnist", "pyro-vae", 0)))
    samples = next(b for b in blocks if isinstance(b, Figure) and b.name == "samples-mnist")
    assert "Pyro" not in samples.alt


def test_matplotlibs_settings_are_left_as_they_were():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    with themed():
        assert dict(mpl.rcParams) != before
    assert dict(mpl.rcParams) == before
