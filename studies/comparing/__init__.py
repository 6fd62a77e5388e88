"""Two sets of results side by side: what differs in how they were made, and what moved."""

from studies.comparing.comparison import Comparison, StudyComparison, compare_results
from studies.comparing.differences import Difference
from studies.comparing.matching import Matching, StatusChange
from studies.comparing.value import ComparedValue

__all__ = [
    "ComparedValue",
    "Comparison",
    "Difference",
    "Matching",
    "StatusChange",
    "StudyComparison",
    "compare_results",
]
