"""`python -m acutance.server.cluster.ray_side.drain ADDRESS MACHINE SECONDS`: drains a machine of the cluster."""

import sys
import time

from acutance.server.cluster.ray_side.ray_private import Head


def main() -> None:
    """Run the program; it exits with 1 if Ray refuses."""
    address, machine, seconds = sys.argv[1:]
    refused = Head(address).drain(machine, "acutance cluster drain", round((time.time() + float(seconds)) * 1000))
    if refused is not None:
        print(refused, file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
