from __future__ import annotations

from pathlib import Path

import pytest

from argus.errors import ArgusError
from argus.settings import Settings
from argus_cli.stack import SERVICES, Stack
from argus_cli.stack.stack import environment, resolve


def test_resolve__urls_follow_the_ports(tmp_path: Path) -> None:
    settings = resolve(Settings(home=tmp_path, label_studio_port=1, ml_backend_port=2, search_service_port=3))
    assert settings.label_studio_url == "http://127.0.0.1:1"
    assert settings.ml_backend_url == "http://127.0.0.1:2"
    assert settings.search_service_url == "http://127.0.0.1:3"
    assert settings.database_url.startswith("postgresql://argus@") and settings.redis_url.startswith("unix://")


def test_resolve__an_ipv6_address_is_written_as_an_address(tmp_path: Path) -> None:
    settings = resolve(Settings(home=tmp_path, host="::1", search_service_port=3))
    assert settings.search_service_url == "http://[::1]:3"
    assert Settings(**settings.model_dump()) == settings, "and a child reads it"


def test_resolve__keeps_servers_somebody_else_runs(tmp_path: Path) -> None:
    given = Settings(home=tmp_path, database_url="postgresql://db/argus", redis_url="redis://queue",
                     label_studio_url="http://labels")
    settings = resolve(given, embedded_label_studio=False)
    assert (settings.database_url, settings.redis_url) == ("postgresql://db/argus", "redis://queue")
    assert settings.label_studio_url == "http://labels"
    named = given.model_copy(update={"own_hosts": "line.example", "ml_backend_url": "http://host.example:9090"})
    # `argus connect` told Label Studio that name, and it is answered under it.
    assert set(resolve(named).own_hosts.split(",")) == {"line.example", "host.example:9090", "127.0.0.1:8000"}
    assert Stack(given, embedded_label_studio=False).services == tuple(
        name for name in SERVICES if name not in ("postgres", "valkey", "label-studio"))


def test_environment__a_child_reads_the_very_same_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ARGUS_SAM3_BATCH", "3")
    monkeypatch.setenv("ARGUS_CHROMIUM", "/usr/bin/chromium")
    settings = resolve(Settings(home=tmp_path, label_studio_token="secret", torch_threads=2))
    env = environment(settings)
    assert env["ARGUS_CHROMIUM"] == "/usr/bin/chromium"
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


def test_unknown_service() -> None:
    with pytest.raises(ArgusError, match="The stack has no redis"):
        Stack(Settings(), {"redis"})


def test_label_studio_environment_missing__said_before_anything_starts(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", label_studio_python=Path("nowhere/bin/python"))
    with pytest.raises(ArgusError) as caught, Stack(settings, {"postgres", "label-studio"}):
        pass
    assert caught.value.code == "missing_package" and "nowhere" in caught.value.message
    assert not (tmp_path / "home").exists()
