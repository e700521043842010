"""`acutance-train`: prepare training sets, train teachers and students, evaluate and export them."""

import sys
from typing import NoReturn

import typer
from rich.console import Console

from acutance.training.cli.adapt import adapt
from acutance.training.cli.choose import choose
from acutance.training.cli.distil import distil
from acutance.training.cli.evaluation.bdrate import bdrate
from acutance.training.cli.evaluation.compare import compare
from acutance.training.cli.evaluation.evaluate import evaluate
from acutance.training.cli.evaluation.figures import figures
from acutance.training.cli.evaluation.hull import hull
from acutance.training.cli.evaluation.memory import memory
from acutance.training.cli.export import export
from acutance.training.cli.prepare import prepare
from acutance.training.cli.study import study
from acutance.training.cli.teacher import teacher

app = typer.Typer(
    help="Train, evaluate and export the networks that sharpen live video.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for _command in (
    prepare,
    teacher,
    distil,
    choose,
    evaluate,
    bdrate,
    compare,
    figures,
    export,
    study,
    memory,
    hull,
    adapt,
):
    app.command()(_command)


def _readable_errors() -> tuple[type[Exception], ...]:
    """Types of errors that are shown as a message, without a traceback."""
    from acutance.model.engine.engine import EngineError
    from acutance.model.nets.export import ExportError
    from acutance.training.data.pictures import DataError

    return DataError, EngineError, ExportError


def main() -> NoReturn:
    """Run the command line and exit; an error ends it with its message and status 1."""
    try:
        app()
        sys.exit(0)
    except Exception as error:
        if not isinstance(error, _readable_errors()):
            raise
        stderr = Console(stderr=True)
        stderr.print(f"error: {error}", style="bold red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
