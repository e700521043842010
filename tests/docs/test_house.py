"""Limits of CONTRIBUTING.md that keep modules and classes small."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.root import ROOT

_ROOMS = ("model", "server", "training")
_MOST_ARGUMENTS = 8
_MOST_IMPORTS = 20


def modules() -> list[Path]:
    return sorted(file.relative_to(ROOT) for room in _ROOMS for file in (ROOT / room).rglob("*.py"))


def _constructors(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                    arguments = method.args
                    yield node.name, len(arguments.args) + len(arguments.kwonlyargs) - 1


def _own_imports(tree: ast.Module) -> int:
    """Modules of this project that a module imports."""
    named: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("acutance"):
            named.add(node.module or "")
    return len(named)


@pytest.mark.parametrize("module", modules(), ids=str)
def test_constructors_and_imports_are_few(module: Path) -> None:
    tree = ast.parse((ROOT / module).read_text("utf-8"))
    for name, count in _constructors(tree):
        assert count <= _MOST_ARGUMENTS, f"{module}: {name} takes {count} arguments: split the class"
    count = _own_imports(tree)
    assert count <= _MOST_IMPORTS, f"{module} imports {count} modules of this project: split it"


def test_everything_that_a_module_of_the_page_exports_is_used() -> None:
    texts = {
        file: file.read_text("utf-8")
        for folder in ("static", "tests/browser")
        for file in (ROOT / folder).rglob("*.[jp][sy]")
        if "node_modules" not in file.parts
    }
    for module in (file for file in texts if file.is_relative_to(ROOT / "static")):
        others = "\n".join(text for file, text in texts.items() if file != module)
        for name in re.findall(r"^export (?:async )?(?:function|class|const|let) (\w+)", texts[module], re.MULTILINE):
            assert re.search(rf"\b{name}\b", others), f"{module.relative_to(ROOT)}: nothing imports {name}"
