"""No way of writing an address leads the image fetcher into the inner network."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from argus import public_http
from argus.errors import ArgusError
from argus.images import ImageFetcher
from argus.labelstudio.data import TaskImage
from argus.settings import Settings


class NoLabelStudio:
    """Stands for a Label Studio that none of these images comes from."""

    url = "http://label-studio.invalid"

    def authorization(self) -> str:
        raise AssertionError("the token is for Label Studio alone")


@pytest.fixture
def images(tmp_path: Path) -> ImageFetcher:
    settings = Settings(_env_file=None, home=tmp_path, label_studio_url=NoLabelStudio.url)
    return ImageFetcher(NoLabelStudio(), settings)  # type: ignore[arg-type]


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that would have been connected to; nothing is."""
    seen: list[str] = []

    def refuse(address: tuple[str, int], *args: Any, **kwargs: Any) -> socket.socket:
        seen.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(public_http, "create_connection", refuse)
    return seen


@pytest.mark.parametrize("url", [
    "http://127.0.0.1/a.png", "http://127.1/a.png", "http://0/a.png", "http://2130706433/a.png", "http://0x7f000001/",
    "http://0177.0.0.1/a.png", "http://localhost/a.png", "http://LOCALHOST/a.png", "http://user:pw@127.0.0.1/a.png",
    "http://169.254.169.254/latest/meta-data/", "http://10.0.0.5/a.png", "http://192.168.1.1/a.png",
    "http://100.64.0.1/a.png", "http://[::1]/a.png", "http://[::]/a.png", "http://[::ffff:127.0.0.1]/a.png",
    "http://[::ffff:10.0.0.1]/a.png", "http://[64:ff9b::7f00:1]/a.png", "http://[2002:7f00:1::]/a.png",
    "http://[fe80::1]/a.png", "http://[fc00::1]/a.png", "http://224.0.0.1/a.png", "http://[ff02::1]/a.png",
    "https://127.0.0.1/a.png", "file:///etc/hostname", "gopher://127.0.0.1/", "ftp://127.0.0.1/a", "dict://127.0.0.1/",
    "jar:http://127.0.0.1/a", "//127.0.0.1/a.png",
])
def test_private_addresses_are_refused_however_they_are_written(images: ImageFetcher, dialled: list[str],
                                                                url: str) -> None:
    with pytest.raises(ArgusError) as caught:
        images.fetch(TaskImage(3, 7, url))
    assert caught.value.code in ("image_forbidden", "image_unreachable")
    assert dialled == []


@pytest.mark.parametrize("url", ["http://[::1", "http://h:99999/a", "http://" + "a" * 300 + "/a.png",
                                 "http://exa mple/", "http://a..b/", "http://h/\r\nX-Header: 1"])
def test_what_is_no_address_is_an_error_with_a_code(images: ImageFetcher, dialled: list[str], url: str,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ArgusError) as caught:
        images.fetch(TaskImage(3, 7, url))
    assert caught.value.code in ("image_forbidden", "image_unreachable")
    assert dialled == []


def unknown(*args: Any, **kwargs: Any) -> Any:
    raise socket.gaierror("unknown host")


def test_a_name_that_changes_its_address_is_resolved_once(images: ImageFetcher, dialled: list[str],
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["93.184.215.14", "127.0.0.1"])
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), 80))])
    with pytest.raises(ArgusError) as caught:
        images.fetch(TaskImage(3, 7, "http://rebind.example/a.png"))
    assert caught.value.code == "image_unreachable"
    assert dialled == ["93.184.215.14"], "the address that was judged is the one that is called"


def test_a_name_with_one_private_address_among_others_is_refused(images: ImageFetcher, dialled: list[str],
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 80)) for ip in ("93.184.215.14", "10.0.0.1")])
    with pytest.raises(ArgusError) as caught:
        images.fetch(TaskImage(3, 7, "http://both.example/a.png"))
    assert caught.value.code == "image_forbidden"
    assert dialled == []
