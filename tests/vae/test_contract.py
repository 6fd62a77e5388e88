"""Every registered autoencoder keeps the contract that `studies check` runs on anybody's."""

import pytest

from studies.contract import Check, contract, found, subject
from suite.registry import ESTIMATORS

CHECKS = [
    (name, check)
    for name, spec in ESTIMATORS.items()
    if spec.family != "mixture" and spec.extra is None
    for check in contract(spec.family)
]


@pytest.mark.parametrize(
    ("name", "check"), CHECKS, ids=lambda value: getattr(value, "promise", value)
)
def test_keeps_the_contract(name: str, check: Check) -> None:
    finding = found(check, subject(ESTIMATORS[name]))
    assert finding.right, finding
