"""The table of truth branch by branch, and how often whole simulated studies are wrong."""

from dataclasses import replace

import numpy as np
import pytest

from studies.statistics import Evidence, holm, judge, summarise_pairs

BETTER = Evidence(n=20, centre=0.2, interval=(0.1, 0.3), p_value=0.001)

_FAMILY = 6
_STUDIES = 300


@pytest.mark.parametrize(
    ("evidence", "verdict", "reason"),
    [
        (replace(BETTER, n=0, p_value=None, interval=None), "undecided", "no pairs"),
        (replace(BETTER, n=5), "undecided", "too few pairs"),
        (replace(BETTER, n=5, floor=1.0, region=1.0), "undecided", "too few pairs"),
        (replace(BETTER, floor=0.2), "tie", "below the floor"),
        (replace(BETTER, centre=-0.2, interval=(-0.3, -0.1), floor=0.2), "tie", "below the floor"),
        (replace(BETTER, centre=-0.2, interval=(-0.3, -0.1), floor=0.19), "worse", "significant"),
        (replace(BETTER, floor=0.2, region=0.5), "tie", "below the floor"),
        (replace(BETTER, floor=0.19), "better", "significant"),
        (replace(BETTER, interval=None), "undecided", "no interval"),
        (replace(BETTER, region=0.3), "equivalent", "inside the region"),
        (replace(BETTER, region=0.3, p_value=0.5), "equivalent", "inside the region"),
        (replace(BETTER, centre=-0.2, interval=(-0.3, -0.1), region=0.3), "equivalent",
         "inside the region"),
        (BETTER, "better", "significant"),
        (replace(BETTER, n=6, p_value=0.05), "better", "significant"),
        (replace(BETTER, higher_is_better=False), "worse", "significant"),
        (replace(BETTER, region=0.09), "better", "significant"),
        (replace(BETTER, region=0.1), "better", "reaches into the region"),
        (replace(BETTER, centre=-0.2, interval=(-0.3, -0.1)), "worse", "significant"),
        (replace(BETTER, centre=-0.2, interval=(-0.3, -0.1), higher_is_better=False), "better",
         "significant"),
        (replace(BETTER, centre=-0.2, interval=(-0.3, -0.1), region=0.2), "worse",
         "reaches into the region"),
        (replace(BETTER, interval=(-0.1, 0.3)), "undecided", "interval includes 0"),
        (replace(BETTER, interval=(0.0, 0.3)), "undecided", "interval includes 0"),
        (replace(BETTER, p_value=0.0501), "undecided", "not significant"),
        (replace(BETTER, interval=(-0.1, 0.3), p_value=0.2, region=0.2), "undecided",
         "not significant"),
    ],
)  # fmt: skip
def test_the_table_of_truth(evidence, verdict, reason):
    found = judge(evidence)
    assert (found.verdict, found.reason) == (verdict, reason)


def verdicts_of_a_study(differences: list[np.ndarray], region: float | None = None) -> list[str]:
    """Every comparison's verdict, corrected over the study."""
    found = [summarise_pairs(values, resamples=299) for values in differences]
    corrected = holm(np.array([s.p_value for s in found]))
    return [
        judge(Evidence(s.n, s.mean, s.interval.bounds, float(p), region)).verdict
        for s, p in zip(found, corrected, strict=True)
    ]


def study(random: np.random.Generator, n: int, shift: float) -> list[np.ndarray]:
    """Three estimators' pairs in two metrics; heavy tails; the first differs by `shift`.

    The three are compared with each other, so that the six comparisons depend on each other.
    """
    values = random.standard_t(4, (2, 3, n))
    values[:, 0] += shift
    return [v[i] - v[j] for v in values for i, j in ((0, 1), (0, 2), (1, 2))]


def three_errors(rate: float, n: int) -> float:
    """Three standard errors of a share over n studies."""
    return 3 * np.sqrt(rate * (1 - rate) / n)


def test_equal_estimators_are_told_apart_in_at_most_one_study_in_twenty():
    random = np.random.default_rng(11)
    wrong = sum(
        bool({"better", "worse"} & set(verdicts_of_a_study(study(random, 14, 0.0))))
        for _ in range(_STUDIES)
    )
    assert wrong / _STUDIES <= 0.05 + three_errors(0.05, _STUDIES)


def test_a_planted_difference_is_found():
    # Differences of two t₄ values have standard deviation 2: a shift of 4 in 20 pairs is 9 standard
    # errors off 0, where Holm's first step asks for about 3.
    random = np.random.default_rng(12)
    for _ in range(40):
        found = verdicts_of_a_study(study(random, 20, 4.0))
        assert [found[i] for i in (0, 1, 3, 4)] == ["better"] * 4


def test_a_difference_at_the_regions_edge_is_rarely_called_equivalent():
    # Each side's error is nominally half of 5%; at 12 pairs the bootstrap's interval is too narrow
    # by about the factor √(11/12) z/t, and 5% still bounds it: P(t₁₁ > 1.96 √(11/12)) = 0.044.
    random = np.random.default_rng(13)
    wrong = sum(
        verdicts_of_a_study([random.normal(0.5, 0.4, 12)], region=0.5) == ["equivalent"]
        for _ in range(_STUDIES)
    )
    assert wrong / _STUDIES <= 0.05 + three_errors(0.05, _STUDIES)


def test_small_differences_are_equivalent():
    random = np.random.default_rng(14)
    for _ in range(20):
        assert verdicts_of_a_study([random.normal(0, 0.1, 12)], region=0.5) == ["equivalent"]
