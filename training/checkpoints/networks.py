"""Students and teachers made from recipes or from the names of their shapes."""

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
