"""docker-compose.yml, read by the real Compose and held against the code it starts."""

from __future__ import annotations

import importlib.util
import inspect
import re
from typing import Any

import pytest

from argus import queue_names
from argus.jobs import queues
from argus.settings import Settings
from argus_cli.commands.init import SECRETS
from argus_cli.stack.label_studio import INHERITED, LabelStudio
from argus_cli.stack.stack import APPS
from tests.unit.deploy.conftest import BASE, GPU, ROOT, Compose, config

MADE_UP = sorted(name for group in SECRETS.values() for name in group)
EXTERNAL = {
    "postgres": {"ARGUS_DATABASE_URL": "postgresql://argus:pw@db.example.com/argus?sslmode=verify-full",
                 "POSTGRES_LABEL_STUDIO_HOST": "db.example.com"},
    "redis": {"ARGUS_REDIS_URL": "rediss://:pw@queue.example.com:6379/0"},
    "label-studio": {"ARGUS_LABEL_STUDIO_URL": "https://labels.example.com",
                     "ARGUS_LABEL_STUDIO_TOKEN": "a-token",
                     "ARGUS_ML_BACKEND_URL": "https://ml.example.com",
                     "ARGUS_SEARCH_SERVICE_URL": "https://search.example.com"},
}
IMAGE_VARIABLES = ["POSTGRES_IMAGE", "VALKEY_IMAGE", "LABEL_STUDIO_IMAGE", "MINIO_IMAGE", "PYTHON_IMAGE_TAG"]
REPLACED = {"postgres": {"postgres"}, "redis": {"valkey"}, "label-studio": {"label-studio", "setup"}}
MODEL_WORKERS = {"siglip-worker", "sam3-worker"}
# What the web services ask their callers for.
ASKED_FOR = ("ARGUS_BASIC_AUTH_USER", "ARGUS_BASIC_AUTH_PASSWORD", "ARGUS_WEBHOOK_SECRET", "ARGUS_API_TOKEN")
Services = dict[str, dict[str, Any]]


def seconds(text: str) -> float:
    """Return the seconds of Compose's `7m30s`."""
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(float(n) * units[u] for n, u in re.findall(r"([\d.]+)([hms])", text))


def own(services: Services) -> Services:
    return {name: services[name] for name in APPS}


@pytest.mark.parametrize("files", [[BASE], [BASE, GPU]], ids=["base", "gpu"])
def test_config__every_process_of_the_design(compose: Compose, files: list[str]) -> None:
    found = config(compose, files=files)["services"]
    assert set(found) == {"postgres", "valkey", "label-studio", "setup", *APPS}


def test_config__s3_adds_minio(compose: Compose) -> None:
    assert "minio" in config(compose, "--profile", "s3")["services"]


@pytest.mark.parametrize("missing", MADE_UP)
def test_config__a_missing_password_says_what_to_run(compose: Compose, secrets: dict[str, str],
                                                     missing: str) -> None:
    done = compose("config", variables={name: value for name, value in secrets.items() if name != missing})
    assert done.returncode != 0
    assert f"{missing} is missing a value: run argus init" in done.stderr


def test_passwords__exactly_those_that_init_makes_up() -> None:
    assert set(re.findall(r"\$\{(\w+):\?run argus init\}", (ROOT / BASE).read_text())) == set(MADE_UP)


def test_published__only_the_two_pages_and_only_on_this_machine(services: Services) -> None:
    ports = {name: [(p["host_ip"], p["target"], p["published"]) for p in service.get("ports", [])]
             for name, service in services.items()}
    assert {name: found for name, found in ports.items() if found} == {
        "label-studio": [("127.0.0.1", 8080, "8080")], "search-service": [("127.0.0.1", 8000, "8000")]}


def test_environment__every_argus_variable_is_a_setting(services: Services) -> None:
    settings = {f"ARGUS_{name.upper()}" for name in Settings.model_fields}
    text = "\n".join(path.read_text() for path in [ROOT / BASE, ROOT / GPU, *(
        path for path in (ROOT / "docker").rglob("*.*") if path.parent.name != "__pycache__")])
    named = set(re.findall(r"\bARGUS_\w+", text))
    given = {name for service in services.values() for name in service.get("environment", {})
             if name.startswith("ARGUS_")}
    assert named | given <= settings
    assert given


def test_environment__it_is_valid_and_the_same_for_every_process_but_for_its_secrets(services: Services) -> None:
    for name, service in own(services).items():
        environment = {key.removeprefix("ARGUS_").lower(): value
                       for key, value in service["environment"].items() if key.startswith("ARGUS_")}
        settings = Settings(_env_file=None, **environment)
        assert settings.resolved_database_url.startswith("postgresql://argus:made-up-"), name
    shared = [{key: value for key, value in service["environment"].items() if key.startswith("ARGUS_") and
               key not in ("ARGUS_DEVICE", *ASKED_FOR)} for service in own(services).values()]
    assert all(environment == shared[0] for environment in shared)


def test_environment__only_whose_it_is_gets_a_password(services: Services) -> None:
    def who_knows(secret: str) -> set[str]:
        return {name for name, service in services.items() if f"made-up-{secret}" in str(service)}

    assert who_knows("postgres_password") == {"postgres"}
    assert who_knows("postgres_label_studio_password") == {"postgres", "label-studio", "setup"}
    assert who_knows("argus_label_studio_password") == {"label-studio", "setup"}
    assert who_knows("minio_password") == {"minio"}
    assert who_knows("valkey_password") == {"valkey", *APPS}
    assert who_knows("postgres_argus_password") == {"postgres", *APPS}
    # What callers are asked for is known to who asks, and to who tells Label Studio; a worker does neither.
    assert who_knows("argus_basic_auth_password") == {"ml-backend", "search-service"}
    assert who_knows("argus_webhook_secret") == {"ml-backend", "search-service"}
    assert who_knows("argus_api_token") == {"search-service"}
    assert {name for name, service in services.items() if "HF_TOKEN" in service.get("environment", {})} == MODEL_WORKERS


def test_arguments__hold_no_password(services: Services, secrets: dict[str, str]) -> None:
    for name, service in services.items():
        arguments = [*(service["command"] or []), *(service["entrypoint"] or []),
                     *service.get("healthcheck", {}).get("test", [])]
        assert not any(secrets[secret] in argument for secret in MADE_UP for argument in arguments), name


@pytest.mark.parametrize("name", [*APPS, "setup"])
def test_command__is_something_this_code_has(services: Services, name: str) -> None:
    python, *arguments = services[name]["command"]
    assert python == "python"
    if arguments[0] == "-m":
        spec = importlib.util.find_spec(arguments[1])
        assert spec, f"there is no module {arguments[1]}"
        if spec.submodule_search_locations is not None:
            assert importlib.util.find_spec(f"{arguments[1]}.__main__"), f"{arguments[1]} has no __main__"
        assert arguments[2:] == ([] if arguments[1] != "argus_cli" else ["worker", arguments[-1]])
        assert set(arguments[3:]) <= set(queue_names.ROLES)
    else:
        copied = f"COPY docker/{arguments[0].rsplit('/', 1)[-1]} {arguments[0]}"
        assert copied in (ROOT / "docker/web.Dockerfile").read_text()


def test_command__as_the_embedded_stack_starts_it(services: Services) -> None:
    from argus_cli.stack.stack import Stack

    stack = object.__new__(Stack)
    stack.settings, stack.env = Settings(_env_file=None), {}
    for name in APPS:
        assert stack._make(name).command().argv[1:] == services[name]["command"][1:], name


def test_every_service__restarts_is_watched_and_bounded(services: Services) -> None:
    for name, service in services.items():
        limits = service["deploy"]["resources"]["limits"]
        assert set(limits) == {"cpus", "memory", "pids"}, name
        assert service["logging"]["options"]["max-size"], name
        if name == "setup":
            continue
        assert service["restart"] == "unless-stopped", name
        assert service["healthcheck"]["start_period"], name
        assert seconds(service["stop_grace_period"]) >= 15, name


def test_every_container__has_no_rights_and_nothing_to_write_to_but_volumes_and_memory(services: Services) -> None:
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"] and "cap_add" not in service, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["read_only"] and "/tmp" in service["tmpfs"], name
        assert not service.get("privileged") and not service.get("pid") and not service.get("ipc"), name
        assert not any("docker.sock" in str(volume) for volume in service["volumes"]), name


def test_every_container__is_no_root_where_its_image_can_do_without(services: Services) -> None:
    # Images of ours end with a USER line; MinIO's volume is made by the engine, and so is root's.
    users = {name: service.get("user") for name, service in services.items() if "build" not in service}
    assert users == {"postgres": "postgres", "valkey": "valkey", "label-studio": "1001:0", "minio": None}


def test_own_images__have_nothing_to_write_to_but_their_volumes(services: Services) -> None:
    for name in [*APPS, "setup"]:
        service = services[name]
        assert service["init"] and "user" not in service, name
        targets = {volume["target"]: volume for volume in service["volumes"]}
        assert targets["/var/lib/argus"]["source"] == "argus-home", name
        if name != "setup":
            assert targets["/models"]["source"] == "model-cache", name
            assert targets["/models"].get("read_only", False) == (name not in MODEL_WORKERS), name


def test_start_order(services: Services) -> None:
    healthy, done = "service_healthy", "service_completed_successfully"
    needs = {name: {on: need["condition"] for on, need in service.get("depends_on", {}).items()}
             for name, service in services.items()}
    assert needs["label-studio"] == {"postgres": healthy}
    assert needs["setup"] == {"label-studio": healthy}
    assert all(needs[name] == {"postgres": healthy, "valkey": healthy, "setup": done} for name in APPS)
    assert all(need.get("required", True) for service in services.values()
               for need in service.get("depends_on", {}).values())


def test_stop_grace_period__longer_than_a_job_may_take(services: Services) -> None:
    from ml_backend.runs import scheduling

    usual = inspect.signature(queues.enqueue).parameters["timeout"].default
    one_image = 120 + scheduling.SECONDS_PER_TASK  # a chunk looks at its clock between images
    assert seconds(services["siglip-worker"]["stop_grace_period"]) > usual
    assert seconds(services["worker"]["stop_grace_period"]) > usual
    assert seconds(services["sam3-worker"]["stop_grace_period"]) > one_image


@pytest.mark.parametrize("files", [
    [BASE], [BASE, GPU], [BASE, *(f"docker/external/{server}.yml" for server in EXTERNAL)]],
    ids=["base", "gpu", "external"])
def test_scale__nothing_of_a_worker_can_be_there_only_once(compose: Compose, secrets: dict[str, str],
                                                           files: list[str]) -> None:
    """`--scale sam3-worker=2` needs neither a name nor a port nor an address that two containers would share."""
    variables = secrets | {name: value for wanted in EXTERNAL.values() for name, value in wanted.items()}
    found = config(compose, files=files, variables=variables)["services"]
    for name in (*MODEL_WORKERS, "worker"):
        assert not {"container_name", "hostname", "mac_address", "network_mode"} & set(found[name]), name
        assert not found[name].get("ports"), name
        assert all(not network for network in found[name]["networks"].values()), name  # no address, no alias
        assert found[name]["deploy"].get("mode", "replicated") == "replicated", name


def test_networks__the_store_is_reached_by_argus_alone(compose: Compose, services: Services) -> None:
    members: dict[str, set[str]] = {}
    for name, service in services.items():
        for network in service["networks"]:
            members.setdefault(network, set()).add(name)
    assert members == {
        "front": {"label-studio", "setup", *APPS},
        "store": {"postgres", "valkey", *APPS},
        "label-studio-store": {"label-studio", "setup", "postgres", "minio"}}
    networks = config(compose)["networks"]
    assert networks["store"]["internal"] and networks["label-studio-store"]["internal"]


def test_builds__torch_from_its_lock_as_in_the_makefile(services: Services) -> None:
    assert re.search(r"^TORCH \?=$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for name in MODEL_WORKERS:
        build = services[name]["build"]
        assert build["args"]["TORCH"] == build["args"]["TORCH_INDEX"] == ""
        assert build["dockerfile"] == "docker/model.Dockerfile"
    assert services["siglip-worker"]["image"] != services["sam3-worker"]["image"]
    assert all(services[name]["build"]["dockerfile"] == "docker/web.Dockerfile"
               for name in {*APPS, "setup"} - MODEL_WORKERS)


def test_images__are_pinned(services: Services) -> None:
    for name, service in services.items():
        _, _, tag = service["image"].partition(":")
        assert re.search(r"\d+[.\-]\d+", tag), f"{name}: {service['image']}"


def test_images__of_others_can_be_given_by_digest(compose: Compose, secrets: dict[str, str]) -> None:
    digest = "@sha256:" + "0123456789abcdef" * 4
    variables = {name: f"registry.example.com/{name.lower()}:1.0{digest}" for name in IMAGE_VARIABLES}
    found = config(compose, "--profile", "*", variables=secrets | variables)["services"]
    given = {service["image"] for service in found.values() if "build" not in service}
    assert given == {image for name, image in variables.items() if name != "PYTHON_IMAGE_TAG"}
    bases = {service["build"]["args"]["PYTHON"] for service in found.values() if "build" in service}
    assert bases == {variables["PYTHON_IMAGE_TAG"]}


def test_label_studio__knows_all_that_the_embedded_one_is_told(services: Services) -> None:
    embedded = object.__new__(LabelStudio)
    embedded.settings = Settings(_env_file=None)
    embedded.data = embedded.files = embedded.settings.home
    told = set(embedded.environment()) - {*INHERITED, "PYTHONUNBUFFERED"}
    environment = services["label-studio"]["environment"]
    assert told <= set(environment)
    for name in ("COLLECT_ANALYTICS", "SENTRY_DSN", "FRONTEND_SENTRY_DSN", "LATEST_VERSION_CHECK",
                 "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK", "DJANGO_DB"):
        assert environment[name] == embedded.environment()[name]


# The GPU file -----------------------------------------------------------------------------------------------


def test_gpu__one_for_each_model_worker_and_no_other(compose: Compose, secrets: dict[str, str]) -> None:
    found = config(compose, files=[BASE, GPU], variables=secrets | {"SAM3_GPU": "1"})["services"]
    devices = {name: service["deploy"]["resources"].get("reservations", {}).get("devices", [])
               for name, service in found.items()}
    given = {name: (device["driver"], device["device_ids"], device["capabilities"])
             for name, those in devices.items() for device in those}
    assert given == {"siglip-worker": ("nvidia", ["0"], ["gpu"]), "sam3-worker": ("nvidia", ["1"], ["gpu"])}
    for name in MODEL_WORKERS:
        assert found[name]["environment"]["ARGUS_DEVICE"] == "cuda"
        assert found[name]["deploy"]["resources"]["limits"]["memory"]


def test_gpu__the_build_for_the_driver(compose: Compose, secrets: dict[str, str]) -> None:
    variables = secrets | {"TORCH": "torch==2.7.1 torchvision==0.22.1", "SAM3_LOCK": "locks/sam3.lock",
                           "TORCH_INDEX": "https://index.example.com/cu126"}
    found = config(compose, files=[BASE, GPU], variables=variables)["services"]
    for name in MODEL_WORKERS:
        assert found[name]["build"]["args"]["TORCH"] == "torch==2.7.1 torchvision==0.22.1"
        assert found[name]["build"]["args"]["TORCH_INDEX"] == "https://index.example.com/cu126"
    assert found["sam3-worker"]["build"]["args"]["LOCK"] == "locks/sam3.lock"
    assert "LOCK" not in found["siglip-worker"]["build"]["args"]


# Servers of one's own ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("server", EXTERNAL)
def test_external__the_container_is_gone_and_nothing_waits_for_it(compose: Compose, secrets: dict[str, str],
                                                                  server: str) -> None:
    files = [BASE, f"docker/external/{server}.yml"]
    found = config(compose, files=files, variables=secrets | EXTERNAL[server])["services"]
    assert set(found) == {"postgres", "valkey", "label-studio", "setup", *APPS} - REPLACED[server]
    for name in APPS:
        for variable, value in EXTERNAL[server].items():
            if variable.startswith("ARGUS_"):
                assert found[name]["environment"][variable] == value
    for service in found.values():
        for on, need in service.get("depends_on", {}).items():
            assert on in found or not need["required"]


@pytest.mark.parametrize(("server", "variable"), [(s, v) for s, wanted in EXTERNAL.items() for v in wanted])
def test_external__a_missing_address_is_asked_for(compose: Compose, secrets: dict[str, str], server: str,
                                                  variable: str) -> None:
    given = {name: value for name, value in EXTERNAL[server].items() if name != variable}
    done = compose("config", files=[BASE, f"docker/external/{server}.yml"], variables=secrets | given)
    assert done.returncode != 0 and f"{variable} is missing a value: set it to" in done.stderr


def test_external__all_at_once_leaves_argus_itself(compose: Compose, secrets: dict[str, str]) -> None:
    variables = secrets | {name: value for wanted in EXTERNAL.values() for name, value in wanted.items()}
    files = [BASE, *(f"docker/external/{server}.yml" for server in EXTERNAL)]
    assert set(config(compose, files=files, variables=variables)["services"]) == set(APPS)
