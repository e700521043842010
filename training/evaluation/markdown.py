"""Tables in Markdown (GitHub's tables): the first column aligned left, the others right."""

from collections.abc import Iterable, Sequence


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with a title for each column; `|` in a cell is escaped.

    Raises:
        ValueError: The number of cells of a row differs from that of the titles.
    """
    rule = ["---", *["---:"] * (len(columns) - 1)]
    lines = [rule]
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(f"a row has {len(row)} cells, the table {len(columns)} columns")
        lines.append([cell.replace("|", r"\|") for cell in row])
    return "\n".join("| " + " | ".join(line) + " |" for line in ([*columns], *lines)) + "\n"
