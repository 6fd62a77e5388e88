"""Each estimator's own word against the evaluation: who agrees, who lies, who cannot be held."""

from dataclasses import replace

import pytest

from studies.report import write_report
from studies.report.building import build_answer, build_document
from studies.report.loaded import StudyResults
from studies.report.model import Table, Text
from studies.report.numbers import unlinked
from studies.report.objective_data import STATED, disagreements, own_words
from studies.results import Score, TracePoint
from tests.studies.report.synthetic import failing, mixture_store, vae_store


def lying(estimator: str, by: float, *, seed: int = 0):
    """One run whose own objective is so much above the evaluation's bound."""

    def change(cell, result):
        if (cell.estimator, cell.seed) != (estimator, seed):
            return result
        scores = [
            replace(s, value=s.value + by) if s.metric == "objective" else s for s in result.scores
        ]
        return replace(result, scores=scores)

    return change


def read(tmp_path, **options) -> StudyResults:
    return StudyResults.read(mixture_store(tmp_path / "r.sqlite", datasets=("iris",), **options))


def section(results: StudyResults):
    return next(s for s in build_document(results).sections if s.name == "objective")


def test_honest_estimators_agree(tmp_path):
    results = read(tmp_path)
    assert disagreements(results) == ()
    texts = [unlinked(b.text) for b in section(results).blocks if isinstance(b, Text)]
    assert "They agree in all of 9 runs" in texts[1]
    (table,) = (b for b in section(results).blocks if isinstance(b, Table))
    assert [row[2].text for row in table.rows] == ["3/3"] * 3
    assert {row[-1].text for row in table.rows} == {"agree"}
    assert "Own objectives" not in build_answer(results).text


@pytest.mark.parametrize("by", [0.5, -0.5, 1.01 * STATED])
def test_a_lying_estimator_is_flagged(tmp_path, by):
    results = read(tmp_path, change=lying("sklearn", by, seed=1))
    (word,) = disagreements(results)
    assert (word.estimator, word.disagreeing["seed"].tolist()) == ("sklearn", [1])
    texts = [unlinked(b.text) for b in section(results).blocks if isinstance(b, Text)]
    assert "**They disagree: EM (scikit-learn) on iris in 1 of 3 runs" in texts[1]
    assert "Own objectives are not what the evaluation finds: EM (scikit-learn)" in (
        build_answer(results).text
    )


def test_within_the_stated_tolerance_is_no_disagreement(tmp_path):
    assert disagreements(read(tmp_path, change=lying("sklearn", 0.99 * STATED))) == ()


def test_a_disagreement_is_never_left_out(tmp_path):
    store = mixture_store(
        tmp_path / "r.sqlite",
        datasets=("iris",),
        sections=["scores"],
        change=lying("svi", 0.5),
    )
    text = write_report(store, "r", tmp_path / "r").read_text(encoding="utf-8")
    assert "## Own objective against the evaluation" in text
    assert "**disagree** in 1 of 3" in text


def test_what_the_last_step_gained_is_allowed_beside(tmp_path):
    """The objective is one step behind: by 0.05 in a fit whose last step gained 0.05."""

    def moving(gain):
        def change(cell, result):
            ends = [TracePoint(i, 1.0, "objective", "train", i * gain) for i in (1, 2)]
            lied = lying(cell.estimator, -0.05, seed=cell.seed)(cell, result)
            return replace(lied, trace=[*result.trace, *ends])

        return change

    assert disagreements(read(tmp_path / "a", change=moving(0.05))) == ()
    assert len(disagreements(read(tmp_path / "b", change=moving(0.03)))) == 3


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"estimators": {"em": {}, "svi": {"settings": {"inference": "vb"}}}}, "evidence"),
        ({"estimators": {"em": {}, "svi": {"settings": {"inference": "map"}}}}, "log prior"),
        ({"estimators": ("em", "svi"), "evaluation": {"score_rows": 100}}, "first 100 rows"),
    ],
)
def test_what_is_not_of_the_same_thing_is_not_held_against_it(tmp_path, options, reason):
    results = read(tmp_path, change=lying("svi", 0.5), **options)
    assert disagreements(results) == ()
    word = next(w for w in own_words(results) if w.estimator == "svi")
    assert reason in word.reason
    (table,) = (b for b in section(results).blocks if isinstance(b, Table))
    assert reason in table.rows[1][-1].text


def test_runs_that_failed_are_counted(tmp_path):
    results = read(tmp_path, change=failing("iris", "svi", 0, 1, status="memory"))
    (table,) = (b for b in section(results).blocks if isinstance(b, Table))
    assert [row[2].text for row in table.rows] == ["3/3", "3/3", "1/3"]


def with_training_bound(error: float, by: float):
    """Give every VAE the evaluation's ELBO on training rows, `by` from its own word."""

    def change(cell, result):
        own = next(s.value for s in result.scores if s.metric == "objective")
        trace = [p for p in result.trace if p.metric != "objective"]
        ends = [TracePoint(i, 1.0, "objective", "train", own - 0.2 * (2 - i)) for i in (1, 2)]
        scores = [
            *result.scores,
            Score("elbo", "train", own + by),
            Score("elbo_standard_error", "train", error),
        ]
        return replace(result, scores=scores, trace=[*trace, *ends])

    return change


@pytest.mark.parametrize(("by", "flagged"), [(0.79, 0), (0.81, 2), (-0.81, 2)])
def test_vaes_are_held_to_sampling_error_and_the_last_gain(tmp_path, by, flagged):
    """Three standard errors of 0.2 and a last epoch that gained 0.2: 0.8 is allowed."""
    store = vae_store(
        tmp_path / "r.sqlite",
        estimators=("torch-vae", "pyro-vae"),
        change=with_training_bound(0.2, by),
    )
    assert len(disagreements(StudyResults.read(store))) == flagged


def test_a_vae_store_from_before_there_was_a_training_bound(tmp_path):
    results = StudyResults.read(vae_store(tmp_path / "r.sqlite"))
    assert disagreements(results) == ()
    (reason,) = {w.reason for w in own_words(results)}
    assert reason == "no run that ended well was evaluated on the training data"


def test_a_point_of_a_sweep_that_is_not_planned_for_an_estimator_says_nothing(tmp_path):
    """Two data sets of one group, of which SVI ran on one alone."""
    group = {"group": "swept", "settings": {"n_components": 3}}
    store = mixture_store(
        tmp_path / "r.sqlite",
        datasets=("a", "b"),
        change=lambda c, r: None if (c.dataset, c.estimator) == ("b", "svi") else r,
    )
    results = StudyResults.read(store)
    results.document["datasets"] = {"a": group, "b": group}
    word = next(w for w in own_words(results) if w.estimator == "svi")
    assert (len(word.compared), word.planned, word.reason) == (3, 6, "")


def test_a_fit_that_stopped_before_it_converged_lags_by_an_unknown_amount(tmp_path):
    def stopped(cell, result):
        lied = lying(cell.estimator, -0.5, seed=0)(cell, result)
        scores = [
            replace(s, value=0.0) if s.metric == "converged" and cell.seed == 0 else s
            for s in lied.scores
        ]
        return replace(lied, scores=scores)

    results = read(tmp_path, change=stopped)
    assert disagreements(results) == ()
    assert {len(word.compared) for word in own_words(results)} == {2}
