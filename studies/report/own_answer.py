"""The answer of a study that compares estimators over numbers of components, as on one's own data:
how many, which implementation, how good, how long."""

from studies.report.loaded import StudyResults
from studies.report.mixture_answer import mixture_answer
from studies.report.model import Answer
from studies.report.numbers import linked
from studies.report.selection_data import CRITERIA, choice, swept_groups
from studies.report.selection_sections import in_selection, selection_answer
from studies.report.words import counted, escaped, fixed, seconds


def compares_over_components(results: StudyResults) -> bool:
    """Whether several estimators are run at the points at which K varies."""
    return any(
        len([e for e in results.estimators if results.planned(point, e)]) > 1
        for points in swept_groups(results).values()
        for point in points
    )


def own_answer(results: StudyResults) -> Answer:
    """Which K each criterion chooses, what each estimator reaches there, and how they compare."""
    chosen, compared = selection_answer(results), mixture_answer(results)
    sentences = [chosen.headline, *chosen.details]
    if len(swept_groups(results)) == 1 and chosen.details:
        sentences = list(chosen.details)  # the count of data sets says nothing of one
    sentences += [_at_the_choice(results, group) for group in swept_groups(results)]
    found = [s for s in [*sentences, compared.headline, *compared.details] if s]
    return Answer(found[0], tuple(found[1:]))


def _at_the_choice(results: StudyResults, group: str) -> str:
    """What each estimator reaches with the K that BIC chooses most often, and in what time."""
    taken = choice(results, group, CRITERIA[0])
    if taken is None:
        return ""
    point = next(
        p
        for p in swept_groups(results)[group]
        if int(results.factors(p)["n_components"]) == taken.usual
    )
    phrases = [_reached(results, point, name) for name in results.estimators]
    phrases = [phrase for phrase in phrases if phrase]
    usual = in_selection(str(taken.usual), group, "bic_train_choice")
    return (
        f"With BIC's K = {usual} on {escaped(group)}, medians over "
        f"{counted(results.n_seeds, 'seed')}: {'; '.join(phrases)}."
    )


def _reached(results: StudyResults, point: str, estimator: str) -> str:
    train = results.values("log_likelihood", "train", point, estimator)
    times = results.values("fit_seconds", "", point, estimator)
    if train.empty or times.empty:
        return ""

    def said(text: str, column: str) -> str:
        at = {"dataset": point, "estimator": estimator}
        return linked(text, "scores", f"{column}_median", where=at)

    test = results.values("log_likelihood", "test", point, estimator)
    held_out = said(fixed(float(test.median()), 3), "log_likelihood_test")
    beside = f" and {held_out} on held-out ones" if len(test) else ""
    on_train = said(fixed(float(train.median()), 3), "log_likelihood_train")
    time = said(seconds(float(times.median())), "fit_seconds")
    return (
        f"{results.label(estimator)} has a mean log p(x) of {on_train} nats per datum on training "
        f"rows{beside}, after {time} of fitting"
    )
