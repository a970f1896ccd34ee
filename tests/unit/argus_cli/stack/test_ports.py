from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from argus.errors import ArgusError
from argus_cli.stack import ports


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that something listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_is_free(taken: int) -> None:
    assert not ports.is_free(taken)
    assert ports.is_free(ports.free_port())


def test_is_free__listener_on_all_addresses() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:
        assert not ports.is_free(server.getsockname()[1])


def test_check__names_the_port_its_owner_and_the_setting(taken: int) -> None:
    with pytest.raises(ArgusError) as caught:
        ports.check({"free": (ports.free_port(), "ARGUS_X"), "Label Studio": (taken, "ARGUS_LABEL_STUDIO_PORT")})
    assert caught.value.code == "port_in_use"
    assert str(taken) in caught.value.message and "Label Studio" in caught.value.message
    assert "ARGUS_LABEL_STUDIO_PORT" in caught.value.hint


def test_check__two_owners_of_one_port() -> None:
    port = ports.free_port()
    with pytest.raises(ArgusError, match="is set for both one and two"):
        ports.check({"one": (port, "ARGUS_ONE"), "two": (port, "ARGUS_TWO")})
