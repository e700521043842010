"""The recipe by which an exported student is fitted further."""

from collections.abc import Sequence
from pathlib import Path

from acutance.model.nets.shape import StudentShape
from acutance.training.recipes.recipe import Recipe, load_recipe

ENLARGED = "-enlarged"
"""End of the name of a student for frames that the sender reduced."""
_REDUCED_ONLY = (
    "mixture.identity=0",
    "mixture.sharp=0",
    "mixture.shrunk=1",
    'validation.degradations=["shrunk2-h264-0.05","shrunk2-vp8-0.05"]',
)


def recipe_name(shape: StudentShape) -> str:
    """Return the name of the recipe for students of this shape."""
    return "adapt_memory" if shape.plate else "adapt"


def recipe_changes(name: str, shape: StudentShape) -> list[str]:
    """Return what a student changes in its recipe: shape, and reduced frames only for a student of such frames.

    Args:
        name: Name of the student.
        shape: Its shape.
    """
    changes = [
        f"student.channels={shape.channels}",
        f"student.depth={shape.depth}",
        f"student.tail={shape.tail}",
        f"student.hinted={str(shape.hinted).lower()}",
    ]
    if shape.colour:
        changes += ["student.colour=true", "losses.chroma.weight=1", "losses.chroma_harm.weight=1"]
    return [*changes, *_REDUCED_ONLY] if name.endswith(ENLARGED) else changes


def recipe_for(start: Path, shape: StudentShape, changes: Sequence[str] = ()) -> Recipe:
    """Return the recipe for an exported student.

    Args:
        start: Its file; the name tells whether it is for reduced frames.
        shape: Its shape.
        changes: Further changed keys, as for `load_recipe`.

    Raises:
        RecipeError: A change is not valid.
    """
    return load_recipe(recipe_name(shape), [*recipe_changes(start.stem, shape), *changes])
