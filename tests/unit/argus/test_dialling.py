"""What the environment of a process says of passwords and proxies changes nothing; the setting for a proxy does."""

from __future__ import annotations

import ast
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from argus import addresses, dialling
from argus.client import Argus
from argus.errors import ArgusError
from argus.images import public_http
from argus.images.fetcher import ImageFetcher
from argus.labelstudio import LabelStudio, users
from argus.labelstudio.task_data import TaskImage
from argus.settings import Settings
from argus_cli.stack import access_token
from search_service.health.doctor import label_studio as to_label_studio
from search_service.health.doctor import servers as to_servers
from tests.unit.argus.images.test_fetcher import LabelStudioWithoutLogin
from tests.unit.argus.listeners import Listener, listening, netrc

ROOT = Path(__file__).parents[3]
ANSWER = b'{"access": "ours", "release": "1.23.2", "results": [], "next": null, "projects": []}'


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """A proxy that the environment names for everything, and a `.netrc` with a password for everybody."""
    with listening() as listener:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, listener.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("NETRC", str(netrc(tmp_path)))
        listener.body = ANSWER
        yield listener


@pytest.fixture
def server() -> Iterator[Listener]:
    with listening() as listener:
        listener.body = ANSWER
        yield listener


def fetcher(url: str, home: Path, **settings: object) -> ImageFetcher:
    return ImageFetcher(LabelStudioWithoutLogin(url), Settings(  # type: ignore[arg-type]
        _env_file=None, home=home, label_studio_url=url, **settings))  # type: ignore[arg-type]


ASKED: dict[str, tuple[Callable[[str, Path], object], str | None]] = {  # what is asked, and its `Authorization`
    "client": (lambda url, _: LabelStudio(url, "personal").projects(), "Bearer ours"),
    "Python client": (lambda url, _: Argus(url, token="ours").projects(), "Bearer ours"),
    "own image": (lambda url, home: fetcher(url, home).download(TaskImage(3, 7, "/data/upload/3/a.png")),
                  "Bearer known"),
    "listed image": (lambda url, home: fetcher("http://127.0.0.1:1", home, image_origins=url).download(
        TaskImage(3, 7, f"{url}/a.png")), None),
    "version": (lambda url, _: to_label_studio.ask_version(url), None),
    "health": (lambda url, _: to_servers.health("ML backend", url, ("us", "ours"), "ARGUS_X"), "Basic dXM6b3Vycw=="),
    "health without a password": (lambda url, _: to_servers.health("search service", url, None, "ARGUS_X"), None),
    "token": (lambda url, _: access_token.is_valid(url, "personal"), None),
    "login": (lambda url, _: users.log_in(url, "a@example.com", "ours"), None),
}


@pytest.mark.parametrize("what", ASKED)
def test_netrc_and_proxies_of_the_environment_are_not_read(proxy: Listener, server: Listener, tmp_path: Path,
                                                           what: str) -> None:
    ask, authorization = ASKED[what]
    ask(server.url, tmp_path)
    assert proxy.seen == []
    assert server.seen
    assert {headers["Authorization"] for _, target, headers in server.seen if "/token/refresh" not in target} <= {
        authorization}


def test_public_images_see_neither(proxy: Listener, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    dialled: list[str] = []

    def refuse(address: tuple[str, int], *args: object, **kwargs: object) -> None:
        dialled.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(public_http, "create_connection", refuse)
    for setting in ("", proxy.url):  # not that of the settings either: it would resolve the name again
        with pytest.raises(ArgusError, match="does not answer"):
            fetcher("http://127.0.0.1:1", tmp_path, proxy_url=setting).download(
                TaskImage(3, 7, "http://93.184.215.14/a.png"))
    assert (dialled, proxy.seen) == (["93.184.215.14"] * 2, [])


def test_the_proxy_of_the_settings__reaches_label_studio_and_listed_origins(proxy: Listener, server: Listener,
                                                                            tmp_path: Path) -> None:
    far, listed = "http://label-studio.example.com", "http://images.example.com:9000"
    assert LabelStudio(far, "personal", proxy=proxy.url).projects() == []
    images = fetcher(far, tmp_path, image_origins=f"{listed},{server.url}", proxy_url=proxy.url)
    for url in ("/data/upload/3/a.png", f"{listed}/b.png"):
        assert images.download(TaskImage(3, 7, url)) == ANSWER
    assert [(target, headers["Authorization"]) for _, target, headers in proxy.seen] == [
        (f"{far}/api/token/refresh", None), (f"{far}/api/projects/?page=1&page_size=100", "Bearer ours"),
        (f"{far}/data/upload/3/a.png", "Bearer known"), (f"{listed}/b.png", None)]
    proxy.seen.clear()
    assert images.download(TaskImage(3, 7, f"{server.url}/near.png")) == ANSWER  # a private address: without the proxy
    assert (proxy.seen, len(server.seen)) == ([], 1)


def test_the_proxy_of_the_settings__is_told_to_reach_nothing_else(proxy: Listener) -> None:
    proxy.status, proxy.to = 302, "http://elsewhere.example.com/"
    with pytest.raises(ArgusError, match="elsewhere.example.com"):
        LabelStudio("http://label-studio.example.com", "personal", proxy=proxy.url).projects()
    assert {target.split("/")[2] for _, target, _ in proxy.seen} == {"label-studio.example.com"}
    proxy.seen.clear()
    proxy.status = 502
    with pytest.raises(ArgusError) as caught:
        LabelStudio("https://label-studio.example.com", "personal", proxy=proxy.url).projects()
    assert caught.value.code == "label_studio_unreachable"
    assert {(method, target) for method, target, _ in proxy.seen} == {("CONNECT", "label-studio.example.com:443")}
    session = dialling.locked([addresses.parse("https://label-studio.example.com").origin], proxy.url)
    manager = session.get_adapter("https://x").proxy_manager_for(proxy.url)  # type: ignore[attr-defined]
    with pytest.raises(dialling.WrongTarget):
        manager.urlopen("GET", "https://elsewhere.example.com/")
    assert len({target for _, target, _ in proxy.seen}) == 1


@pytest.mark.parametrize(("host", "near"), [
    ("localhost", True), ("a.localhost", True), ("label-studio", True), ("127.0.0.1", True), ("10.1.2.3", True),
    ("::1", True), ("fe80::1%eth0", True), ("192.168.7.7", True), ("ls.example.com", False), ("93.184.215.14", False),
    ("2606:2800:21f:cb07::1", False)])
def test_is_near(host: str, near: bool) -> None:
    assert dialling.is_near(host) is near


def test_certificates_of_the_environment_are_trusted_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/company/ca.pem")
    session = dialling.locked([("https", "ls", 443)])
    assert session.merge_environment_settings("https://ls/", {}, None, None, None)["verify"] == "/company/ca.pem"
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    assert dialling.locked([("https", "ls", 443)]).verify is True


def test_no_other_place_of_the_product_makes_a_session() -> None:
    """`requests.get` and its like make one too, and it reads the environment."""
    made = {"Session", "session", "request", "get", "post", "put", "patch", "delete", "head", "options"}
    found = []
    for folder in ("argus", "ml_backend", "search_service", "label_studio_config", "demo", "docker"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in made \
                        and isinstance(node.func.value, ast.Name) and node.func.value.id == requests.__name__:
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert [place.partition(":")[0] for place in found] == ["argus/dialling.py"]


class InParts(BaseHTTPRequestHandler):
    """Writes an answer as Django's own server does, its head and its body each by itself, and keeps the connection."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        for part in (b"HTTP/1.1 200 OK\r\n", b"Content-Length: 2\r\n\r\n", b"{}"):
            self.wfile.write(part)
            self.wfile.flush()

    def log_message(self, *args: object) -> None:
        pass


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="this system has no way to ask for it")
def test_an_answer_in_parts__is_not_waited_for() -> None:
    """The second part is sent once the first is acknowledged, which a kept connection does after 40 ms otherwise."""
    with ThreadingHTTPServer(("127.0.0.1", 0), InParts) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        with dialling.locked([addresses.parse(url).origin]) as session:
            taken = [session.get(f"{url}/").elapsed.total_seconds() for _ in range(40)]
        server.shutdown()
    assert sorted(taken[-20:])[5] < 0.03, taken
