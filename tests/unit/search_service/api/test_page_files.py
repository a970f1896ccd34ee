"""The page's files are kept by browsers for good, under an address that changes with them."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from search_service.api.app import create_app
from search_service.api.page_files import KEPT, WEB, PageFiles


@pytest.fixture
def client() -> FlaskClient:
    return create_app().test_client()


def addresses(document: str) -> list[str]:
    return re.findall(r'(?:src|href)="(/web/[^"]+)"', document)


def test_every_file_that_the_page_names_is_kept_and_the_page_itself_is_not(client: FlaskClient) -> None:
    answer = client.get("/")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert client.get("/", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    named = addresses(answer.text)
    assert len({address.split("/")[2] for address in named}) == 1
    for address in named:
        file = client.get(address)
        assert (file.status_code, file.headers["Cache-Control"]) == (200, KEPT), address
        assert file.headers["Content-Security-Policy"] == answer.headers["Content-Security-Policy"]
        assert file.headers["X-Content-Type-Options"] == "nosniff"


def test_another_version_s_digest_gets_the_present_file_and_nobody_keeps_it(client: FlaskClient) -> None:
    present = client.get("/web/js/app.js")
    other = client.get(f"/web/{'0' * 16}/js/app.js")
    assert (other.data, other.headers["Cache-Control"]) == (present.data, "no-cache")


def test_a_file_that_is_not_there_is_not_kept(client: FlaskClient) -> None:
    digest = addresses(client.get("/").text)[0].split("/")[2]
    answer = client.get(f"/web/{digest}/js/gone.js")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")


def test_modules_are_announced_and_every_one_of_them_is_imported() -> None:
    """A module that the page did not import would be fetched for nothing."""
    announced = set(re.findall(r'rel="modulepreload" href="/web/\w+/([^"]+)"', PageFiles().document()))
    reached, rest = set(), [WEB / "js/app.js"]
    while rest:
        module = rest.pop()
        if module not in reached:
            reached.add(module)
            rest += [(module.parent / name).resolve()
                     for name in re.findall(r'''(?:from|import)\s+["'](\.[^"']+)["']''', module.read_text("utf-8"))]
    assert announced == {module.relative_to(WEB).as_posix() for module in reached}


def test_a_changed_file_changes_the_address(tmp_path: Path) -> None:
    for name, content in (("index.html", '<script src="/web/js/a.js"></script></head>'), ("js/a.js", "1")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    files = PageFiles(tmp_path)
    first = addresses(files.document())[0].split("/")[2]
    assert files.holds(first, "js/a.js")
    (tmp_path / "js/a.js").write_text("22")
    assert not files.holds(first, "js/a.js")  # what stands there now is not what the digest was made from
    second = addresses(files.document())[0].split("/")[2]
    assert second != first
    assert files.holds(second, "js/a.js")
    assert not files.holds(first, "js/a.js")
    assert addresses(PageFiles(tmp_path).document())[0].split("/")[2] == second  # another process says the same


def test_a_file_is_no_line_of_the_log(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    client.get(addresses(client.get("/").text)[0])
    client.get("/web/js/gone.js")
    assert [record.path for record in caplog.records if record.message == "request"] == ["/", "/web/js/gone.js"]  # type: ignore[attr-defined]
