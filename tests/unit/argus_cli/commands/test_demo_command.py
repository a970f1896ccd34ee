"""What `argus demo` says to those who go on in another terminal."""

from __future__ import annotations

from argus.settings import Settings
from argus_cli.commands.demo import told_environment
from argus_cli.stack.stack import environment, resolve


def test_told_environment__addresses_are_told_where_the_ports_are_others() -> None:
    usual = told_environment(environment(resolve(Settings(_env_file=None))))
    assert list(usual) == ["ARGUS_HOME", "ARGUS_SIGLIP_MODEL", "ARGUS_SAM3_MODEL"]
    moved = told_environment(environment(resolve(Settings(_env_file=None, label_studio_port=28080,
                                                          search_service_port=28000))))
    assert {name: moved[name] for name in moved if name not in usual} == {
        "ARGUS_LABEL_STUDIO_URL": "http://127.0.0.1:28080", "ARGUS_SEARCH_SERVICE_URL": "http://127.0.0.1:28000"}
