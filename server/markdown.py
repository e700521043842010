"""Tables in Markdown."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table in GitHub Flavored Markdown (section 4.10), without a line break at its end.

    Args:
        head: titles of the columns.
        rows: cells, one for each column; vertical bars in them are escaped.
    """
    return "\n".join([row(head), "|" + "---|" * len(head), *map(row, rows)])


def row(cells: Sequence[object]) -> str:
    """Return one row of a table."""
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
