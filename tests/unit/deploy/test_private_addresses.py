"""What Label Studio may call in the containers' network: two addresses, by Label Studio's own code."""

from __future__ import annotations

import ast
import ipaddress
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from argus.settings import Settings
from argus_cli.stack.label_studio import find_python
from label_studio_config.links import WEBHOOK_PATH
from tests.unit.deploy.conftest import Compose, config

ASK = """
import json, sys
from importlib.util import find_spec
sys.path.insert(0, find_spec("label_studio").submodule_search_locations[0])
from django.conf import settings
asked = json.load(sys.stdin)
settings.configure(USE_I18N=False, VERBOSE=False, SSRF_PROTECTION_ENABLED=True,
                   USE_DEFAULT_BANNED_SUBNETS=False, USER_ADDITIONAL_BANNED_SUBNETS=asked["banned"])
from core.utils.io import validate_ip
from django.core.validators import URLValidator
def passes(check, value):
    try:
        check(value)
    except Exception:
        return False
    return True
print(json.dumps({"ips": {ip: passes(validate_ip, ip) for ip in asked["ips"]},
                  "urls": {url: passes(URLValidator(), url) for url in asked["urls"]}}))
"""


def ask(banned: list[str], ips: Sequence[str] = (), urls: Sequence[str] = ()) -> dict[str, dict[str, bool]]:
    """Let Label Studio's own check and Django's own validator judge addresses."""
    python = find_python(Settings(_env_file=None).label_studio_python)
    asked = json.dumps({"banned": banned, "ips": ips, "urls": urls})
    done = subprocess.run([str(python), "-c", ASK], input=asked, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def banned(services: dict[str, dict[str, Any]]) -> list[str]:
    return str(services["label-studio"]["environment"]["USER_ADDITIONAL_BANNED_SUBNETS"]).split(",")


@pytest.fixture(scope="module")
def open_addresses(services: dict[str, dict[str, Any]]) -> list[str]:
    return [services[name]["networks"]["front"]["ipv4_address"] for name in ("ml-backend", "search-service")]


def default_list() -> list[str]:
    """Return the networks that Label Studio refuses by default, read from its source."""
    python = find_python(Settings(_env_file=None).label_studio_python)
    [source] = python.parent.parent.glob("lib/python*/site-packages/label_studio/core/utils/io.py")
    for node in ast.walk(ast.parse(Path(source).read_text())):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "default_banned_subnets":
            return list(ast.literal_eval(node.value))
    raise AssertionError("Label Studio has no such list any more")


def test_protection_is_on(services: dict[str, dict[str, Any]]) -> None:
    environment = services["label-studio"]["environment"]
    assert environment["ML_BLOCK_LOCAL_IP"] == environment["SSRF_PROTECTION_ENABLED"] == "true"
    assert environment["USE_DEFAULT_BANNED_SUBNETS"] == "false"


def test_list__label_studios_own_less_two_addresses(banned: list[str], open_addresses: list[str]) -> None:
    hole = ipaddress.ip_network(f"{open_addresses[0]}/31")
    assert [str(address) for address in hole] == open_addresses
    expected: set[str] = set()
    for text in default_list():
        network = ipaddress.ip_network(text)
        if network.version == 4 and hole.subnet_of(network):
            expected |= {str(part) for part in network.address_exclude(hole)}
        else:
            expected.add(text)
    assert set(banned) == expected


def test_label_studio__reaches_our_two_services_and_nothing_beside_them(banned: list[str],
                                                                        open_addresses: list[str]) -> None:
    others = ["127.0.0.1", "172.31.252.1", "172.31.252.4", "172.31.252.129", "172.17.0.1", "10.0.0.1",
              "192.168.1.1", "169.254.169.254", "::1", "fd00::1", "::ffff:172.31.252.5"]
    answer = ask(banned, ips=[*open_addresses, *others, "93.184.216.34"])["ips"]
    assert {ip for ip, passed in answer.items() if passed} == {*open_addresses, "93.184.216.34"}


def test_urls__label_studio_takes_them_for_webhooks(services: dict[str, dict[str, Any]]) -> None:
    environment = services["worker"]["environment"]
    backend = environment["ARGUS_ML_BACKEND_URL"]
    webhook = environment["ARGUS_SEARCH_SERVICE_URL"] + WEBHOOK_PATH
    answer = ask([], urls=[webhook, backend, "http://search-service:8000"])["urls"]
    assert answer == {webhook: True, backend: True, "http://search-service:8000": False}


def test_urls__label_studio_can_resolve_them(services: dict[str, dict[str, Any]]) -> None:
    for name, variable, port in (("ml-backend", "ARGUS_ML_BACKEND_URL", 9090),
                                 ("search-service", "ARGUS_SEARCH_SERVICE_URL", 8000)):
        [alias] = services[name]["networks"]["front"]["aliases"]
        assert services["worker"]["environment"][variable] == f"http://{alias}:{port}"
        # One shared network only: in a second one the name would have an address that is refused.
        assert set(services["label-studio"]["networks"]) & set(services[name]["networks"]) == {"front"}


def test_network__no_other_container_gets_the_addresses(compose: Compose, open_addresses: list[str]) -> None:
    [pool] = config(compose)["networks"]["front"]["ipam"]["config"]
    subnet, dynamic = ipaddress.ip_network(pool["subnet"]), ipaddress.ip_network(pool["ip_range"])
    assert dynamic.subnet_of(subnet)  # type: ignore[arg-type]
    for address in map(ipaddress.ip_address, [*open_addresses, pool["gateway"]]):
        assert address in subnet and address not in dynamic
