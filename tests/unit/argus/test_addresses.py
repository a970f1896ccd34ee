"""One reading of an address, from the image of a task to the settings; and no spelling leads anywhere else."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pydantic import ValidationError

from argus import addresses, dialling
from argus.addresses import BadAddress, Garbled, OtherScheme
from argus.errors import ArgusError
from argus.images import requests
from argus.images.fetcher import ImageFetcher
from argus.labelstudio import LabelStudio
from argus.labelstudio.task_data import TaskImage
from argus.settings import Settings, get_settings
from tests.unit.argus.images.test_fetcher import LabelStudioWithoutLogin, png
from tests.unit.argus.listeners import Listener, listening

OWN = "/data/upload/3/a.png"
# {good} is whose name is used, {evil} is who would be called; both are host:port. {port} is that of {evil}.
SPELLINGS = [
    "http://{evil}\\@{good}/a.png", "http://{evil}\\\\@{good}/a.png", "http:\\\\{evil}\\@{good}/a.png",
    "http:/\\{evil}/a.png", "http://{evil}/\\@{good}/a.png", "http://{good}\\@{evil}/a.png",
    "http://{good}\\.{evil}/a.png", "http://{evil}\\.{good}/a.png", "http://{good}@{evil}/a.png",
    "http://{good}:x@{evil}/a.png", "http://somebody@{evil}/a.png", "http://somebody:word@{evil}/a.png",
    "http://@{evil}/a.png", "http://{good}%40{evil}/a.png", "http://{evil}#@{good}/a.png", "http://{evil}?@{good}/a.png",
    "http://{evil}/@{good}/a.png", "http://{evil};@{good}/a.png", "http://{evil}&@{good}/a.png",
    "http://{evil} @{good}/a.png", "http://{evil}\t@{good}/a.png", "http://{evil}\n@{good}/a.png",
    "http://{evil}\r@{good}/a.png", "http://{evil}\0@{good}/a.png", "http://{evil}\x0b@{good}/a.png",
    "http://{evil}\x7f@{good}/a.png", "http://{evil}\u00a0@{good}/a.png", "http://{evil}\u3000@{good}/a.png",
    "http://{evil}\ufeff@{good}/a.png", " http://{evil}/a.png", "\thttp://{evil}/a.png", "http://{evil}/a.png ",
    "ht\ttp://{evil}/a.png", "//{evil}/a.png", "///{evil}/a.png", "////{evil}/a.png", "/\\{evil}/a.png",
    "\\\\{evil}\\a.png", "/\t/{evil}/a.png", "http:{evil}/a.png", "http:/{evil}/a.png", "http:///{evil}/a.png",
    "HTTP://{evil}/a.png", "https://{evil}/a.png", "http://127.0.0.1.:{port}/a.png", "http://127.1:{port}/a.png",
    "http://2130706433:{port}/a.png", "http://0x7f000001:{port}/a.png", "http://0177.0.0.1:{port}/a.png",
    "http://localhost:{port}/a.png", "http://LOCALHOST:{port}/a.png", "http://0:{port}/a.png",
    "http://[::ffff:127.0.0.1]:{port}/a.png", "http://[::1]:{port}/a.png", "http://{evil}%2f@{good}/a.png",
    "http://{evil}%5c@{good}/a.png", "http://{evil}%00.{good}/a.png", "http://①②⑦.⓪.⓪.①:{port}/a.png",
    "http://127。0。0。1:{port}/a.png", "http://１２７.0.0.1:{port}/a.png", "http://[{good}]@{evil}/a.png",
    "http://{good}:{port}/a.png", "http://{good},{evil}/a.png", "http://{evil}:@{good}/a.png",
    "ftp://{evil}/a.png", "gopher://{evil}/a.png", "s3n://{evil}/a.png", "file://{evil}/a.png", "jar:http://{evil}/a.png",
    "http://{good}/a.png\\..\\..\\@{evil}", "http://{evil}/..//{good}/a.png", "http:{evil}\\@{good}/a.png",
]


class Servers(NamedTuple):
    own: Listener  # Label Studio
    listed: Listener
    neither: Listener
    evil: Listener  # neither, too

    def clear(self) -> None:
        for server in self:
            server.seen.clear()
            server.status, server.body, server.to = 200, png(), None


@pytest.fixture(scope="module")
def all_hosts() -> Iterator[Servers]:
    with listening() as own, listening() as listed, listening() as neither, listening() as evil:
        yield Servers(own, listed, neither, evil)


@pytest.fixture
def hosts(all_hosts: Servers, monkeypatch: pytest.MonkeyPatch) -> Servers:
    """Nobody is asked for names here: what is no address of loopback is unknown."""
    resolve = socket.getaddrinfo

    def resolved(host: str, *args: Any, **kwargs: Any) -> Any:
        if host.strip("0123456789abcdefx.:") and host.lower().rstrip(".") != "localhost":
            raise socket.gaierror("not looked up in this test")
        return resolve(host.rstrip("."), *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    all_hosts.clear()
    return all_hosts


@pytest.fixture
def images(hosts: Servers, tmp_path: Path) -> ImageFetcher:
    settings = Settings(_env_file=None, home=tmp_path, label_studio_url=hosts.own.url,
                        image_origins=hosts.listed.url)
    return ImageFetcher(LabelStudioWithoutLogin(hosts.own.url), settings)  # type: ignore[arg-type]


def spelled(spelling: str, hosts: Servers, good: str) -> str:
    return spelling.format(good=getattr(hosts, good).netloc, evil=hosts.evil.netloc, port=hosts.evil.port)


def refused(images: ImageFetcher, url: str) -> None:
    with pytest.raises(ArgusError) as caught:
        images.download(TaskImage(3, 7, url))
    assert caught.value.code in ("image_forbidden", "image_unreachable")
    assert caught.value.hint


def nobody_else_was_called(hosts: Servers) -> None:
    """The token went to Label Studio alone, for what it was meant for, and a private address that is not listed was
    not even asked."""
    assert (hosts.evil.seen, hosts.neither.seen, hosts.listed.authorizations()) == ([], [], [])
    assert all(target == OWN for target, _ in hosts.own.authorizations())


@pytest.mark.parametrize("good", ["own", "listed", "neither"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_gives_the_token_away(hosts: Servers, images: ImageFetcher, spelling: str, good: str) -> None:
    refused(images, spelled(spelling, hosts, good))
    assert hosts.own.authorizations() == []
    nobody_else_was_called(hosts)


@pytest.mark.parametrize("good", ["own", "listed", "neither"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_redirect_gives_the_token_away(hosts: Servers, images: ImageFetcher, spelling: str, good: str) -> None:
    hosts.own.status = hosts.listed.status = 302
    hosts.own.to = hosts.listed.to = spelled(spelling, hosts, good)
    for first in (OWN, f"{hosts.listed.url}/a.png"):
        refused(images, first)
    nobody_else_was_called(hosts)


def test_the_right_addresses_are_fetched_with_the_rights_they_have(hosts: Servers, images: ImageFetcher) -> None:
    for url in (OWN, hosts.own.url + OWN, f"HTTP://{hosts.own.netloc}{OWN}", f"{hosts.own.url}{OWN}#part",
                f"{hosts.own.url}/x/..{OWN}", f"{hosts.listed.url}/a.png", f"{hosts.listed.url}/a%20b.png?x=/@y"):
        assert images.download(TaskImage(3, 7, url)) == png(), url
    assert hosts.own.authorizations() == [(OWN, "Bearer known")] * 5
    assert [target for _, target, _ in hosts.listed.seen] == ["/a.png", "/a%20b.png?x=/@y"]
    nobody_else_was_called(hosts)
    hosts.own.status, hosts.own.to = 302, f"{hosts.listed.url}/a.png"
    assert images.download(TaskImage(3, 7, OWN)) == png(), "as a storage presigns"
    nobody_else_was_called(hosts)


def test_a_name_with_a_dot_at_its_end_is_its_own_origin(hosts: Servers, tmp_path: Path) -> None:
    dotted = f"http://localhost.:{hosts.listed.port}"
    settings = Settings(_env_file=None, home=tmp_path, label_studio_url=hosts.own.url, image_origins=dotted)
    images = ImageFetcher(LabelStudioWithoutLogin(hosts.own.url), settings)  # type: ignore[arg-type]
    assert images.download(TaskImage(3, 7, f"{dotted}/a.png")) == png()
    refused(images, f"http://localhost:{hosts.listed.port}/a.png")


def test_the_second_lock__a_wrong_decision_sends_nothing(hosts: Servers, images: ImageFetcher,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the first lock had taken the address for Label Studio's own."""
    chosen = images._requests
    monkeypatch.setattr(requests.ImageRequests, "_allow", lambda *args: (
        chosen._to_own, {"Authorization": "Bearer known"}))
    for url in (f"{hosts.evil.url}/a.png", f"http://localhost:{hosts.own.port}/a.png",
                f"https://{hosts.own.netloc}/a.png", f"{hosts.listed.url}/a.png"):
        refused(images, url)
    assert [server.seen for server in hosts] == [[], [], [], []]


def test_the_second_lock__another_reading_of_the_address_sends_nothing(hosts: Servers, images: ImageFetcher,
                                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    """As if `requests` read another host in the address than we do."""
    def misread(self: Any, *args: Any, **kwargs: Any) -> Any:
        return {"scheme": "http", "host": "127.0.0.1", "port": hosts.evil.port}, {}

    monkeypatch.setattr(dialling.HTTPAdapter, "build_connection_pool_key_attributes", misread)
    for url in (OWN, f"{hosts.listed.url}/a.png", "http://93.184.215.14/a.png"):
        with pytest.raises(ArgusError) as caught:
            images.download(TaskImage(3, 7, url))
        assert (caught.value.code, hosts.evil.url in caught.value.message) == ("image_forbidden", True)
    assert [server.seen for server in hosts] == [[], [], [], []]


def test_the_second_lock__stands_where_the_connection_is_opened(hosts: Servers) -> None:
    session = dialling.locked([addresses.parse(hosts.own.url).origin])
    pools = session.get_adapter("http://x").poolmanager  # type: ignore[attr-defined]
    with pytest.raises(dialling.WrongTarget, match=str(hosts.evil.port)):
        pools.urlopen("GET", f"{hosts.evil.url}/", headers={"Authorization": "Bearer known"})
    assert pools.urlopen("GET", f"{hosts.own.url}/").status == 200
    assert hosts.evil.seen == []


NEIGHBOURS = [
    "/data/upload/3/a.png", "/other/data/upload/3/a.png", "/lsx/data/upload/3/a.png", "/LS/data/upload/3/a.png",
    "/ls%2Fdata/upload/3/a.png", "/ls%2fdata%2fupload/3/a.png", "/ls;x/data/upload/3/a.png",
    "//ls/data/upload/3/a.png", "/ls/../other/a.png", "/ls/%2e%2e/data/upload/3/a.png", "/ls/./../data/upload/3/a.png",
    "/x/ls/data/upload/3/a.png"]
NOT_FILES = [
    "/ls", "/ls/", "/ls//data/upload/3/a.png", "/ls/..%2Fother/a.png", "/ls/..%5Cother/a.png",
    "/ls/data/upload/4/a.png", "/ls/data/upload/3/..%2F..%2F..%2F..%2Fother%2Fa.png", "/ls/ls/data/upload/3/a.png",
    "/ls/api/projects/", "/ls/tasks/8/resolve/?fileuri=czM6Ly9iL2E="]


@pytest.fixture
def below(hosts: Servers, tmp_path: Path) -> ImageFetcher:
    """Label Studio at `own` below `/ls`; the rest of that host is somebody else's."""
    url = f"{hosts.own.url}/ls"
    settings = Settings(_env_file=None, home=tmp_path, label_studio_url=f"{url}/", image_origins=hosts.own.url)
    return ImageFetcher(LabelStudioWithoutLogin(url), settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("redirected", [False, True])
def test_below_a_path__what_else_the_host_serves_gets_no_token(hosts: Servers, below: ImageFetcher,
                                                              redirected: bool) -> None:
    for path in NEIGHBOURS:
        hosts.clear()
        if not redirected:
            assert below.download(TaskImage(3, 7, hosts.own.url + path)) == png(), path
            assert hosts.own.authorizations() == [], path
            continue
        hosts.own.status, hosts.own.to = 302, hosts.own.url + path
        with pytest.raises(ArgusError):
            below.download(TaskImage(3, 7, f"/ls{OWN}"))
        assert hosts.own.authorizations() == [(f"/ls{OWN}", "Bearer known")], path
    for path in NOT_FILES:
        hosts.clear()
        hosts.own.status, hosts.own.to = (302, path) if redirected else (200, None)
        refused(below, f"/ls{OWN}" if redirected else path)
        assert [target for target, _ in hosts.own.authorizations()] == [f"/ls{OWN}"] * redirected, path


def test_below_a_path__its_own_files_are_fetched(hosts: Servers, below: ImageFetcher) -> None:
    own = [f"/ls{OWN}", f"{hosts.own.url}/ls{OWN}", f"/x/../ls{OWN}", f"/%6cs{OWN}", f"/ls/x/..{OWN}"]
    for url in own:
        assert below.download(TaskImage(3, 7, url)) == png(), url
    assert hosts.own.authorizations() == [(f"/ls{OWN}", "Bearer known")] * len(own)
    assert below.download(TaskImage(3, 7, "s3://line/a.png")) == png()
    assert hosts.own.authorizations()[-1][0] == "/ls/tasks/7/resolve/?fileuri=czM6Ly9saW5lL2EucG5n"


def test_below_a_path__the_second_lock(hosts: Servers, below: ImageFetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the first lock had taken a neighbour for Label Studio; and Label Studio's own client."""
    chosen = below._requests
    monkeypatch.setattr(requests.ImageRequests, "_allow", lambda *args: (
        chosen._to_own, {"Authorization": "Bearer known"}))
    for path in NEIGHBOURS[:6]:
        refused(below, hosts.own.url + path)
    assert hosts.own.seen == []
    hosts.own.status, hosts.own.to = 307, "/other/api/token/refresh"
    with pytest.raises(ArgusError, match="nothing was sent there"):
        LabelStudio(f"{hosts.own.url}/ls", "personal").get("/api/projects/")
    assert [target for _, target, _ in hosts.own.seen] == ["/ls/api/token/refresh"]


@pytest.mark.parametrize("inner_path", ["", "/inner"])
def test_behind_a_proxy__label_studio_is_asked_at_its_inner_address(hosts: Servers, tmp_path: Path,
                                                                    inner_path: str) -> None:
    """Tasks name what browsers know; the token goes nowhere but to the address that Label Studio has for us."""
    inner, public = hosts.own.url + inner_path, "https://labels.example/ls"
    settings = Settings(_env_file=None, home=tmp_path, label_studio_url=inner, label_studio_public_url=public,
                        image_origins=hosts.listed.url)
    images = ImageFetcher(LabelStudioWithoutLogin(inner), settings)  # type: ignore[arg-type]
    resolve = "/tasks/7/resolve/?fileuri=czM6Ly9iL2E="
    for url, asked in ((f"/ls{OWN}", OWN), (f"{public}{OWN}", OWN), (f"{inner}{OWN}", OWN), (public + resolve, resolve),
                       (f"/ls{resolve}", resolve)):
        hosts.clear()
        assert images.download(TaskImage(3, 7, url)) == png(), url
        assert hosts.own.authorizations() == [(inner_path + asked, "Bearer known")], url
    for to in (f"{public}{OWN}", f"/ls{OWN}"):  # as Label Studio writes its own addresses
        hosts.clear()
        hosts.own.status, hosts.own.to = 302, to
        with pytest.raises(ArgusError, match="redirects over"):
            images.download(TaskImage(3, 7, f"/ls{resolve}"))
        assert hosts.own.authorizations()[1] == (f"{inner_path}{OWN}", "Bearer known"), to
    hosts.clear()
    refused(images, "https://labels.example/other/a.png")
    assert hosts.own.seen == []


@pytest.mark.parametrize("uri", ["s3://line/frames/a b#1?.png", "gs://line/部品.png", "azure-blob://box/a.png"])
def test_cloud_objects__are_had_from_label_studio_which_knows_the_storages(hosts: Servers, images: ImageFetcher,
                                                                           uri: str) -> None:
    """An ML backend is sent tasks whose addresses name the bucket; listings have what is asked here."""
    listed = f"/tasks/7/resolve/?fileuri={base64.urlsafe_b64encode(uri.encode()).decode()}"
    assert images.fetch(TaskImage(3, 7, uri)).data == images.fetch(TaskImage(3, 7, listed)).data == png()
    assert hosts.own.authorizations() == [(listed, "Bearer known")], "one file in the cache"
    hosts.own.status, hosts.own.to = 303, uri
    refused(images, OWN)
    hosts.clear()
    hosts.own.status = 404
    with pytest.raises(ArgusError, match="finds nothing") as caught:
        images.download(TaskImage(3, 7, uri))
    assert caught.value.code == "image_unreachable" and "project 3 as a storage" in caught.value.hint


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_label_studio_that_sends_us_on_gets_no_token_told(hosts: Servers, status: int) -> None:
    """A 307 would repeat the body, which has the personal access token."""
    hosts.own.status, hosts.own.to = status, f"{hosts.evil.url}/api/token/refresh"
    with pytest.raises(ArgusError) as caught:
        LabelStudio(hosts.own.url, "personal").get("/api/projects/")
    assert caught.value.code == "label_studio_refused"
    assert hosts.evil.url in caught.value.message and "ARGUS_LABEL_STUDIO_URL" in caught.value.hint
    assert hosts.evil.seen == []
    hosts.own.to = f"http://{hosts.evil.netloc}\\@{hosts.own.netloc}/"
    with pytest.raises(ArgusError, match="nothing was sent there"):
        LabelStudio(hosts.own.url, "personal").get("/api/projects/")
    assert hosts.evil.seen == []


WRONG = ["http://h\\@x", "http://h x", "http://somebody:hunter2@h", "http://@h", "h:8080", "s3://h", "http://", "http://h\tx",
         "http://[::1", "http://h:99999", "file:///etc/hostname"]


FIELDS = ["label_studio_url", "label_studio_public_url", "ml_backend_url", "search_service_url", "image_origins",
          "proxy_url"]


@pytest.mark.parametrize(("field", "wrong"), [
    (field, wrong) for field in FIELDS for wrong in WRONG
    if (field, wrong) != ("proxy_url", "http://somebody:hunter2@h")])  # a proxy may ask for a password
def test_settings_that_are_addresses_are_read_alike(field: str, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError):
        Settings(_env_file=None, **{field: wrong})
    with pytest.raises(ValidationError):
        Settings(_env_file=None, image_origins=f"http://fine, {wrong}")
    monkeypatch.setenv(f"ARGUS_{field.upper()}", wrong)
    get_settings.cache_clear()
    with pytest.raises(ArgusError) as caught:
        get_settings()
    get_settings.cache_clear()
    assert (caught.value.code, field.upper() in caught.value.message) == ("bad_setting", True)
    assert "hunter2" not in str(caught.value.to_json())


@pytest.mark.parametrize("wrong", WRONG)
def test_a_client_of_no_address_is_a_bad_setting(wrong: str) -> None:
    with pytest.raises(ArgusError) as caught:
        LabelStudio(wrong, "personal")
    assert (caught.value.code, "ARGUS_LABEL_STUDIO_URL" in caught.value.hint) == ("bad_setting", True)


def test_right_settings_stay_as_they_are() -> None:
    settings = Settings(_env_file=None, label_studio_url="https://Host:8443/ls/", label_studio_public_url="",
                        image_origins="http://minio:9000, https://images.example.com/", proxy_url="http://a:b@proxy:3128")
    assert settings.label_studio_url == "https://Host:8443/ls/"
    assert settings.image_origins == "http://minio:9000, https://images.example.com/"
    assert "a:b" not in repr(settings)


@pytest.mark.parametrize(("text", "url", "origin"), [
    ("http://Host", "http://host/", ("http", "host", 80)),
    ("HTTPS://host:443/a b".replace(" ", "%20"), "https://host:443/a%20b", ("https", "host", 443)),
    ("http://[::1]:8080/a?b#c", "http://[::1]:8080/a?b", ("http", "::1", 8080)),
    ("http://h/x/%2e%2e/a", "http://h/a", ("http", "h", 80)),
    ("http://h/x/../%2E%2E/a/./b", "http://h/a/b", ("http", "h", 80)),
    ("https://münchen.de/ä?ö", "https://xn--mnchen-3ya.de/%C3%A4?%C3%B6", ("https", "xn--mnchen-3ya.de", 443)),
    ("http://h/%252e", "http://h/%252e", ("http", "h", 80)),
    ("http://h/@x?u=http://y@z/", "http://h/@x?u=http://y@z/", ("http", "h", 80)),
])
def test_parse__as_it_is_sent(text: str, url: str, origin: tuple[str, str, int]) -> None:
    address = addresses.parse(text)
    assert (address.url, address.origin) == (url, origin)
    assert addresses.parse(address.url) == address


@pytest.mark.parametrize(("text", "kind", "fix"), [
    ("http://h\\x/", BadAddress, "%5C"), ("http://h/a b", BadAddress, "%20"), ("http://h/\x01", BadAddress, "Remove"),
    ("http://u@h/", BadAddress, "before the @"), ("s3://b/k", OtherScheme, "https"), ("/data/a", OtherScheme, "https"),
    ("http://[::1", Garbled, "Correct"), ("http://h:x/", Garbled, "Correct"), ("", OtherScheme, "https"),
])
def test_parse__what_is_wrong_and_what_to_do(text: str, kind: type[BadAddress], fix: str) -> None:
    with pytest.raises(BadAddress) as caught:
        addresses.parse(text)
    assert type(caught.value) is kind
    assert fix in caught.value.fix


@pytest.mark.parametrize("text", ["http://h/" + "a" * 20_000_000, "http://" + "é." * 1_000_000, "/" + "../" * 3_000_000,
                                  "http://h/?" + "%2e" * 3_000_000, "data:image/png;base64," + "A" * 20_000_000],
                         ids=["path", "host", "steps", "query", "data"])
def test_an_address_of_megabytes_is_refused_before_it_is_read(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "urljoin", None)
    monkeypatch.setattr(addresses.requests, "PreparedRequest", None)
    with pytest.raises(BadAddress, match=r"8,000|but data"):
        addresses.join("http://h/", text)
    with pytest.raises(BadAddress):
        addresses.parse(text)


def test_shown__as_people_write_it() -> None:
    assert addresses.shown(("http", "h", 80)) == "http://h"
    assert addresses.shown(("https", "::1", 8443)) == "https://[::1]:8443"


def test_webhooks__the_same_place_whatever_the_spelling_and_no_other() -> None:
    ours = "http://argus:80/webhooks/label-studio"
    assert addresses.same(ours, "HTTP://Argus/webhooks/label-studio/")
    assert addresses.below("http://argus", ours)
    for other in ("http://evil\\@argus/webhooks/label-studio", "http://argus@evil/webhooks/label-studio",
                  "https://argus/webhooks/label-studio", "http://argus.evil/webhooks/label-studio", "/webhooks", ""):
        assert not addresses.same(ours, other)
        assert not addresses.below("http://argus", other)
    assert not addresses.below("http://argus/a", "http://argus/ab")
