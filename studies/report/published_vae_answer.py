"""The answer of a study of published figures of VAEs: whether the aim was met, and the others."""

from studies.published_vae import PublishedVAE
from studies.report.loaded import StudyResults
from studies.report.model import Answer
from studies.report.numbers import linked
from studies.report.published_vae_rows import SCORED_ON, TRAINED_ON, MeasuredRow, measured_rows
from studies.report.published_vae_tables import KINDS, label, record, score_words
from studies.report.words import counted, escaped, fixed, listed, significant

NONE = "No published figure belongs to what this study ran."
"""What there is to say where nothing compares."""


def published_vae_answer(results: StudyResults) -> Answer:
    """Whether the aim was met, and by whom; then the other figures."""
    rows = measured_rows(results)
    if not rows:
        return Answer(NONE)
    if all(row.verdict in ("other data", "no run") for row in rows):
        return Answer(_not_comparable(rows))
    aims = [row for row in rows if row.published.rule == "aim"]
    others = [row for row in rows if row.published.rule != "aim"]
    counts = [
        _count_sentence(results, k, [r for r in others if r.published.kind == k]) for k in KINDS
    ]
    parts = [_aim_sentence(results, aims), *counts, _exceptions(results, rows)]
    parts = [part for part in parts if part]
    return Answer(parts[0], tuple(parts[1:]))


def _aim_sentence(results: StudyResults, aims: list[MeasuredRow]) -> str:
    if not aims:
        return ""
    printed = linked(aims[0].published.printed, *_AIM, where={"rule": "aim"}, take="min")
    aim = f"The aim, −log p(x) of at most {printed} nats per image"
    met = [_reached(results, row) for row in aims if row.passed]
    missed = [_reached(results, row) for row in aims if not row.passed]
    if not missed:
        who = "both twins" if len(met) == 2 else counted(len(met), "run")
        return f"{aim}, is met by {who}: {listed(met)}."
    if not met:
        return f"{aim}, is not met: {listed(missed)}."
    return f"{aim}, is met by {listed(met)}, but not by {listed(missed)}."


_AIM = ("vae-published-bits", "published")


def _reached(results: StudyResults, row: MeasuredRow) -> str:
    who = label(results, row)
    if row.verdict == "no run":
        return f"{who} (no run that ended well: {escaped(row.status)})"
    if row.verdict == "other data":
        return f"{who} (run on other data)"
    return (
        f"{who} with {_number(row, fixed(row.measured, 2), 'measured')} (Monte Carlo error "
        f"{_number(row, fixed(row.monte_carlo_error, 3), 'monte_carlo_error')}) after "
        f"{_number(row, fixed(row.epochs, 0), 'epochs')} epochs in "
        f"{_number(row, significant(row.minutes), 'minutes')} minutes"
    )


def _number(row: MeasuredRow, text: str, column: str) -> str:
    """`text` with the address of the figure in its row of the table of its kind."""
    names = ("dataset", "score", "taken", "estimator", "seed")
    where = {name: record(row)[name] for name in names}
    return linked(text, f"vae-published-{row.published.kind}", column, where=where)


def _count_sentence(results: StudyResults, kind: str, rows: list[MeasuredRow]) -> str:
    if not rows:
        return ""
    parts = []
    for verdict, words in _VERDICT_COUNTS.items():
        n = sum(row.verdict == verdict for row in rows)
        if n:
            where = {"verdict": verdict, "rule": "spread"}
            table = f"vae-published-{kind}"
            parts.append(f"{linked(str(n), table, 'published', where=where, take='count')} {words}")
    figures_ = counted(len({row.published for row in rows}), "further published figure")
    takers = listed(list(dict.fromkeys(label(results, row) for row in rows)))
    return (
        f"{_OF_KIND[kind]}, {figures_}, each with a band stated beforehand and measured with "
        f"{takers}: {listed(parts)}."
    )


_OF_KIND = {"bits": "Of bits", "none": "Of grey pixels in a Bernoulli, which are no likelihoods"}

_VERDICT_COUNTS = {
    "within": "within the band",
    "better": "better than the band",
    "worse": "worse than the band",
    "not reached": "not taken, for the epoch was not reached",
    "no run": "without a run that ended well",
    "other data": "on other data",
}


def _place(published: PublishedVAE) -> str:
    return f"{escaped(published.dataset)} ({score_words(published)})"


def _exceptions(results: StudyResults, rows: list[MeasuredRow]) -> str:
    found = [row for row in rows if row.published.rule != "aim" and row.verdict == "worse"]
    if not found:
        return ""
    places = [
        f"{label(results, row)} on {_place(row.published)} by "
        f"{_number(row, significant(row.difference), 'difference')} nats"
        for row in found
    ]
    return f"**Worse:** {listed(places)}."


def _not_comparable(rows: list[MeasuredRow]) -> str:
    on = next((row for row in rows if row.verdict == "other data"), None)
    if on is None:
        return "No run ended well, so there is no answer."
    return (
        "Nothing here is compared with a published figure: these runs are a rehearsal on "
        f"{on.n_train:,} training and {on.n_test:,} test images, and the published figures are of "
        f"{TRAINED_ON:,} and {SCORED_ON:,}."
    )
