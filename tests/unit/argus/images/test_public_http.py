"""No way of writing an address leads the image fetcher into the inner network."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from argus.errors import ArgusError
from argus.images import public_http
from argus.images.fetcher import ImageFetcher
from argus.labelstudio.task_data import TaskImage
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


INNER = [
    # IPv4: this network, private, shared, loopback, link-local, protocols, documentation, 6to4 relays, benchmarks,
    # multicast, reserved, broadcast
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1", "127.0.0.1",
    "169.254.169.254", "192.0.0.8", "192.0.0.9", "192.0.2.1", "198.51.100.1", "203.0.113.1", "192.88.99.1",
    "198.18.0.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    # IPv6: none, loopback, IPv4-compatible, IPv4-mapped, IPv4-translated
    "::", "::1", "::8.8.8.8", "::127.0.0.1", "::10.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0.0.0.0",
    "::ffff:169.254.169.254", "::ffff:0:8.8.8.8", "::ffff:0:127.0.0.1",
    # NAT64: of an inner address, and of local use, whatever it wraps
    "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b::192.88.99.1", "64:ff9b:1::1",
    "64:ff9b:1::8.8.8.8", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "64:ff9b:2::1",
    # discarded, dummy, Teredo, benchmarks, ORCHID, documentation, 6to4 of an inner address, segments
    "100::1", "100:0:0:1::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1",
    "2001:20::1", "2001:1ff:ffff::1", "2001:db8::1", "3fff::1", "3fff:fff::1", "2002:7f00:1::1", "2002:a00:1::1",
    "2002:c0a8:101::1", "5f00::1",
    # not assigned, unique local, link-local, site-local, multicast
    "1::1", "200::1", "4000::1", "8000::1", "fc00::1", "fd12:3456:789a::1", "fe00::1", "fe80::1", "fe80::1%eth0",
    "febf::1", "fec0::1", "fec0:0:0:ffff::1", "feff::1", "ff00::1", "ff02::1", "ff0e::1",
]
OUTER = ["8.8.8.8", "93.184.215.14", "1.1.1.1", "192.0.1.1", "192.88.98.1", "172.32.0.1", "2606:2800:21f:cb07::1",
         "2a00:1450:4001::1", "2001:200::1", "2001:4860:4860::8888", "2620:fe::fe", "::ffff:8.8.8.8",
         "64:ff9b::8.8.8.8", "2002:808:808::1"]


@pytest.mark.parametrize("address", INNER)
def test_is_public__special_ranges_are_not(address: str) -> None:
    assert not public_http.is_public(address)


@pytest.mark.parametrize("address", OUTER)
def test_is_public__the_internet_is(address: str) -> None:
    assert public_http.is_public(address)


@pytest.mark.parametrize("address", ["64:ff9b:1::7f00:1", "fec0::1", "::808:808", "::ffff:0:808:808", "3fff::1"])
def test_a_special_range_is_not_dialled(images: ImageFetcher, dialled: list[str], address: str) -> None:
    with pytest.raises(ArgusError, match="private address") as caught:
        images.fetch(TaskImage(3, 7, f"http://[{address}]:8080/a.png"))
    assert (caught.value.code, dialled) == ("image_forbidden", [])
    assert f"http://[{address}]:8080 to ARGUS_IMAGE_ORIGINS" in caught.value.hint


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
