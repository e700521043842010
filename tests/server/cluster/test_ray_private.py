"""Contract of the private names of Ray that are used; needs Ray, and starts nothing."""

import importlib
import inspect

import pytest

pytestmark = pytest.mark.cluster


def test_the_client_of_the_head_is_there() -> None:
    raylet = importlib.import_module("ray._raylet")
    assert callable(raylet.GcsClient)
    assert callable(importlib.import_module("ray._common.utils").reset_ray_address)


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
