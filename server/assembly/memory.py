"""The memory of calls, on servers with OpenCV."""

import logging
from importlib.util import find_spec

from acutance.server.students.ladder import Ladder
from acutance.server.video.enhancer import Enhancer

log = logging.getLogger(__name__)


MISSING = "calls are not remembered: OpenCV is missing; install acutance[memory], or give --no-memory"


def installed() -> bool:
    """Return whether OpenCV is installed."""
    return find_spec("cv2") is not None


def available(wanted: bool) -> bool:
    """Return whether calls are remembered: it is wanted, and OpenCV is installed. A missing OpenCV is logged."""
    if wanted and not installed():
        log.warning(MISSING)
        return False
    return wanted


def make_enhancer(ladder: Ladder) -> Enhancer:
    """Make the enhancer of one session, with a memory if the ladder has a student for it."""
    if ladder.memory is None:
        return Enhancer(ladder)
    # Imports OpenCV, which other servers have not.
    from acutance.server.video.recall import Recall

    return Enhancer(ladder, Recall(ladder.memory))
