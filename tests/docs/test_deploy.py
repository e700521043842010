"""The files of docs/deploy match the server that they start."""

import json
import re
import shlex
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from packaging.requirements import Requirement
from prometheus_client.parser import text_string_to_metric_families

from acutance.server.cluster.settings import DoorOptions
from acutance.server.http.metrics import Metrics
from acutance.server.options.server import ServeOptions
from acutance.server.options.session_limits import Limits
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host
from acutance.server.students.ladder import Ladder

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "docs" / "deploy"


def read(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text("utf-8"))


def commands() -> dict[str, list[str]]:
    unit = (DEPLOY / "acutance.service").read_text("utf-8")
    started = re.search(r"^ExecStart=\S+ (.+)$", unit, re.MULTILINE)
    assert started
    pods = next(each for each in manifests() if each["kind"] == "Deployment")["spec"]["template"]["spec"]
    return {
        "compose": read("compose.yaml")["services"]["acutance"]["command"],
        "unit": shlex.split(started[1]),
        "kubernetes": pods["containers"][0]["args"],
    }


def manifests() -> list[Any]:
    return list(yaml.safe_load_all((DEPLOY / "kubernetes" / "acutance.yaml").read_text("utf-8")))


@pytest.mark.parametrize("where", ["compose", "unit", "kubernetes"])
def test_the_server_has_the_options_that_it_is_started_with(where: str) -> None:
    serve, *arguments = commands()[where]
    assert serve == "serve"
    flags = [argument.partition("=")[0] for argument in arguments if argument.startswith("--")]
    known = {"--" + name.replace("_", "-") for name in ServeOptions.model_fields}
    assert len(flags) >= 4
    assert set(flags) <= known


@pytest.fixture
async def served(ladder: Ladder) -> dict[str, set[str]]:
    """The labels of each sample that the server has, by its name; the scraper adds ``instance`` and ``job``."""
    text = (
        Metrics(Host(ladder, Limits(), AdmissionLimits(max_sessions=4, check_load=False)), Counter({"full": 1}))
        .text()
        .decode()
    )
    labels: dict[str, set[str]] = {"up": set(), "acutance_encoders": {"variant", "codec"}}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(sample.labels)
    return labels


def _selectors(expression: Any) -> Iterator[tuple[str, set[str]]]:
    """Each metric of a parsed PromQL expression, with the labels that it selects."""
    if isinstance(expression, promql_parser.VectorSelector):
        yield expression.name, {matcher.name for matcher in expression.matchers.matchers}
        return
    if isinstance(expression, promql_parser.MatrixSelector):
        yield from _selectors(expression.vector_selector)
    for name in ("expr", "lhs", "rhs"):
        if (inner := getattr(expression, name, None)) is not None:
            yield from _selectors(inner)
    for inner in getattr(expression, "args", None) or ():
        yield from _selectors(inner)


def _check(expression: str, served: dict[str, set[str]]) -> None:
    asked = list(_selectors(promql_parser.parse(expression)))
    assert asked, expression
    for metric, labels in asked:
        assert metric in served, expression
        assert labels <= served[metric] | {"instance", "job"}, expression


async def test_alerts_ask_for_metrics_that_the_server_has(served: dict[str, set[str]]) -> None:
    rules = read("alerts.yaml")["groups"][0]["rules"]
    assert len(rules) >= 5
    for rule in rules:
        assert rule.keys() == {"alert", "expr", "for", "annotations"}
        _check(rule["expr"], served)


async def test_the_dashboard_asks_for_metrics_that_the_server_has(served: dict[str, set[str]]) -> None:
    dashboard = json.loads((DEPLOY / "grafana" / "acutance.json").read_text("utf-8"))
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    assert len(panels) >= 12
    for panel in panels:
        assert panel["title"]
        assert panel["description"]
        for target in panel["targets"]:
            _check(target["expr"].replace("$__rate_interval", "1m"), served)
    known = {name for name in served if name.startswith("acutance_")} - {"acutance_info", "acutance_draining"}
    shown = {
        name for panel in panels for target in panel["targets"] for name in re.findall(r"acutance_\w+", target["expr"])
    }
    counted = {name for name in known if not name.endswith(("_sum", "_count"))}
    assert counted - shown <= {
        "acutance_channel_messages_refused_total",
        "acutance_sessions_opened_total",
        "acutance_sessions_ended_total",
    }, "what is measured is shown"


def test_the_manifests_fit_the_schemas_of_kubernetes() -> None:
    import kubernetes_validate  # takes two seconds, which each collection of tests would wait

    kinds = []
    for manifest in manifests():
        kubernetes_validate.validate(manifest, "1.30", strict=True)
        kinds.append(manifest["kind"])
    assert kinds == ["Deployment", "Service", "PodDisruptionBudget"]


def test_a_session_url_can_only_reach_the_pod_that_answered_it() -> None:
    """A Service selects any pod, and affinity by address fails for clients behind one address: one pod."""
    deployment, service, *_ = manifests()
    assert deployment["spec"]["replicas"] == 1
    assert deployment["spec"]["strategy"]["rollingUpdate"]["maxSurge"] == 0
    assert "sessionAffinity" not in service["spec"]
    assert all(manifest["kind"] != "HorizontalPodAutoscaler" for manifest in manifests())


def cluster_manifests() -> list[Any]:
    return list(yaml.safe_load_all((DEPLOY / "rayservice.yaml").read_text("utf-8")))


def test_the_cluster_for_kubernetes_fits_its_schemas_and_the_code() -> None:
    """KubeRay's own schema is not at hand: what it contains of Kubernetes is checked."""
    import kubernetes_validate

    service, doors, front = cluster_manifests()
    assert (service["apiVersion"], service["kind"]) == ("ray.io/v1", "RayService")
    cluster = service["spec"]["rayClusterConfig"]
    (workers,) = cluster["workerGroupSpecs"]
    pods = [cluster["headGroupSpec"]["template"]["spec"], workers["template"]["spec"]]
    for pod in pods:
        manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": pod}
        kubernetes_validate.validate(manifest, "1.30", strict=True)
        environment = {each["name"]: each.get("value") for each in pod["containers"][0]["env"]}
        assert environment["RAY_AUTH_MODE"] == "token"
        assert "RAY_AUTH_TOKEN" in environment
        known = {f"ACUTANCE_{name.upper()}" for name in ServeOptions.model_fields}
        assert {name for name in environment if name.startswith("ACUTANCE_")} <= known
    for manifest in (doors, front):
        kubernetes_validate.validate(manifest, "1.30", strict=True)
    serve = yaml.safe_load(service["spec"]["serveConfigV2"])
    assert serve["proxy_location"] == "Disabled"
    (application,) = serve["applications"]
    module, _, name = application["import_path"].partition(":")
    text = (ROOT / module.removeprefix("acutance.").replace(".", "/")).with_suffix(".py").read_text("utf-8")
    assert f"\n{name} = " in text
    (media,) = application["deployments"]
    assert f'name="{media["name"]}"' in text
    assert media["num_replicas"] == workers["replicas"]
    assert json.loads(json.loads(workers["rayStartParams"]["resources"])) == media["ray_actor_options"]["resources"]
    drain = int(next(each["value"] for each in pods[1]["containers"][0]["env"] if each["name"] == "ACUTANCE_DRAIN"))
    assert pods[1]["terminationGracePeriodSeconds"] > media["graceful_shutdown_timeout_s"] > drain


def test_the_doors_for_kubernetes_have_the_options_that_they_are_started_with() -> None:
    _, doors, _ = cluster_manifests()
    command = doors["spec"]["template"]["spec"]["containers"][0]["args"]
    assert command[:2] == ["cluster", "door"]
    flags = {argument.partition("=")[0] for argument in command if argument.startswith("--")}
    assert flags <= {"--" + name.replace("_", "-") for name in DoorOptions.model_fields}


def test_the_capacity_that_the_manifest_names_was_measured() -> None:
    text = (DEPLOY / "kubernetes" / "acutance.yaml").read_text("utf-8")
    named = re.search(r"three such calls they enhance (\d+) % of the frames", text)
    runs = (ROOT / "docs" / "benchmarks" / "2026-11-23-two-cores.jsonl").read_text("utf-8").splitlines()
    (three,) = (run for run in runs if json.loads(run)["options"].get("sessions") == 5)  # two were refused
    measured = re.search(r'"enhanced_share": ([\d.]+)', three)
    assert named
    assert measured
    assert int(named[1]) == round(100 * float(measured[1]))


def test_the_supervisors_wait_longer_than_the_drain() -> None:
    drains = {
        where: int(re.search(r"--drain[= ](\d+)", " ".join(command))[1])  # type: ignore[index]
        for where, command in commands().items()
    }
    pods = next(each for each in manifests() if each["kind"] == "Deployment")["spec"]["template"]["spec"]
    unit = (DEPLOY / "acutance.service").read_text("utf-8")
    stop = re.search(r"^TimeoutStopSec=(\d+)", unit, re.MULTILINE)
    assert stop
    assert int(stop[1]) > drains["unit"]
    assert int(read("compose.yaml")["services"]["acutance"]["stop_grace_period"].removesuffix("s")) > drains["compose"]
    assert pods["terminationGracePeriodSeconds"] > drains["kubernetes"]


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.cuda"])
def test_images_are_not_root_and_say_how_they_are(name: str) -> None:
    last = (ROOT / name).read_text("utf-8").rpartition("\nFROM ")[2]
    assert re.search(r"^USER 10001$", last, re.MULTILINE)
    assert "HEALTHCHECK" in last


@pytest.mark.parametrize("kind", ["cpu", "cuda"])
def test_the_lock_has_what_the_project_needs(kind: str) -> None:
    lock = dict(
        re.findall(r"^([\w.-]+)==(\S+)", (DEPLOY / f"requirements-{kind}.txt").read_text("utf-8"), re.MULTILINE)
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = [Requirement(line) for line in project["dependencies"]]
    for one in needed:
        # The images differ in their build of ONNX Runtime.
        name = "onnxruntime" if kind == "cpu" and one.name.startswith("onnxruntime") else one.name
        if one.name == "onnxruntime" and kind == "cuda":
            continue
        assert name in lock, "make lock"
        assert one.specifier.contains(lock[name]), f"{name}: make lock"


def test_what_runs_on_a_gpu_asks_for_the_device_and_the_parts_of_the_driver() -> None:
    """The default of NVIDIA's container toolkit has no `video`, without which NVENC does not open."""
    parts = {"compute", "utility", "video"}
    image = (ROOT / "Dockerfile.cuda").read_text("utf-8").rpartition("\nFROM ")[2]
    asked = re.search(r"NVIDIA_DRIVER_CAPABILITIES=(\S+)", image)
    assert asked
    assert set(asked[1].split(",")) == parts
    composed = read("compose.gpu.yaml")["services"]["acutance"]
    (device,) = composed["deploy"]["resources"]["reservations"]["devices"]
    assert set(device["capabilities"]) == parts | {"gpu"}
    assert (ROOT / composed["build"]["dockerfile"]).is_file()
    container = read("kubernetes-gpu.yaml")["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert {"name": "NVIDIA_DRIVER_CAPABILITIES", "value": "compute,utility,video"} in container["env"]


def test_the_patch_for_gpus_fits_the_manifest_and_leaves_more_memory() -> None:
    import kubernetes_validate

    deployment = manifests()[0]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    (patch,) = read("kubernetes-gpu.yaml")["spec"]["template"]["spec"]["containers"]
    assert patch["name"] == container["name"]
    assert container["resources"]["limits"]["memory"] == "1Gi"
    assert patch["resources"]["limits"]["memory"] == "4Gi"
    container.update({key: value for key, value in patch.items() if key != "env"})
    container["env"] += patch["env"]
    kubernetes_validate.validate(deployment, "1.30", strict=True)


def test_the_driver_that_cuda_needs_is_named() -> None:
    lock = (DEPLOY / "requirements-cuda.txt").read_text("utf-8")
    assert re.search(r"^nvidia-cuda-runtime==13\.", lock, re.MULTILINE), "CUDA 13 needs driver 580"
    for file in (ROOT / "Dockerfile.cuda", DEPLOY / "README.md", DEPLOY / "compose.gpu.yaml"):
        assert "580" in file.read_text("utf-8"), file.name
