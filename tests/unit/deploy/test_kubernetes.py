"""docker/kubernetes: against Kubernetes' own schemas, and against docker-compose.yml, whose processes the tests run."""

from __future__ import annotations

import re
from typing import Any

import kubernetes_validate
import pytest
import yaml
from jsonschema import Draft202012Validator, ValidationError

from argus import queue_names
from argus.settings import Settings
from argus_cli.stack.stack import APPS
from tests.unit.deploy.conftest import ROOT, Compose, config
from tests.unit.deploy.test_compose import MODEL_WORKERS, Services, own, seconds

FOLDER = ROOT / "docker" / "kubernetes"
Manifest = dict[str, Any]
# What KEDA's documentation says of the fields used here: its own schema is in no package.
_TEXT, _COUNT = {"type": "string", "minLength": 1}, {"type": "string", "pattern": r"^\d+$"}
_FROM_ENV = {"type": "string", "pattern": "^[A-Z][A-Z0-9_]*$"}
KEDA = {
    "type": "object", "additionalProperties": False, "required": ["apiVersion", "kind", "metadata", "spec"],
    "properties": {
        "apiVersion": {"const": "keda.sh/v1alpha1"}, "kind": {"const": "ScaledObject"}, "metadata": {"type": "object"},
        "spec": {"type": "object", "additionalProperties": False, "required": ["scaleTargetRef", "triggers"],
                 "properties": {
                     "scaleTargetRef": {"type": "object", "required": ["name"], "properties": {"name": _TEXT},
                                        "additionalProperties": False},
                     **{name: {"type": "integer", "minimum": 0} for name in (
                         "minReplicaCount", "maxReplicaCount", "pollingInterval", "cooldownPeriod")},
                     "advanced": {"type": "object"},
                     "triggers": {"type": "array", "minItems": 1, "items": {
                         "type": "object", "required": ["type", "metadata"], "additionalProperties": False,
                         "properties": {"type": {"enum": ["redis", "postgresql"]}, "metadata": {"type": "object"}},
                         "if": {"properties": {"type": {"const": "redis"}}},
                         "then": {"properties": {"metadata": {
                             "required": ["addressFromEnv", "listName", "listLength"], "additionalProperties": False,
                             "properties": {"addressFromEnv": _FROM_ENV, "passwordFromEnv": _FROM_ENV,
                                            "listName": _TEXT, "listLength": _COUNT}}}},
                         "else": {"properties": {"metadata": {
                             "required": ["connectionFromEnv", "query", "targetQueryValue"],
                             "additionalProperties": False,
                             "properties": {"connectionFromEnv": _FROM_ENV, "query": _TEXT,
                                            "targetQueryValue": _COUNT}}}}}}}}}}


def read(name: str) -> list[Manifest]:
    return [document for document in yaml.safe_load_all((FOLDER / name).read_text()) if document]


@pytest.fixture(scope="module")
def manifests() -> list[Manifest]:
    return [document for name in read("kustomization.yaml")[0]["resources"] for document in read(name)]


@pytest.fixture(scope="module")
def deployments(manifests: list[Manifest]) -> dict[str, Manifest]:
    return {one["metadata"]["name"]: one for one in manifests if one["kind"] == "Deployment"}


@pytest.fixture(scope="module")
def scaled(manifests: list[Manifest]) -> dict[str, Manifest]:
    return {one["metadata"]["name"]: one for one in manifests if one["kind"] == "ScaledObject"}


@pytest.fixture(scope="module")
def environment(manifests: list[Manifest]) -> dict[str, str]:
    """What there is to be had for a container: the ConfigMap and the Secret's example."""
    (plain,) = (one["data"] for one in manifests if one["kind"] == "ConfigMap")
    lines = (FOLDER / "secret.env.example").read_text().splitlines()
    secret = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert not set(plain) & set(secret)
    return plain | secret


def container(deployment: Manifest) -> Manifest:
    (one,) = deployment["spec"]["template"]["spec"]["containers"]
    return dict(one)


def test_schemas__of_kubernetes_itself(manifests: list[Manifest]) -> None:
    found = [one for one in manifests if one["kind"] != "ScaledObject"]
    assert len(found) == 11
    for one in found:
        kubernetes_validate.validate(one, kubernetes_validate.latest_version(), strict=True)
    wrong = container(next(one for one in found if one["kind"] == "Deployment")) | {"readynessProbe": {}}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": {
        "selector": {}, "template": {"spec": {"containers": [wrong]}}}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, kubernetes_validate.latest_version(), strict=True)


def test_schemas__of_the_autoscaler(scaled: dict[str, Manifest]) -> None:
    assert set(scaled) == MODEL_WORKERS
    schema = Draft202012Validator(KEDA)
    for one in scaled.values():
        schema.validate(one)
        with pytest.raises(ValidationError):
            schema.validate(one | {"spec": one["spec"] | {"maxReplicas": 4}})


def test_deployments__run_what_compose_runs(deployments: dict[str, Manifest], services: Services,
                                            compose: Compose) -> None:
    assert set(deployments) == set(APPS)
    with_gpu = own(config(compose, files=["docker-compose.yml", "docker-compose.gpu.yml"])["services"])
    for name, service in own(services).items():
        pod, its = deployments[name]["spec"]["template"]["spec"], container(deployments[name])
        limits = service["deploy"]["resources"]["limits"]
        assert (its["image"], its["command"]) == (service["image"], service["command"])
        assert pod["terminationGracePeriodSeconds"] == seconds(service["stop_grace_period"])
        assert float(its["resources"]["limits"]["cpu"]) == float(limits["cpus"])
        assert int(its["resources"]["limits"]["memory"].removesuffix("Gi")) * 2**30 == int(limits["memory"])
        assert its["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                          "capabilities": {"drop": service["cap_drop"]}}
        assert service["read_only"] and pod["securityContext"]["runAsUser"] == 10001
        assert "USER 10001:10001" in (ROOT / service["build"]["dockerfile"]).read_text()
        gpus = its["resources"]["limits"].get("nvidia.com/gpu")
        assert bool(gpus) == (name in MODEL_WORKERS) == ("devices" in str(with_gpu[name]["deploy"]))
        if name in MODEL_WORKERS:
            assert {"name": "ARGUS_DEVICE", "value": with_gpu[name]["environment"]["ARGUS_DEVICE"]} in its["env"]


def test_probes__are_those_of_compose_and_of_the_services(deployments: dict[str, Manifest], services: Services) -> None:
    defaults = {"ml-backend": Settings.model_fields["ml_backend_port"].default,
                "search-service": Settings.model_fields["search_service_port"].default}
    for name in APPS:
        its = container(deployments[name])
        if name in defaults:
            assert [port["containerPort"] for port in its["ports"]] == [defaults[name]]
            assert (its["livenessProbe"]["httpGet"]["path"], its["readinessProbe"]["httpGet"]["path"]) == (
                "/livez", "/readyz")
        else:
            assert ["CMD", *its["readinessProbe"]["exec"]["command"]] == services[name]["healthcheck"]["test"]
            assert its["readinessProbe"]["timeoutSeconds"] == seconds(services[name]["healthcheck"]["timeout"])


def test_environment__is_that_of_compose(deployments: dict[str, Manifest], services: Services,
                                         environment: dict[str, str], manifests: list[Manifest]) -> None:
    (plain,) = (one["data"] for one in manifests if one["kind"] == "ConfigMap")
    for name, service in own(services).items():
        its = container(deployments[name])
        # Nobody gets the Secret whole: each of its values that a container gets is named there.
        assert its["envFrom"] == [{"configMapRef": {"name": "argus"}}]
        for one in (one for one in its["env"] if "valueFrom" in one):
            secret = one["valueFrom"]["secretKeyRef"]
            assert (secret["name"], secret["key"]) == ("argus", one["name"]) and one["name"] in environment
        given = set(plain) | {one["name"] for one in its["env"]}
        # The autoscaler looks for the queue's address in the containers that it scales.
        more = {"QUEUE_ADDRESS", "QUEUE_PASSWORD"} if name in MODEL_WORKERS else set()
        assert given == set(service["environment"]) | more, name
        values = plain | {one["name"]: one.get("value") for one in its["env"]}
        for key in ("ARGUS_HOME", "ARGUS_HOST", "ARGUS_BASIC_AUTH_USER", "ARGUS_SIGLIP_MODEL", "ARGUS_SAM3_MODEL",
                    "ARGUS_SAM3_ENGINE", "ARGUS_LOG_LEVEL"):
            assert values.get(key) == service["environment"].get(key)
    Settings(_env_file=None, **{name.removeprefix("ARGUS_").lower(): value for name, value in environment.items()
                                if name.startswith("ARGUS_")})


def test_names__lead_somewhere(manifests: list[Manifest], deployments: dict[str, Manifest],
                               scaled: dict[str, Manifest], environment: dict[str, str]) -> None:
    claims = {one["metadata"]["name"] for one in manifests if one["kind"] == "PersistentVolumeClaim"}
    for name, deployment in deployments.items():
        pod = deployment["spec"]["template"]
        assert deployment["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
        volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
        mounts = {mount["name"]: mount["mountPath"] for mount in container(deployment)["volumeMounts"]}
        assert set(mounts) == set(volumes) and mounts["home"] == environment["ARGUS_HOME"]
        assert {v["persistentVolumeClaim"]["claimName"] for v in volumes.values() if "persistentVolumeClaim" in v
                } <= claims
        # Exports pass from their worker to the page by this volume, uploads from there to the default worker.
        shares = "persistentVolumeClaim" in volumes["home"]
        assert shares == (name in ("export-worker", "search-service", "worker"))
    for service in (one for one in manifests if one["kind"] == "Service"):
        name = service["metadata"]["name"]
        labels = deployments[name]["spec"]["template"]["metadata"]["labels"]
        assert service["spec"]["selector"].items() <= labels.items()
        host = f"http://{name}.{read('kustomization.yaml')[0]['namespace']}.svc:{service['spec']['ports'][0]['port']}"
        assert host in environment.values()
    images = {image["name"] for image in read("kustomization.yaml")[0]["images"]}
    assert images == {container(one)["image"].split(":")[0] for one in deployments.values()}
    for name, one in scaled.items():
        assert one["spec"]["scaleTargetRef"]["name"] in deployments
        lists = {t["metadata"]["listName"] for t in one["spec"]["triggers"] if t["type"] == "redis"}
        assert lists == {f"rq:queue:{queue}" for queue in queue_names.ROLES[name.removesuffix("-worker")]}
        used = {value for trigger in one["spec"]["triggers"] for key, value in trigger["metadata"].items()
                if key.endswith("FromEnv")}
        assert used <= set(environment)


def test_documentation__says_what_was_not_run() -> None:
    text = (ROOT / "docs" / "kubernetes.md").read_text()
    assert "What has not been run" in text
    for path in re.findall(r"docker/kubernetes/[\w.-]+", text):
        assert (ROOT / path).exists()
