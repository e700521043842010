"""Students and teachers made from recipes or from the names of their shapes."""

from torch import Tensor

from acutance.model.nets.shape import StudentShape, TeacherShape
from acutance.model.nets.student import Student
from acutance.model.nets.teacher import Teacher
from acutance.training.recipes.recipe import Recipe

Network = Student | Teacher


def build(recipe: Recipe) -> Network:
    """Make the network of a recipe, with random weights."""
    if recipe.student is not None:
        return Student(recipe.student.shape, batch_norm=recipe.student.batch_norm)
    assert recipe.teacher is not None
    return Teacher(recipe.teacher.shape)


def restore(
    network: Network,
    luma: Tensor,
    hints: Tensor,
    plate: Tensor | None,
    chroma: Tensor | None,
    around: Tensor | None = None,
) -> tuple[Tensor, Tensor | None, Tensor]:
    """Run a network: returns luma, chroma, and its features for losses on them.

    Args:
        network: The network.
        luma: Degraded luma, float `[B, 1, H, W]` in 0..1.
        hints: Hints, float `[B, 4]` in 0..1.
        plate: The planes of a plate, or None.
        chroma: Degraded U and V, float `[B, 2, H / 2, W / 2]`, or None.
        around: Degraded luma of the frames before and after, float `[B, 2 n, H, W]`, for a privileged teacher, or None.

    Returns:
        The chroma is None for a network without colour.
    """
    more = (around,) if isinstance(network, Teacher) and network.shape.neighbours else ()
    features = network.features(luma, hints, plate, chroma, *more)
    corrected = None
    if isinstance(network, Student) and network.shape.colour:
        assert chroma is not None
        corrected = network.corrected_chroma(chroma, features)
    return network.corrected(luma, features, plate), corrected, features


def parse(name: str, *, batch_norm: bool = True) -> Network:
    """Make a network with random weights by the name of its shape, such as `r2c16n2h` or `teacher-c48b6h`.

    Args:
        name: The shape.
        batch_norm: Whether a student has batch norm; teachers never have it.

    Raises:
        ValueError: The name is neither that of a student's shape nor that of a teacher's.
    """
    if name.startswith("teacher"):
        return Teacher(TeacherShape.parse(name))
    return Student(StudentShape.parse(name), batch_norm=batch_norm)
