"""Simulated studies of equal and slowed estimators, under noise of every kind that timings have.

A study is a sequence of runs: within each seed the baseline, an equal estimator under another name,
one that is slowed, and the baseline again. Noise lives on that sequence, so that what is slow for a
while is slow for neighbours.
"""

from collections.abc import Callable

import numpy as np
import pytest

from studies.statistics import ALPHA, Evidence, fewest_pairs, judge, noise_floor, summarise_pairs

SEEDS, RUNS = 16, 4
STUDIES = 400
NOISE = 0.05
BASELINE, TWIN, SLOWED, AGAIN = range(RUNS)


def normal(random: np.random.Generator) -> np.ndarray:
    """Independent noise of 5%."""
    return random.normal(0, NOISE, SEEDS * RUNS)


def heavy_tailed(random: np.random.Generator) -> np.ndarray:
    """Student's t with three degrees of freedom, of the same standard deviation."""
    return random.standard_t(3, SEEDS * RUNS) * NOISE / np.sqrt(3)


def autocorrelated(random: np.random.Generator) -> np.ndarray:
    """A first-order autoregression: each run has 0.9 of its forerunner's deviation."""
    noise = normal(random)
    for i in range(1, len(noise)):
        noise[i] = 0.9 * noise[i - 1] + np.sqrt(1 - 0.81) * noise[i]
    return noise


def bursts(random: np.random.Generator) -> np.ndarray:
    """Normal noise, and spells of six runs in which everything takes 1.3 times as long."""
    noise = normal(random)
    for start in random.integers(0, SEEDS * RUNS, 2):
        noise[start : start + 6] += np.log(1.3)
    return noise


def log_times(noise: np.ndarray, random: np.random.Generator, slowdown: float) -> np.ndarray:
    """Log times (seeds, runs): a level of each seed's own, the noise, and the slowdown."""
    times = noise.reshape(SEEDS, RUNS) + random.normal(0, 0.5, (SEEDS, 1))
    times[:, SLOWED] += np.log(slowdown)
    return times


def verdict(times: np.ndarray, run: int, floor: float) -> str:
    """One run's verdict against the baseline; the bootstrap only where it is called for."""
    difference = times[:, run] - times[:, BASELINE]
    if abs(difference.mean()) <= floor:
        found = Evidence(SEEDS, float(difference.mean()), None, None, floor=floor)
        return judge(found).verdict
    s = summarise_pairs(difference, resamples=299)
    found = Evidence(s.n, s.mean, s.interval.bounds, s.p_value, floor=floor, higher_is_better=False)
    return judge(found).verdict


def simulated(kind: Callable, seed: int, studies: int, slowdown: float = 1.0) -> list[list[str]]:
    """By study, the verdicts of the twin and, if it is slowed, of the slowed estimator."""
    random = np.random.default_rng(seed)
    runs, found = [TWIN] if slowdown == 1 else [TWIN, SLOWED], []
    for _ in range(studies):
        times = log_times(kind(random), random, slowdown)
        floor = noise_floor(times[:, AGAIN] - times[:, BASELINE], SEEDS).log_ratio
        found.append([verdict(times, run, floor) for run in runs])
    return found


def three_errors(rate: float, n: int) -> float:
    """Three standard errors of a share over n studies."""
    return 3 * np.sqrt(rate * (1 - rate) / n)


@pytest.mark.parametrize(
    ("kind", "rate"),
    [(normal, 0.95), (heavy_tailed, 0.94), (autocorrelated, 0.95), (bursts, 0.95)],
)
def test_an_estimator_under_two_names_is_a_tie_at_the_stated_rate(kind, rate):
    """95% where the repeats show the noise that the comparison has: exactly so for normal noise.

    Runs farther apart, as a repeat is, differ no less. With heavy tails an outlier may be in the
    comparison alone, and 94% are ties (3,000 other studies: 94.2%). What is no tie is told apart
    only if the rank test agrees, at its own 5%.
    """
    verdicts = [twin for (twin,) in simulated(kind, 31, STUDIES)]
    ties = verdicts.count("tie") / STUDIES
    assert ties >= rate - three_errors(rate, STUDIES)
    if kind is normal:  # a floor so high that all is a tie is no floor
        assert ties <= rate + three_errors(rate, STUDIES)
    told_apart = sum(v in ("better", "worse") for v in verdicts) / STUDIES
    assert told_apart <= ALPHA + three_errors(ALPHA, STUDIES)


@pytest.mark.parametrize(
    ("kind", "power"), [(normal, 0.97), (heavy_tailed, 0.90), (autocorrelated, 0.90)]
)
def test_a_planted_slowdown_of_a_tenth_is_worse(kind, power):
    """log 1.1 = 0.095 is 5.4 standard errors, 0.05 √2 / √16, of normal noise; the floor 2.1.

    The chance that the mean then falls below the floor is under 0.001, so that 97% is missed by
    chance alone in fewer than one test in a million. Of heavy tails and of autocorrelation, where
    the repeat's distance in time raises the floor, 90% is what is asked.
    """
    verdicts = [slow for _, slow in simulated(kind, 34, 200, slowdown=1.1)]
    assert verdicts.count("worse") / 200 >= power
    assert "better" not in verdicts


def test_six_seeds_can_tell_a_tenth_where_the_noise_is_a_fiftieth():
    """The fewest pairs that allow a verdict do give one: 2% of noise, 0.095 against 2.45 × 0.0115.

    With six pairs all six must have one sign, and the floor's quantile is Student's with six
    degrees of freedom: 2.45 standard errors of 0.02 √2 / √6 = 0.0115.
    """
    random, found = np.random.default_rng(35), []
    for _ in range(200):
        first, again, slow = random.normal(0, 0.02, (3, fewest_pairs()))
        floor = noise_floor(again - first, fewest_pairs()).log_ratio
        s = summarise_pairs(slow + np.log(1.1) - first, resamples=299)
        evidence = Evidence(
            s.n, s.mean, s.interval.bounds, s.p_value, floor=floor, higher_is_better=False
        )
        found.append(judge(evidence).verdict)
    assert found.count("worse") / 200 >= 0.9
