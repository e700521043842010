"""`python -m acutance.server.cluster.ray_side.keep ADDRESS DRAIN`: keeps one node running on each machine.

An application of Ray Serve for each machine, with one replica that is bound to it: Serve starts it, replaces it when it
ends, and drains it when it is deleted. With one application for all machines, each change of the number of machines
would start all replicas again.
"""

import sys
import time

import ray
from ray import serve

from acutance.server.cluster.members import Silences
from acutance.server.cluster.ray_side.media import RESOURCE, Media
from acutance.server.cluster.ray_side.programs import end_with_parent
from acutance.server.cluster.ray_side.ray_private import Head

_EVERY_S = 1.0
# Beyond the drain, for ending the sessions that are left.
_CLOSE_S = 15.0
_HEALTH_S = 2.0
_HEALTH_TIMEOUT_S = 5.0
# Announcements of nodes that are gone are deleted.
_FORGOTTEN_S = 60.0
_PREFIX = "node-"


def main() -> None:
    """Run the program; any error ends it, and it is started again."""
    end_with_parent()
    address, drain = sys.argv[1], float(sys.argv[2])
    ray.init(address=address, namespace="acutance", log_to_driver=False, logging_level="warning")
    # Clients never speak to Serve: its HTTP proxy would be a door without tokens.
    serve.start(proxy_location="Disabled")
    head, silences = Head(address), Silences()
    while True:
        keep(head, drain)
        for name in silences.longer_than(_FORGOTTEN_S, head.announcements()):
            head.withdraw(name)
        time.sleep(_EVERY_S)


def keep(head: Head, drain: float) -> None:
    """Start the missing nodes, and end those whose machine is gone or is being drained."""
    draining = head.draining()
    machines = {
        f"{_PREFIX}{machine['NodeID']}": machine["NodeID"]
        for machine in ray.nodes()
        if machine["Alive"] and RESOURCE in machine["Resources"] and machine["NodeID"] not in draining
    }
    applications = serve.status().applications
    running = {name for name in applications if name.startswith(_PREFIX)}
    # Serve gives up after some tries; a node whose sessions did not start may well start later.
    failed = {name for name in running if applications[name].status == "DEPLOY_FAILED"}
    missing = [_target(name, machine, drain) for name, machine in machines.items() if name not in running]
    if missing:
        serve.run_many(missing, wait_for_applications_running=False)
    for name in (running - machines.keys()) | failed:
        serve.delete(name, _blocking=False)


def _target(name: str, machine: str, drain: float) -> serve.RunTarget:
    media = serve.deployment(Media).options(
        name="media",
        num_replicas=1,
        graceful_shutdown_timeout_s=drain + _CLOSE_S,
        health_check_period_s=_HEALTH_S,
        health_check_timeout_s=_HEALTH_TIMEOUT_S,
        ray_actor_options={"num_cpus": 0, "label_selector": {"ray.io/node-id": machine}},
    )
    return serve.RunTarget(target=media.bind(), name=name, route_prefix=None)


if __name__ == "__main__":
    main()
