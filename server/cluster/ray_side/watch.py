"""`python -m acutance.server.cluster.ray_side.watch ADDRESS`: prints the announcements of nodes each second."""

import json
import sys
import time

from acutance.server.cluster.ray_side.programs import end_with_parent
from acutance.server.cluster.ray_side.ray_private import Head

_EVERY_S = 1.0


def main() -> None:
    """Run the program: a line of JSON each second. Any error ends it, and it is started again."""
    end_with_parent()
    head = Head(sys.argv[1])
    while True:
        print(json.dumps(head.announcements()), flush=True)
        time.sleep(_EVERY_S)


if __name__ == "__main__":
    main()
