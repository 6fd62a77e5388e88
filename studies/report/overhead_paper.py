"""What Pyro's paper says of the same comparison, as recalled."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PaperRow:
    """One size of the paper's table: milliseconds per update by PyTorch and by Pyro."""

    latent_dim: int
    hidden: int
    pytorch: float
    pyro: float

    @property
    def ratio(self) -> float:
        """Pyro's over PyTorch's."""
        return self.pyro / self.pytorch


PAPER = (
    PaperRow(10, 400, 3.82, 6.79),
    PaperRow(30, 400, 3.73, 6.67),
    PaperRow(10, 2000, 7.65, 10.14),
    PaperRow(30, 2000, 7.66, 10.19),
)
"""Bingham et al., Pyro: Deep Universal Probabilistic Programming, JMLR 20 (2019). Recalled: the
figures were not checked against the paper."""

CITED = (
    "Bingham et al., *Pyro: Deep Universal Probabilistic Programming*, JMLR 20 (2019), a "
    "comparison of the VAE in Pyro with one in PyTorch on another machine; the figures are "
    "recalled and were not checked against the paper"
)


def paper_row(latent_dim: int, hidden_dims: tuple[int, ...]) -> PaperRow | None:
    """The paper's figures for one hidden layer of this width, if it has any.

    Examples
    --------
    >>> paper_row(10, (400,)).pyro, paper_row(20, (400,))
    (6.79, None)
    """
    for row in PAPER:
        if (row.latent_dim, (row.hidden,)) == (latent_dim, hidden_dims):
            return row
    return None
