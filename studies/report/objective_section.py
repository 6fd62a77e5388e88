"""The section that holds each estimator's own word against the evaluation's figure."""

import math

import pandas as pd

from studies.report.loaded import StudyResults
from studies.report.model import Column, Entry, Section, Table, Text
from studies.report.numbers import linked
from studies.report.objective_data import (
    STANDARD_ERRORS,
    STATED,
    OwnWord,
    disagreements,
    own_words,
)
from studies.report.words import MISSING, counted, escaped, fixed, nats, signed, significant

_TITLE = "Own objective against the evaluation"
_NAME = "objective"
"""Of the section and of its table."""

_SAME_THING = {"reason": ""}
"""Of the runs whose two figures are of the same thing."""


def objective_section(results: StudyResults) -> Section:
    """What every estimator says of itself, what the evaluation finds, and whether they agree."""
    words = own_words(results)
    blocks = (Text(_how(results)), Text(_outcome(results, words)), _table(results, words))
    return Section(_NAME, _TITLE, blocks)


def disagreement_sentence(results: StudyResults) -> str:
    """Whose own objective is not what the evaluation finds, for an answer; empty if nobody's."""
    phrases = [_phrase(results, word) for word in disagreements(results)]
    if not phrases:
        return ""
    return (
        f"Own objectives are not what the evaluation finds: {'; '.join(phrases)}; what is said "
        "here is the evaluation's."
    )


def _how(results: StudyResults) -> str:
    if results.kind == "mixture":
        return (
            "What an estimator reports of its last step on the training data, beside the bound "
            "that the evaluation computes there from the learned parameters (with the exact "
            f"posterior: the log-likelihood). Both are exact: beyond {nats(STATED)} they disagree. "
            "What is reported is of the parameters before the last update, so that what the last "
            "step gained is allowed beside that."
        )
    return (
        "What an estimator reports of its last epoch on the training data, beside the ELBO that "
        "the evaluation finds on the first training rows with new noise. The one is a mean over "
        "the epoch while the parameters moved, the other is of the last ones: beyond "
        f"{significant(STANDARD_ERRORS)} standard errors and what the last epoch gained, they "
        "disagree."
    )


def _outcome(results: StudyResults, words: tuple[OwnWord, ...]) -> str:
    bad = [word for word in words if len(word.disagreeing)]
    if bad:
        return f"**They disagree: {'; '.join(_phrase(results, word) for word in bad)}.**"
    compared = sum(len(word.compared) for word in words)
    if compared == 0:
        return "No run has both figures of the same thing, so that nothing can be held against it."
    many = linked(counted(compared, "run"), _NAME, "own", where=_SAME_THING, take="count")
    return f"They agree in all of {many} that have both of the same thing."


def _phrase(results: StudyResults, word: OwnWord) -> str:
    worst = _worst(word.disagreeing)
    of_word = {"group": word.group, "estimator": word.estimator}
    of_run = {name: worst[name] for name in ("dataset", "seed")} | of_word
    few = linked(str(len(word.disagreeing)), _NAME, "disagrees", where=of_word, take="sum")
    runs = counted(len(word.compared), "run")
    many = linked(runs, _NAME, "own", where=of_word | _SAME_THING, take="count")
    most, allowed = (
        linked(text, _NAME, column, where=of_run)
        for text, column in (
            (signed(float(worst["difference"])), "difference"),
            (significant(float(worst["allowed"])), "allowed"),
        )
    )
    return (
        f"{results.label(word.estimator)} on {escaped(word.group)} in {few} of {many}, at the most "
        f"{most} nats per datum from the evaluation's figure, where {allowed} is allowed"
    )


def _table(results: StudyResults, words: tuple[OwnWord, ...]) -> Table:
    frames = [_frame(word) for word in words]
    return Table(
        name=_NAME,
        caption="Medians over runs, for sweeps over all of their points; the difference is the own "
        "objective less the evaluation's figure, where it is farthest from 0, with what is allowed "
        "there below. *Runs*: those that have both figures, of those planned.",
        columns=(
            Column("data", align="left"),
            Column("estimator", align="left"),
            Column("runs"),
            Column("own objective", "nats per datum"),
            Column("evaluation", "nats per datum"),
            Column("largest difference", "nats per datum"),
            Column("so they", align="left"),
        ),
        rows=tuple(_row(results, word) for word in words),
        frame=pd.concat(frames) if frames else pd.DataFrame(),
    )


def _frame(word: OwnWord) -> pd.DataFrame:
    """One row a run."""
    beyond = word.runs.index.isin(word.disagreeing.index).astype(int)
    return word.runs.assign(estimator=word.estimator, group=word.group, disagrees=beyond)


def _row(results: StudyResults, word: OwnWord) -> tuple[Entry, ...]:
    runs = word.runs
    own, evaluated = (float(runs[c].median()) if len(runs) else math.nan for c in _FIGURES)
    return (
        Entry(escaped(word.group)),
        Entry(results.label(word.estimator)),
        Entry(f"{len(runs)}/{word.planned}"),
        Entry(fixed(own, 3)),
        Entry(fixed(evaluated, 3)),
        _difference(word),
        Entry(_verdict(word)),
    )


_FIGURES = ("own", "evaluated")


def _difference(word: OwnWord) -> Entry:
    runs = next((r for r in (word.disagreeing, word.compared, word.runs) if len(r)), word.runs)
    if runs.empty:
        return Entry(MISSING)
    worst = _worst(runs)
    note = "" if word.reason else f"allowed {significant(float(worst['allowed']))}"
    return Entry(signed(float(worst["difference"])), note)


def _worst(runs: pd.DataFrame) -> pd.Series:
    return runs.iloc[int(runs["difference"].abs().argmax())]


def _verdict(word: OwnWord) -> str:
    if word.reason:
        return f"are not compared: {word.reason}"
    if len(word.disagreeing):
        return f"**disagree** in {len(word.disagreeing)} of {len(word.compared)}"
    left = len(word.runs) - len(word.compared)
    return f"agree, {left} not compared" if left else "agree"
