"""Every package is installed, has a docstring, and is on the map of docs/11-how-it-works.md."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from tests.root import ROOT

ROOMS = ("model", "server", "training")
MAP = ROOT / "docs" / "11-how-it-works.md"
# The limit of CONTRIBUTING.md.
_MOST_MODULES = 15


def folders() -> list[Path]:
    """Every folder with Python modules, relative to the checkout."""
    return sorted({file.parent.relative_to(ROOT) for room in ROOMS for file in (ROOT / room).rglob("*.py")})


def names() -> list[str]:
    return [".".join(folder.parts) for folder in folders()]


def test_every_folder_is_an_installed_package() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    assert set(settings["packages"]) == {f"acutance.{name}" for name in names()} | {"acutance.static"}
    assert settings["package-dir"] == {f"acutance.{room}": room for room in (*ROOMS, "static")}


def test_every_file_that_is_not_python_is_installed() -> None:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-data"]
    installed = {
        file.relative_to(ROOT)
        for package, patterns in data.items()
        for pattern in patterns
        for file in (ROOT / package.removeprefix("acutance.").replace(".", "/")).glob(pattern)
    }
    files = {
        file.relative_to(ROOT)
        for room in (*ROOMS, "static")
        for file in (ROOT / room).rglob("*")
        if file.is_file() and file.suffix not in (".py", ".pyc")
    }
    assert files == installed


@pytest.mark.parametrize("folder", folders(), ids=str)
def test_each_package_has_a_docstring(folder: Path) -> None:
    docstring = ast.get_docstring(ast.parse((ROOT / folder / "__init__.py").read_text("utf-8"))) or ""
    assert len(docstring.split()) >= 12, f"{folder}/__init__.py: state its contents and who may import it"


@pytest.mark.parametrize("folder", folders(), ids=str)
def test_a_package_has_few_enough_modules_to_be_read(folder: Path) -> None:
    modules = [file for file in (ROOT / folder).glob("*.py") if file.name != "__init__.py"]
    assert len(modules) <= _MOST_MODULES, f"{folder} has {len(modules)} modules: split it"


def test_the_map_names_every_package_with_a_sentence() -> None:
    rows = dict(re.findall(r"^\| `([a-z0-9_./]+)/` \| (.+?) \|$", MAP.read_text("utf-8"), re.MULTILINE))
    assert {folder.as_posix() for folder in folders()} <= set(rows)
    for name, text in rows.items():
        assert (ROOT / name).is_dir(), f"the map names {name}/, which does not exist"
        assert text.endswith("."), f"{name}/: a sentence ends with a full stop"
