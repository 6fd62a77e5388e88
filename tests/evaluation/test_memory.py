"""Scoring keeps no tensor of a group when the next one begins.

One kept from each of thousands, however small, lies where the group's large ones had been, so that
the allocator finds no room there for those of the next.
"""

import weakref

import pytest
import torch

from suite.evaluation import bounds, compare_log_likelihoods, importance_ladder, ladder, paired
from suite.evaluation.weights import joined
from tests.vae.toys import bits, tiny_networks

SCORERS = {
    "bounds": (bounds, "_scores", lambda a, b, X: bounds.evaluate_vae(a, X, batch_size=1)),
    "ladder": (
        ladder,
        "_climb",
        lambda a, b, X: importance_ladder(a, X, n_samples=(1, 10), batch_size=1),
    ),
    "paired": (
        paired,
        "_scores",
        lambda a, b, X: compare_log_likelihoods(a, b, X, n_samples=10, batch_size=1),
    ),
}


@pytest.mark.parametrize("name", SCORERS)
def test_no_group_is_kept(name, monkeypatch):
    module, function, score = SCORERS[name]
    alive, counts, scored = [], [], getattr(module, function)

    def spy(*arguments):
        counts.append(sum(kept() is not None for kept in alive))
        found = scored(*arguments)
        alive.append(weakref.ref(found))
        return found

    monkeypatch.setattr(module, function, spy)
    score(tiny_networks(), tiny_networks(seed=1), bits(9))
    assert len(counts) == 9
    # The last one may live until the next is there.
    assert max(counts) <= 1


def test_what_is_joined_is_in_order():
    parts = [torch.arange(6.0).reshape(2, 3), torch.arange(6.0, 8.0).reshape(2, 1)]
    assert torch.equal(joined(parts, 4), torch.cat(parts, dim=-1))
    assert joined(parts, 4).dtype == parts[0].dtype
