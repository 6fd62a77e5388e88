"""Import torchvision also where its compiled half does not fit the installed torch.

torchvision's wheel on the package index is linked against the CUDA build of torch. Beside a
CPU-only torch its shared library cannot be loaded, so the operators in it are never registered,
and `import torchvision` stops at the first line that refers to one: "operator torchvision::nms
does not exist". Nothing in `torchvision.datasets` or `torchvision.utils` uses these operators.
Declaring the two that are referred to unconditionally, nms and qnms, lets the import finish; to
call either still fails, as it should.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import torch

_MISSING_OPERATOR = "operator torchvision::nms does not exist"
_DECLARATIONS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
# A declaration lives for as long as the library object that made it.
_declared: list[torch.library.Library] = []


def import_torchvision() -> ModuleType:
    """The `torchvision` package, imported plainly if that works, else with two operators declared.

    Raises
    ------
    ImportError
        If torchvision is not installed.
    RuntimeError
        If the import fails for a reason other than the one described above.
    """
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if _MISSING_OPERATOR not in str(error):
            raise
    _forget_partial_import()
    library = torch.library.Library("torchvision", "FRAGMENT")
    for declaration in _DECLARATIONS:
        library.define(declaration)
    _declared.append(library)
    return importlib.import_module("torchvision")


def _forget_partial_import() -> None:
    """Drop what the failed import left behind, so that the next starts from nothing."""
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
