"""Tensors and text in one safetensors file, replaced whole or not at all."""

import os
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor


def write_file(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write `path` beside itself first, then put it in its place: no reader ever sees a half."""
    # The process in the name: two that write one path do not write into each other's file.
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        save_file(dict(tensors), partial, metadata=dict(metadata))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def read_file(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors and the text of a safetensors file.

    Raises
    ------
    ValueError
        If it is none.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return tensors, file.metadata() or {}
    except SafetensorError as error:
        raise ValueError(str(error)) from error
