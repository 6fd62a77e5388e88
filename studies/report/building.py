"""From results to a document: which sections there are, and who writes them."""

from collections.abc import Callable
from dataclasses import replace

from studies.report import (
    common_sections,
    mixture_pairs,
    mixture_sections,
    vae_curves,
    vae_latent,
    vae_pairs,
    vae_pictures,
)
from studies.report.conditions import SHORT_CAVEAT, caveat
from studies.report.likelihoods_answer import likelihoods_answer
from studies.report.likelihoods_sections import likelihoods_section
from studies.report.loaded import StudyResults
from studies.report.method_section import method_section
from studies.report.mixture_answer import mixture_answer
from studies.report.model import Answer, Document, Section, Text
from studies.report.numbers import unlinked
from studies.report.objective_data import disagreements
from studies.report.objective_section import disagreement_sentence, objective_section
from studies.report.overhead_answer import overhead_answer
from studies.report.overhead_attribution import attribution_section
from studies.report.overhead_epochs import epochs_section
from studies.report.overhead_sections import overhead_section
from studies.report.overhead_targets import overhead_target_section
from studies.report.overlap_sections import overlap_answer, overlap_section
from studies.report.own_answer import compares_over_components, own_answer
from studies.report.parity_data import failing_estimators
from studies.report.parity_section import parity_section
from studies.report.pruning_sections import pruning_section
from studies.report.published_answer import published_answer
from studies.report.published_sections import published_section
from studies.report.published_vae_answer import published_vae_answer
from studies.report.published_vae_sections import published_vae_section
from studies.report.selection_sections import selection_answer, selection_section
from studies.report.speed_bound import product_bound_section
from studies.report.speed_growth import growth_section
from studies.report.speed_restarts import restarts_section
from studies.report.speed_sections import speed_section
from studies.report.speed_target import speed_target_section
from studies.report.speed_targets import speed_answer
from studies.report.target_section import time_to_target_section
from studies.report.vae_answer import vae_answer
from studies.report.vae_bounds import bounds_section
from studies.report.verdict_section import verdicts_section

_Writer = Callable[[StudyResults], Section]

_COMMON: dict[str, _Writer] = {
    "scores": common_sections.scores_section,
    "parity": parity_section,
    "verdicts": verdicts_section,
    "target": common_sections.target_section,
    "time-to-target": time_to_target_section,
    "objective": objective_section,
    "failures": common_sections.failures_section,
    "method": method_section,
}
_WRITERS: dict[str, dict[str, _Writer]] = {
    "mixture": {
        **_COMMON,
        "pairs": mixture_pairs.pairs_section,
        "fits": mixture_sections.fits_section,
        "ascent": mixture_sections.ascent_section,
        "gap": mixture_sections.gap_section,
        "tradeoff": mixture_sections.tradeoff_section,
        "published": published_section,
        "selection": selection_section,
        "pruning": pruning_section,
        "speed": speed_section,
        "growth": growth_section,
        "product-bound": product_bound_section,
        "speed-target": speed_target_section,
        "restarts": restarts_section,
        "overlap": overlap_section,
    },
    "vae": {
        **_COMMON,
        "pairs": vae_pairs.pairs_section,
        "reconstructions": vae_pictures.reconstructions_section,
        "samples": vae_pictures.samples_section,
        "curves": vae_curves.curves_section,
        "latent": vae_latent.latent_section,
        "generalisation": vae_curves.generalisation_section,
        "bounds": bounds_section,
        "manifold": vae_pictures.manifold_section,
        "use": vae_latent.use_section,
        "interpolation": vae_pictures.interpolation_section,
        "traversals": vae_pictures.traversals_section,
        "epoch-pictures": vae_pictures.epoch_pictures_section,
        "tradeoff": vae_curves.tradeoff_section,
        "vae-published": published_vae_section,
        "likelihoods": likelihoods_section,
        "overhead-target": overhead_target_section,
        "epochs": epochs_section,
        "overhead": overhead_section,
        "attribution": attribution_section,
    },
}
_ANSWERS: dict[str, Callable[[StudyResults], Answer]] = {
    "mixture": mixture_answer,
    "vae": vae_answer,
}
_SPECIAL_ANSWERS: dict[str, Callable[[StudyResults], Answer]] = {
    "published": published_answer,
    "selection": selection_answer,
    "speed": speed_answer,
    "overlap": overlap_answer,
    "vae-published": published_vae_answer,
    "likelihoods": likelihoods_answer,
    "overhead-target": overhead_answer,
}
"""By section: the answer of the studies that have this section, in place of their kind's."""

_TIMED = (
    "scores",
    "verdicts",
    "pairs",
    "target",
    "time-to-target",
    "tradeoff",
    "speed",
    "growth",
    "product-bound",
    "speed-target",
    "restarts",
    "overlap",
    "vae-published",
    "overhead-target",
    "epochs",
    "overhead",
    "attribution",
)
"""Sections that hold times."""


def build_answer(results: StudyResults) -> Answer:
    """The study's answer alone: its first special section's, else its kind's.

    Its numbers are without the addresses that they have in a whole document.
    """
    answer = _linked_answer(results)
    return Answer(unlinked(answer.headline), tuple(unlinked(text) for text in answer.details))


def _linked_answer(results: StudyResults) -> Answer:
    special = [_SPECIAL_ANSWERS[name] for name in results.sections if name in _SPECIAL_ANSWERS]
    if "selection" in results.sections and compares_over_components(results):
        special = [own_answer]
    answer = (special or [_ANSWERS[results.kind]])[0](results)
    flagged = disagreement_sentence(results)
    return replace(answer, details=(*answer.details, flagged)) if flagged else answer


def build_document(results: StudyResults) -> Document:
    """The whole report; failures are never left out, whatever sections the study asks for.

    Those of runs, of the parity gate, and own objectives that are not what the evaluation finds.
    A section that has nothing to show because the study did not ask for it is left out.
    """
    names = [name for name in results.sections if name != "answer"]
    if "parity" not in names and failing_estimators(results):
        names.insert(0, "parity")
    if "objective" not in names and disagreements(results):
        names.append("objective")
    if "failures" not in names and not results.failures.empty:
        names.append("failures")
    writers = _WRITERS[results.kind]
    return Document(
        title=str(results.document["title"]),
        question=str(results.document["question"]),
        answer=_linked_answer(results),
        sections=_with_caveats(results, [s for n in names if (s := writers[n](results)).blocks]),
    )


def _with_caveats(results: StudyResults, sections: list[Section]) -> tuple[Section, ...]:
    """Sections that hold times begin with what is to be known of other work and other machines.

    The first of them says it in full.
    """
    text, found = caveat(results), []
    for section in sections:
        judged = section.name != "verdicts" or results.compares_times
        if text and judged and section.name in _TIMED:
            section = replace(section, blocks=(Text(text), *section.blocks))
            text = SHORT_CAVEAT
        found.append(section)
    return tuple(found)
