"""The commands in fenced shell blocks of the documentation."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md")])
_BLOCK = re.compile(r"^```(?:sh|bash|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"\s+# .*$")


@dataclass(frozen=True)
class Command:
    """One command of a page, with continued lines joined and without its comment."""

    page: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}: {self.text}"


def documented() -> list[Command]:
    """Return every command once, in the order of the pages."""
    found: dict[str, Command] = {}
    for page in PAGES:
        for block in _BLOCK.findall(page.read_text("utf-8")):
            for line in block.replace("\\\n", " ").splitlines():
                text = re.sub(r"\s+", " ", _COMMENT.sub("", line)).strip()
                if text:
                    found.setdefault(text, Command(str(page.relative_to(ROOT)), text))
    return list(found.values())


def inline() -> list[tuple[str, str]]:
    """Return each `make` target in the text of a page, with the page."""
    named = []
    for page in PAGES:
        text = _BLOCK.sub("", page.read_text("utf-8"))
        named += [(str(page.relative_to(ROOT)), target) for target in re.findall(r"`make ([a-z-]+)", text)]
    return named
