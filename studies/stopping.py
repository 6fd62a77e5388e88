"""Requests to stop, from Ctrl-C, `kill` or a terminal that closes, as one exception."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ASKING = (signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """The program was asked to stop by a signal other than Ctrl-C's."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def exit_status(stopped: KeyboardInterrupt) -> int:
    """What the shell's convention makes of it: 128 and the signal's number, 130 for Ctrl-C.

    Examples
    --------
    >>> exit_status(KeyboardInterrupt()), exit_status(Stopped(signal.SIGTERM))
    (130, 143)
    """
    return 128 + (stopped.number if isinstance(stopped, Stopped) else signal.SIGINT)


@contextmanager
def stoppable() -> Iterator[None]:
    """Have SIGTERM and SIGHUP raise `Stopped` in the block, as Ctrl-C raises KeyboardInterrupt.

    A signal that is ignored (`nohup`) stays so; outside the main thread, where Python allows no
    handlers, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped(number)

    heard = [s for s in _ASKING if signal.getsignal(s) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
