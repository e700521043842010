"""Contract of the private names of Ray that are used; needs Ray, and starts nothing."""

import importlib
import inspect
import os
from pathlib import Path

import pytest

pytestmark = pytest.mark.cluster

NAME = "dashboard_agent_listen_port"


def test_the_client_of_the_head_is_there() -> None:
    raylet = importlib.import_module("ray._raylet")
    assert callable(raylet.GcsClient)
    assert callable(importlib.import_module("ray._common.utils").reset_ray_address)


def test_ray_starts_without_its_client_server_and_with_the_password_of_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    private = importlib.import_module("acutance.server.cluster.ray_side.ray_private")
    monkeypatch.setenv("RAY_START_HOOK", "")
    private.hook_into_start()
    hook = importlib.import_module("ray._common.utils").load_class(os.environ["RAY_START_HOOK"])
    parameters = importlib.import_module("ray._private.parameter").RayParams(ray_client_server_port=10001)
    default = parameters.redis_password
    hook(parameters, True)
    assert (parameters.ray_client_server_port, parameters.redis_password) == (None, default)
    monkeypatch.setenv("RAY_REDIS_PASSWORD", "secret")
    hook(parameters, True)
    assert parameters.redis_password == "secret"


def test_the_port_of_the_agent_is_written_before_it_starts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    private = importlib.import_module("acutance.server.cluster.ray_side.ray_private")
    raylet, node = importlib.import_module("ray._raylet"), importlib.import_module("ray._private.node")
    for name in ("dashboard_agent_listen_port", "node_id", "get_session_dir_path"):
        assert hasattr(node.Node, name)
    started = []

    class Node:
        dashboard_agent_listen_port = 20_001
        node_id = "ab" * 28

        def get_session_dir_path(self) -> str:
            return str(tmp_path)

        def start_raylet(self, directory: str) -> None:
            started.append(raylet.wait_for_persisted_port(str(tmp_path), self.node_id, NAME, timeout_ms=0))

    monkeypatch.setattr(private, "Node", Node)
    private.tell_agent_port()
    Node().start_raylet("directory")
    assert started == [20_001]


def test_an_application_can_be_deleted_without_waiting_for_its_drain() -> None:
    serve = importlib.import_module("ray.serve")
    assert "_blocking" in inspect.signature(serve.delete).parameters
    assert "wait_for_applications_running" in inspect.signature(serve.run_many).parameters


def test_preemption_has_the_number_that_drains_a_node_in_use() -> None:
    autoscaler = importlib.import_module("ray.core.generated.autoscaler_pb2")
    private = importlib.import_module("acutance.server.cluster.ray_side.ray_private")
    assert autoscaler.DrainNodeReason.Value("DRAIN_NODE_REASON_PREEMPTION") == private._PREEMPTION


def test_the_application_for_kubernetes_can_be_loaded() -> None:
    service = importlib.import_module("acutance.server.cluster.ray_side.service")
    assert type(service.app).__name__ == "Application"
