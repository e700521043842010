"""The family of students by name; free of torch, so that naming one costs nothing."""

import re
from dataclasses import dataclass

_NAME = re.compile(r"r2c(\d+)n(\d+)")


@dataclass(frozen=True)
class StudentShape:
    """The size of a student: `r2c{channels}n{depth}`.

    Attributes:
        channels: Features on the half grid. ONNX Runtime computes them in blocks of 8 on AVX2, so 12 cost as
            much as 16.
        depth: 3x3 convolutions between head and tail.
    """

    channels: int
    depth: int

    def __post_init__(self) -> None:
        if self.channels < 1 or self.depth < 1:
            raise ValueError(f"a student needs at least 1 channel and 1 body convolution, not {self.name}")

    @property
    def name(self) -> str:
        """The family name, for example `r2c16n3`."""
        return f"r2c{self.channels}n{self.depth}"

    @classmethod
    def parse(cls, name: str) -> "StudentShape":
        """Read a family name.

        Raises:
            ValueError: The name is not of the form `r2c16n3`.
        """
        match = _NAME.fullmatch(name)
        if match is None:
            raise ValueError(f"{name!r} is no student of the family r2c<channels>n<depth>, such as r2c16n3")
        return cls(channels=int(match[1]), depth=int(match[2]))

    @property
    def parameters(self) -> int:
        """Weights and biases once batch norm is folded."""
        c = self.channels
        return (16 * c + c) + self.depth * (9 * c * c + c) + (36 * c + 4)

    @property
    def macs_per_pixel(self) -> float:
        """Multiply-accumulates for a pixel of the frame, head and tail included."""
        c = self.channels
        return (16 * c + self.depth * 9 * c * c + 36 * c) / 4
