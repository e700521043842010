"""Tables in Markdown."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table of GitHub Flavored Markdown, section 4.10, without a line break at its end.

    Args:
        head: titles of the columns.
        rows: cells, as many in each row as there are titles; a vertical bar in one is escaped.
    """
    return "\n".join([row(head), "|" + "---|" * len(head), *map(row, rows)])


def row(cells: Sequence[object]) -> str:
    """Return one row of a table."""
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
