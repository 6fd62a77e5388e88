"""The starts of a fit, made one after the other as they are asked for."""

from collections.abc import Callable, Iterator

from suite.errors import InputError
from suite.gmm.parameters import MixtureParameters


class Starts:
    """Starts that are made when asked for, so that a fit which is stopped makes no more of them.

    Of several, one that has a component without spread is left out: it has no density, and is no
    reason to end the others.

    Parameters
    ----------
    make
        Makes the next start; raises `InputError` if it would have no density.
    n_starts
        How many to make.

    Raises
    ------
    InputError
        By iterating, if none of them has a density.
    """

    def __init__(self, make: Callable[[], MixtureParameters], n_starts: int) -> None:
        self._make, self._n_starts = make, n_starts
        self.n_failed = 0

    def __iter__(self) -> Iterator[MixtureParameters]:
        for i in range(self._n_starts):
            try:
                start = self._make()
            except InputError:
                self.n_failed += 1
                if self.n_failed == i + 1 == self._n_starts:
                    raise
                continue
            yield start
