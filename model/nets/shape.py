"""The family of networks by name; free of torch, so that naming one costs nothing."""

import re
from dataclasses import dataclass

_NAME = re.compile(r"r2c(\d+)n(\d+)(h?)")


@dataclass(frozen=True)
class StudentShape:
    """The size of a student: `r2c{channels}n{depth}`, and `h` if it takes hints.

    Attributes:
        channels: Features on the half grid. ONNX Runtime computes them in blocks of 8 on AVX2 and of 16 on
            AVX-512, so 12 cost as much as 16.
        depth: 3x3 convolutions between head and tail, in residual blocks of two; an odd one joins the last block.
        hinted: Whether it is told what the receiver knows of the frame, see `model.hints`.
    """

    channels: int
    depth: int
    hinted: bool = False

    def __post_init__(self) -> None:
        if self.channels < 1 or self.depth < 1:
            raise ValueError(f"a student needs at least 1 channel and 1 body convolution, not {self.name}")

    @property
    def name(self) -> str:
        """The family name, for example `r2c16n2h`."""
        return f"r2c{self.channels}n{self.depth}{'h' if self.hinted else ''}"

    @classmethod
    def parse(cls, name: str) -> "StudentShape":
        """Read a family name.

        Raises:
            ValueError: The name is not of the form `r2c16n2` or `r2c16n2h`.
        """
        match = _NAME.fullmatch(name)
        if match is None:
            raise ValueError(f"{name!r} is no student of the family r2c<channels>n<depth>[h], such as r2c16n2h")
        return cls(channels=int(match[1]), depth=int(match[2]), hinted=bool(match[3]))

    @property
    def planes(self) -> int:
        """Planes that go in: luma, and the hints'."""
        return 2 if self.hinted else 1

    @property
    def blocks(self) -> tuple[int, ...]:
        """Convolutions in each residual block, for example (2, 3) for a depth of 5."""
        if self.depth < 4:
            return (self.depth,)
        return (2,) * (self.depth // 2 - 1) + (2 + self.depth % 2,)

    @property
    def parameters(self) -> int:
        """Weights and biases once batch norm is folded."""
        c = self.channels
        return (16 * self.planes * c + c) + self.depth * (9 * c * c + c) + (36 * c + 4)

    @property
    def macs_per_pixel(self) -> float:
        """Multiply-accumulates for a pixel of the frame, head and tail included."""
        c = self.channels
        return (16 * self.planes * c + self.depth * 9 * c * c + 36 * c) / 4
