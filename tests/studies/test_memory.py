"""The gauge sees what is allocated while it is there, also if it is free again at the end."""

import sys
from pathlib import Path

import numpy as np
import pytest

import studies.memory as memory
from studies.memory import MemoryGauge

PAGE_SLACK = 8.0  # MB: what interpreter and allocator may take or give back meanwhile

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux resets the mark")


def test_a_passing_allocation_is_seen_to_its_size_and_an_earlier_one_is_not() -> None:
    earlier = np.ones(int(20e6))  # 160 MB, gone before the gauge is made
    del earlier
    gauge = MemoryGauge()
    if gauge.peak() is None:
        pytest.skip("this machine forbids resetting the high-water mark")
    passing = np.ones(int(10e6))  # 80 MB
    del passing
    assert gauge.peak() == pytest.approx(80.0, abs=PAGE_SLACK)
    assert MemoryGauge().peak() == pytest.approx(0.0, abs=PAGE_SLACK)


def test_what_the_allocator_holds_back_does_not_hide_an_allocation() -> None:
    blocks = [bytearray(50_000) for _ in range(1600)]  # 80 MB of the allocator's own heap
    last = bytearray(50_000)  # keeps the heap's top where it is
    del blocks
    gauge = MemoryGauge()
    if gauge.peak() is None:
        pytest.skip("this machine forbids resetting the high-water mark")
    again = [bytearray(50_000) for _ in range(1600)]
    assert gauge.peak() == pytest.approx(80.0, abs=PAGE_SLACK)
    assert len(again) == 1600
    assert len(last) == 50_000


def test_where_the_mark_cannot_be_reset_there_is_no_reading(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(memory, "_CLEAR", tmp_path / "no" / "such" / "file")
    assert MemoryGauge().peak() is None
