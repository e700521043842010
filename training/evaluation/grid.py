"""A table as text, on a terminal and in Markdown."""

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from acutance.training.evaluation.markdown import markdown_table


@dataclass(frozen=True)
class Grid:
    """A table as text: its title, the titles of its columns, and its rows."""

    title: str
    columns: list[str]
    lines: list[list[str]]

    def show(self, console: Console) -> None:
        """Print the title and the table; only the first column is aligned left."""
        console.print(f"\n{self.title}", highlight=False, markup=False, soft_wrap=True)
        table = Table()
        for index, column in enumerate(self.columns):
            table.add_column(column, justify="left" if index == 0 else "right", no_wrap=True)
        for line in self.lines:
            table.add_row(*line)
        console.print(table)

    @property
    def markdown(self) -> str:
        """The table in Markdown, with the title as a heading of the second level."""
        return f"## {self.title}\n\n{markdown_table(self.columns, self.lines)}"
