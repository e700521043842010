"""Shapes of students and teachers, and their names; without torch, so that the server can read them."""

import re
from dataclasses import dataclass

OUTPUTS = 4
"""Number of outputs of a tail: a correction, or the gate of a plate, for each pixel of a 2x2 cell."""

CHROMA = 2
"""Number of further outputs of a tail with colour: corrections of U and V, which have the size of the half grid."""

_STUDENT = re.compile(r"r2c(\d+)n(\d+)(t1)?(h?)(p?)(uv)?")
_TEACHER = re.compile(r"teacher-c(\d+)b(\d+)(h?)(?:n(\d))?")


@dataclass(frozen=True)
class StudentShape:
    """The shape of a student.

    Its name is `r2c{channels}n{depth}`, `t1` for a 1x1 tail, `h` if it takes hints, `p` if it takes a plate, and `uv`
    if it has colour.

    Attributes:
        channels: Number of features on the half grid. ONNX Runtime computes them in blocks of 8 on AVX2 and of 16 on
            AVX-512, so 12 cost as much as 16.
        depth: Number of 3x3 convolutions between head and tail, in residual blocks of two; an odd one joins the last.
        hinted: Whether it takes hints, see `acutance.model.hints`.
        tail: Side of the last convolution's kernel, 3 or 1. ONNX Runtime computes its 4 outputs as a whole block of
            channels: on AVX-512 a 3x3 tail takes as long as a convolution of the body.
        plate: Whether it takes the planes of a plate, see `acutance.model.memory.plate_planes`. It then works on frames
            reduced by 2, and returns a gate for the plate: see `acutance.model.nets.half_grid`.
        colour: Whether it takes and corrects U and V too. In 4:2:0 they have the size of the half grid.
    """

    channels: int
    depth: int
    hinted: bool = False
    tail: int = 3
    plate: bool = False
    colour: bool = False

    def __post_init__(self) -> None:
        if self.tail not in (1, 3):
            raise ValueError(f"a student's tail is 1x1 or 3x3, not {self.tail}x{self.tail}")
        if self.plate and self.colour:
            raise ValueError("a student that takes a plate has no colour: a plate is luma")
        if self.channels < 1 or self.depth < 1:
            raise ValueError(f"a student needs at least 1 channel and 1 body convolution, not {self.name}")

    @property
    def name(self) -> str:
        """The family name, for example `r2c16n2h`."""
        ends = (("t1", self.tail == 1), ("h", self.hinted), ("p", self.plate), ("uv", self.colour))
        return f"r2c{self.channels}n{self.depth}" + "".join(letters for letters, has in ends if has)

    @classmethod
    def parse(cls, name: str) -> "StudentShape":
        """Read a family name.

        Raises:
            ValueError: The name is not of the form `r2c16n2`, `r2c16n2h`, `r2c16n2t1hp` or `r2c16n2t1huv`.
        """
        match = _STUDENT.fullmatch(name)
        if match is None:
            raise ValueError(
                f"{name!r} is not a student's shape: r2c<channels>n<depth>[t1][h][p][uv], such as r2c16n2h"
            )
        tail = 1 if match[3] else 3
        return cls(int(match[1]), int(match[2]), bool(match[4]), tail, bool(match[5]), bool(match[6]))

    @property
    def planes(self) -> int:
        """Number of input planes: luma, the plane of hints if it takes hints, those of a plate, and that of chroma."""
        return 1 + self.hinted + 2 * self.plate + self.colour

    @property
    def outputs(self) -> int:
        """Number of outputs of the tail."""
        return OUTPUTS + CHROMA * self.colour

    @property
    def blocks(self) -> tuple[int, ...]:
        """Number of convolutions in each residual block, for example (2, 3) for a depth of 5."""
        if self.depth < 4:
            return (self.depth,)
        return (2,) * (self.depth // 2 - 1) + (2 + self.depth % 2,)

    @property
    def parameters(self) -> int:
        """The number of weights and biases with batch norm folded."""
        c = self.channels
        return (16 * self.planes * c + c) + self.depth * (9 * c * c + c) + self.outputs * (self.tail**2 * c + 1)

    def bytes_per_pixel(self, feature: int = 4) -> float:
        """Memory traffic in bytes per pixel of the frame, if no cache keeps the features between layers.

        Features have ``feature`` bytes: 4 are float32, 2 are bfloat16. Input and output planes are bytes. Each feature
        map of the half grid is written once and read once, and also the correction before and after the pixel shuffle.
        A residual is read once more.
        """
        maps = (self.depth + 1) * 2 + len(self.blocks)
        out = self.outputs / OUTPUTS
        traffic = self.planes + out + feature * (self.planes * 2 + maps * self.channels / 4 + (2 * 2 + 2) * out)
        return traffic / self._reduced**2

    @property
    def macs_per_pixel(self) -> float:
        """Multiply-accumulate operations per pixel of the frame, including head and tail."""
        c = self.channels
        macs = (16 * self.planes * c + self.depth * 9 * c * c + self.outputs * self.tail**2 * c) / 4
        return macs / self._reduced**2

    @property
    def border(self) -> int:
        """Width in pixels of the border in which the output depends on the zero padding of convolutions.

        The head and each 3x3 convolution add one cell of the half grid; with a plate, enlarging the gate adds one pixel
        of the reduced frame.
        """
        return self._reduced * (2 * (1 + self.depth + self.tail // 2) + self.plate)

    @property
    def _reduced(self) -> int:
        """The factor by which a frame is reduced before the head."""
        return 2 if self.plate else 1


@dataclass(frozen=True)
class TeacherShape:
    """The shape of a teacher.

    Its name is `teacher-c{channels}b{blocks}`, `h` if it takes hints, and `n2` if it sees two frames before and after.

    Attributes:
        channels: Number of features on the half grid.
        blocks: Number of residual blocks.
        hinted: Whether it takes hints.
        neighbours: Number of decoded frames that it sees before the frame, and as many after it. No student can know
            the frames after it: such a teacher is *privileged*.
    """

    channels: int
    blocks: int
    hinted: bool = False
    neighbours: int = 0

    @property
    def name(self) -> str:
        """The name, for example `teacher-c48b6h`."""
        around = f"n{self.neighbours}" if self.neighbours else ""
        return f"teacher-c{self.channels}b{self.blocks}{'h' if self.hinted else ''}{around}"

    @classmethod
    def parse(cls, name: str) -> "TeacherShape":
        """Read a name.

        Raises:
            ValueError: The name is not of the form `teacher-c48b6h` or `teacher-c48b6hn2`.
        """
        match = _TEACHER.fullmatch(name)
        if match is None:
            raise ValueError(
                f"{name!r} is not a teacher: teacher-c<channels>b<blocks>[h][n<frames>], such as teacher-c48b6h"
            )
        return cls(int(match[1]), int(match[2]), bool(match[3]), int(match[4] or 0))

    @property
    def planes(self) -> int:
        """Number of input planes: luma, the plane of hints if it takes hints, and the frames before and after."""
        return 1 + self.hinted + 2 * self.neighbours

    @property
    def border(self) -> int:
        """Width in pixels of the border in which the output depends on zero padding, see `StudentShape.border`."""
        return 2 * (1 + 2 * self.blocks + 1)
