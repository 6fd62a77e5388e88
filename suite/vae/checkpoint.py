"""How far a fit has come, in one file: what it takes to go on as if it had never stopped.

Weights, the optimizer's moments, where every stream of randomness stands, the history and the best
weights of early stopping. Tensors are safetensors, the rest is JSON in the file's header.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from suite.errors import InputError
from suite.vae.course import Course, Plan
from suite.vae.files import read_file, write_file
from suite.vae.learner import Learner
from suite.vae.networks import VAENetworks, copy_weights, load_weights
from suite.vae.streams import Streams

_HEADER = "latent-variable-suite-checkpoint"
_GROUPS = ("initial", "weights", "best", "learner", "streams")


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What a checkpoint holds of an unfinished fit.

    Parameters
    ----------
    course
        The history, with the best weights so far.
    groups
        Tensors by group and name: the starting weights, the present ones, the learner's state and
        that of the streams.
    """

    course: Course
    groups: dict[str, dict[str, Tensor]]

    @property
    def initial(self) -> dict[str, Tensor]:
        """The weights that the fit started from."""
        return self.groups["initial"]

    @property
    def streams(self) -> dict[str, Tensor]:
        """Where the streams of randomness stood: see `Streams.restore`."""
        return self.groups["streams"]

    def restore(self, networks: VAENetworks, learner: Learner) -> None:
        """Set both to where they stood."""
        load_weights(networks, self.groups["weights"])
        learner.load_state(self.groups["learner"])


class Checkpoint:
    """A file that an unfinished fit is kept in.

    Parameters
    ----------
    path
        The file; it is replaced whole, so that a process killed at any moment leaves a good one.
    every
        Epochs from one writing to the next; the last epoch is always written.
    identity
        What must be the same for a fit to be the same: settings and digests, for JSON.
    """

    def __init__(self, path: str | Path, *, every: int, identity: Mapping[str, Any]) -> None:
        self.path = Path(path)
        self.every = every
        # As JSON gives it back, tuples being lists there.
        self.identity = json.loads(json.dumps(dict(identity)))
        self.initial: dict[str, Tensor] = {}

    def is_due(self, course: Course, plan: Plan) -> bool:
        """Whether to write after the epoch just done."""
        return course.n_epochs % self.every == 0 or course.is_over(plan)

    def write(
        self, course: Course, networks: VAENetworks, learner: Learner, streams: Streams
    ) -> None:
        """Replace the file by where the fit stands now."""
        groups = {
            "initial": self.initial,
            "weights": copy_weights(networks),
            "best": course.best,
            "learner": learner.state(),
            "streams": streams.states(),
        }
        tensors = {
            f"{group}:{name}": value
            for group, members in groups.items()
            for name, value in members.items()
        }
        header = {
            "identity": self.identity,
            "objectives": course.objectives,
            "held_out": course.held_out,
        }
        write_file(self.path, tensors, {_HEADER: json.dumps(header)})

    def read(self) -> Snapshot | None:
        """What was written by an equal fit; None if there is no file yet.

        Raises
        ------
        InputError
            If there is no such folder, the file is no checkpoint, or it is another fit's.
        """
        if not self.path.parent.is_dir():
            raise InputError(
                f"no folder {str(self.path.parent)!r} to keep a checkpoint in; make it first."
            )
        if not self.path.exists():
            return None
        try:
            tensors, metadata = read_file(self.path)
            header = json.loads(metadata[_HEADER])
            identity, objectives = header["identity"], header["objectives"]
            groups: dict[str, dict[str, Tensor]] = {group: {} for group in _GROUPS}
            for key, value in tensors.items():
                group, _, name = key.partition(":")
                groups[group][name] = value
            course = Course(objectives, header["held_out"], groups["best"])
        except (KeyError, TypeError, ValueError):
            raise InputError(
                f"{str(self.path)!r} is no checkpoint of a fit; give another path, or remove it."
            ) from None
        self._check_same(identity)
        return Snapshot(course, groups)

    def _check_same(self, identity: Mapping[str, Any]) -> None:
        for name in self.identity.keys() | identity.keys():
            then, now = identity.get(name), self.identity.get(name)
            if then != now:
                raise InputError(
                    f"the checkpoint {str(self.path)!r} is of a fit with {name}={then!r}, this one "
                    f"has {name}={now!r}; give the same settings and data, or another path."
                )


def digest(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256, in hexadecimal, over names, shapes, types and values.

    Examples
    --------
    >>> digest({"x": torch.zeros(2)}) == digest({"x": torch.zeros(2, 1)})
    False
    """
    found = hashlib.sha256()
    for name, value in tensors.items():
        array = torch.as_tensor(value).detach().cpu().contiguous().numpy()
        found.update(f"{name}{array.dtype.str}{array.shape}".encode())
        found.update(array.data)
    return found.hexdigest()
