"""`python -m acutance.server.cluster.ray_side.watch ADDRESS`: prints the announcements of nodes each second."""

import json
import sys
import time

from acutance.server.cluster.ray_side.programs import end_with_parent
from acutance.server.cluster.ray_side.ray_private import Head, HeadLostError

_EVERY_S = 1.0
# Without a reply of the head, until this program ends, which starts another one with a new connection.
_PATIENCE_S = 60.0


def main() -> None:
    """Run the program: a line of JSON each second; nothing while the head is away."""
    end_with_parent()
    head, replied = Head(sys.argv[1]), time.monotonic()
    while True:
        try:
            print(json.dumps(head.announcements()), flush=True)
            replied = time.monotonic()
        except HeadLostError:
            if time.monotonic() - replied > _PATIENCE_S:
                raise
        time.sleep(_EVERY_S)


if __name__ == "__main__":
    main()
