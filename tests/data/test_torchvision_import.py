import importlib
import subprocess
import sys
from typing import ClassVar

import pytest
import torch

from suite.data.torchvision_import import import_torchvision

REAL = """
import sys
import torch
try:
    import torchvision
    plain = True
except RuntimeError:
    plain = False
for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
    if not plain:
        del sys.modules[name]
from suite.data import torchvision_import as shim
assert shim.import_torchvision() is shim.import_torchvision()
assert bool(shim._declared) == (not plain)
import torchvision
from torchvision.utils import make_grid
assert make_grid(torch.zeros(4, 1, 8, 8), padding=2).shape == (3, 12, 42)
assert len(torchvision.datasets.FashionMNIST.classes) == 10
"""

STUB = """
import torch
from torchvision import leftover
leftover.imports += 1
if {missing} not in torch.library.Library.declared:
    raise RuntimeError("{message}")
"""


@pytest.fixture
def stub(monkeypatch, tmp_path):
    """Put a pretended torchvision in the place of the real one; gives a function that writes it."""

    class Library:
        declared: ClassVar[set[str]] = set()

        def __init__(self, namespace, kind):
            assert (namespace, kind) == ("torchvision", "FRAGMENT")

        def define(self, declaration):
            self.declared.add(declaration.split("(")[0])

    monkeypatch.setattr(torch.library, "Library", Library)
    real = [name for name in sys.modules if name.split(".")[0] == "torchvision"]
    for name in real:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "torchvision"

    def write(missing, message):
        package.mkdir()
        (package / "__init__.py").write_text(STUB.format(missing=repr(missing), message=message))
        (package / "leftover.py").write_text("imports = 0\n")
        importlib.invalidate_caches()

    yield write, Library.declared
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)


def test_nothing_is_declared_where_the_plain_import_works(stub):
    write, declared = stub
    declared.add("present")
    write("present", "")
    assert import_torchvision().leftover.imports == 1
    assert declared == {"present"}


def test_both_operators_are_declared_where_one_is_missing(stub):
    write, declared = stub
    write("nms", "operator torchvision::nms does not exist")
    # 1, not 2: what the failed import left behind was dropped
    assert import_torchvision().leftover.imports == 1
    assert declared == {"nms", "qnms"}


def test_another_failure_is_passed_on(stub):
    write, declared = stub
    write("nms", "disk on fire")
    with pytest.raises(RuntimeError, match="disk on fire"):
        import_torchvision()
    assert declared == set()


def test_the_real_torchvision_imports_on_this_machine():
    result = subprocess.run([sys.executable, "-c", REAL], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
