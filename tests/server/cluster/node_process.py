"""`python -m tests.server.cluster.node_process`: a node as a process without Ray; it prints its announcement."""

import asyncio
import sys
from collections import Counter

from acutance.server.cluster.members import Announcement
from acutance.server.cluster.node import Node
from acutance.server.cluster.node_setup import NodeSetup, cluster_token
from acutance.server.forward.rules import ForwardRules
from acutance.server.workers.fleet import Fleet


async def main() -> None:
    """Run until standard input ends."""
    fleet = Fleet(NodeSetup.of_environment().options, ForwardRules(), Counter(), 1)
    node = Node(fleet, cluster_token(), "127.0.0.1", 1.0)
    print(Announcement(member=await node.start(), beat=1).model_dump_json(), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await node.close()


if __name__ == "__main__":
    asyncio.run(main())
