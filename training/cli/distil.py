"""`acutance-train distil`: train a student on pairs and, if the recipe has such losses, from a teacher."""

from pathlib import Path
from typing import Annotated

import typer

from acutance.training.cli.run_options import TrainingOptions, train, with_training_options


@with_training_options
def distil(
    options: TrainingOptions,
    teacher: Annotated[
        Path | None,
        typer.Option(help="Teacher: a teacher.safetensors, a checkpoint, or a network that spandrel recognises."),
    ] = None,
    perceptual_weights: Annotated[
        Path | None,
        typer.Option(help="torchvision's weights of VGG16, VGG19 or SqueezeNet 1.1, for the perceptual loss."),
    ] = None,
) -> None:
    """Train a student on a prepared set. The recipe names the losses; some of them need a teacher."""
    train(options, "distil", "call_base", teacher, perceptual_weights)
