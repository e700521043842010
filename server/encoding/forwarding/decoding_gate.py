"""Decides which coded frames are decoded: all while somebody needs pixels, and none else."""


class DecodingGate:
    """A decoder that has missed frames can continue only with a keyframe.

    Attributes:
        is_open: whether the last frame is decoded.
    """

    def __init__(self) -> None:
        self.is_open = True

    def admits(self, needed: bool, is_keyframe: bool) -> bool:
        """Return whether to decode the next frame, in decoding order.

        Args:
            needed: whether somebody needs its pixels.
            is_keyframe: whether decoding can begin with it.
        """
        self.is_open = needed and (self.is_open or is_keyframe)
        return self.is_open
