"""The dependencies of the server: licences, locks and bill of materials."""

import importlib.metadata
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

DEPLOY = Path(__file__).parents[2] / "docs" / "deploy"
# Each may be linked and shipped with software under the Apache licence 2.0; MPL is weak copyleft, by file.
ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "PSF-2.0",
    "Zlib",
}
# Names that packages without an SPDX expression use.
_SPDX = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}


def _needed(name: str = "acutance", extra: str = "") -> set[str]:
    """The packages that the server needs at run time, without extras and without itself."""
    found: set[str] = set()
    todo = [(name, frozenset({extra}))]
    while todo:
        name, extras = todo.pop()
        for line in importlib.metadata.requires(name) or ():
            requirement = Requirement(line)
            wanted = any(requirement.marker is None or requirement.marker.evaluate({"extra": each}) for each in extras)
            name = canonicalize_name(requirement.name)
            if wanted and name not in found:
                found.add(name)
                todo.append((name, frozenset({"", *requirement.extras})))
    return found


def test_every_licence_is_one_that_the_project_can_be_shipped_with() -> None:
    packages = sorted(_needed())
    assert {"aiortc", "aiohttp", "av", "numpy"} <= set(packages)
    listed = subprocess.run(
        [sys.executable, "-m", "piplicenses", "--with-system", "--format=json", "--packages", *packages],
        capture_output=True,
        text=True,
        check=True,
    )
    entries = json.loads(listed.stdout)
    assert {canonicalize_name(entry["Name"]) for entry in entries} == set(packages)
    for entry in entries:
        spelled = _SPDX.get(entry["License"], entry["License"])
        assert set(re.split(r" AND | OR |; ", spelled)) <= ALLOWED, f"{entry['Name']}: {entry['License']}"


@pytest.mark.process
@pytest.mark.parametrize("kind", ["cpu", "cuda"])
def test_the_bill_of_materials_has_what_is_locked(kind: str, tmp_path: Path) -> None:
    lock, bill = DEPLOY / f"requirements-{kind}.txt", tmp_path / "sbom.json"
    subprocess.run(
        [sys.executable, "-m", "cyclonedx_py", "requirements", str(lock), "--output-reproducible", "-o", str(bill)],
        check=True,
        capture_output=True,
    )
    sbom = json.loads(bill.read_text())
    assert sbom["bomFormat"] == "CycloneDX"
    locked = set(re.findall(r"^([\w.-]+)==(\S+)", lock.read_text("utf-8"), re.MULTILINE))
    assert {(part["name"], part["version"]) for part in sbom["components"]} == locked
    assert all(part["externalReferences"][0]["hashes"] for part in sbom["components"])
