"""`python -m acutance.server.cluster.ray_side.node start …`: the command line of Ray, which ends with its parent."""

import os
import signal
import sys

from ray.scripts.scripts import main as ray

from acutance.server.cluster.ray_side.programs import when_parent_ends
from acutance.server.cluster.ray_side.ray_private import forget_last_head, hook_into_start, tell_agent_port


def main() -> None:
    """Run Ray's command line with the arguments of this process."""
    if "--head" in sys.argv:
        forget_last_head()
        hook_into_start()
    tell_agent_port()
    # At SIGTERM, Ray ends the processes that it has started.
    when_parent_ends(lambda: os.kill(os.getpid(), signal.SIGTERM))
    ray()


if __name__ == "__main__":
    main()
