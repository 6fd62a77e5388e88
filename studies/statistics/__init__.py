"""Statistics of comparisons: pure functions on arrays, with SciPy underneath."""

from studies.statistics.arrivals import (
    Steps,
    arrival_distribution,
    performance_profile,
    performance_ratios,
)
from studies.statistics.holm import holm
from studies.statistics.intervals import CONFIDENCE, Interval, bca_interval
from studies.statistics.noise import NoiseFloor, noise_floor
from studies.statistics.paired import PairedSummary, summarise_pairs
from studies.statistics.signed_rank import (
    ALPHA,
    SignedRank,
    fewest_pairs,
    signed_rank_test,
    smallest_p,
)
from studies.statistics.verdicts import Evidence, Judgement, Reason, Verdict, judge

__all__ = [
    "ALPHA",
    "CONFIDENCE",
    "Evidence",
    "Interval",
    "Judgement",
    "NoiseFloor",
    "PairedSummary",
    "Reason",
    "SignedRank",
    "Steps",
    "Verdict",
    "arrival_distribution",
    "bca_interval",
    "fewest_pairs",
    "holm",
    "judge",
    "noise_floor",
    "performance_profile",
    "performance_ratios",
    "signed_rank_test",
    "smallest_p",
    "summarise_pairs",
]
