"""Quality tables for a terminal, and the note that belongs under every one of them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from training.evaluate import PROTOCOL, Row, cells
from training.run_record import commit, machine, versions

_TITLES = ("set", "degradation", "frames", "input", "unsharp", "student", "gain", "worse")


def print_rows(console: Console, title: str, rows: Sequence[Row]) -> None:
    """Show the rows as a table; PSNR in dB / SSIM."""
    table = Table(*_TITLES, title=f"{title}: PSNR in dB / SSIM, BT.601 luma")
    for row in rows:
        table.add_row(*cells(row))
    console.print(table)


def footnote() -> str:
    """Protocol, machine, versions, commit and date."""
    packages = ", ".join(f"{name} {version}" for name, version in versions().items())
    today = datetime.now(UTC).date().isoformat()
    return f"Protocol: {PROTOCOL}. Measured on {machine()}, {packages}, commit {commit()}, {today}."
