"""acutance-train: prepare pictures, train a teacher, distil students from it, judge, show and export them."""

import sys
from typing import NoReturn

import typer
from rich.console import Console

from training.commands.distil import distil
from training.commands.evaluate import evaluate
from training.commands.export import export
from training.commands.figures import figures
from training.commands.prepare import prepare
from training.commands.study import study
from training.commands.teacher import teacher

app = typer.Typer(
    help="Train, judge and export the networks that sharpen live video.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for _command in (prepare, teacher, distil, evaluate, figures, export, study):
    app.command()(_command)


def _errors_for_people() -> tuple[type[Exception], ...]:
    """Errors whose message is all that a user needs."""
    from model.engine import EngineError
    from model.export import ExportError
    from training.data import DataError

    return DataError, EngineError, ExportError


def main() -> NoReturn:
    """Run the command line and leave the program; errors end it with a sentence and status 1."""
    try:
        app()
        sys.exit(0)
    except Exception as error:
        if not isinstance(error, _errors_for_people()):
            raise
        stderr = Console(stderr=True)
        stderr.print(f"error: {error}", style="bold red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
