"""Ray stays optional: nothing but the package of its own imports it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.root import ROOT

RAY_SIDE = ROOT / "server" / "cluster" / "ray_side"


def imported(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            found.add(node.module)
    return found


def test_only_one_package_imports_ray() -> None:
    files = [file for room in ("model", "server", "training") for file in (ROOT / room).rglob("*.py")]
    using = {file for file in files if any(name.split(".")[0] == "ray" for name in imported(file))}
    assert using
    assert all(file.parent == RAY_SIDE for file in using)


def test_that_package_is_imported_by_nothing_else() -> None:
    for file in (ROOT / "server").rglob("*.py"):
        if file.parent != RAY_SIDE:
            assert not any("ray_side" in name for name in imported(file)), file


@pytest.mark.process
def test_the_command_line_loads_without_ray() -> None:
    check = "import sys, acutance.server.cli; assert 'ray' not in sys.modules"
    subprocess.run([sys.executable, "-c", check], check=True, timeout=60)
