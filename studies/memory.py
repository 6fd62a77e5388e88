"""How much memory a piece of work takes beyond what was there before it."""

import ctypes
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"  # what Linux resets the high-water mark for (proc(5), clear_refs)
_KIB_IN_MB = 1024 / 1e6


class MemoryGauge:
    """The high-water mark of this process's resident memory, from the moment it is made.

    Linux alone lets a process reset the mark; elsewhere, and where it is forbidden, there is no
    reading. Memory that was freed before but is still held by the allocator is given back first:
    what is measured would else hide in it.
    """

    def __init__(self) -> None:
        _trim()
        self._before = _resident("VmRSS") if _reset_peak() else None

    def peak(self) -> float | None:
        """MB by which resident memory has exceeded what it was; None if it cannot be told."""
        top = _resident("VmHWM")
        return None if self._before is None or top is None else max(0.0, top - self._before)


def _reset_peak() -> bool:
    try:
        _CLEAR.write_text(_RESET_PEAK)
    except OSError:
        return False
    return True


def _resident(name: str) -> float | None:
    """A line of the process's status, in MB."""
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return None
    kib = [int(line.split()[1]) for line in lines if line.startswith(f"{name}:")]
    return kib[0] * _KIB_IN_MB if kib else None


def _trim() -> None:
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError, TypeError):  # only the GNU C library has it
        return
