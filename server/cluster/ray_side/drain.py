"""`python -m acutance.server.cluster.ray_side.drain ADDRESS MACHINE SECONDS`: drains a machine of the cluster."""

import sys
import time

from acutance.server.cluster.ray_side.ray_private import Head, HeadLostError


def main() -> None:
    """Run the program; it exits with 1, and the reason as its last line, if Ray refuses or does not reply."""
    address, machine, seconds = sys.argv[1:]
    try:
        refused = Head(address).drain(machine, "acutance cluster drain", round((time.time() + float(seconds)) * 1000))
    except HeadLostError as error:
        refused = str(error)
    if refused is not None:
        print(refused, file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
