"""Which registered estimators can be tested here."""

from suite.registry import EstimatorSpec, UnavailableError


def is_installed(spec: EstimatorSpec) -> bool:
    """Whether the extra that it needs, if any, is there."""
    try:
        spec.load()
    except UnavailableError:
        return False
    return True
