"""The help pages over HTTP, as far as the service goes: where they are, what they may do, and when there are none."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from search_service.api import csp
from search_service.api.app import create_app
from search_service.api.routes import help as help_route


@pytest.fixture
def client() -> FlaskClient:
    return create_app().test_client()


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(help_route, "PAGES", tmp_path / "help")
    (tmp_path / "secret.txt").write_text("not a page")
    (tmp_path / "help" / "_static").mkdir(parents=True)
    (tmp_path / "help" / "index.html").write_text("<h1>Help</h1>")
    (tmp_path / "help" / "_static" / "look.css").write_text("h1 {}")
    return tmp_path / "help"


def test_help__has_pages_and_their_files_under_one_address(client: FlaskClient, pages: Path) -> None:
    assert client.get("/help").headers["Location"] == "/help/"
    page = client.get("/help/")
    assert (page.status_code, page.get_data(as_text=True)) == (200, "<h1>Help</h1>")
    assert client.get("/help/index.html").get_data() == page.get_data()
    assert client.get("/help/_static/look.css").mimetype == "text/css"


def test_help__may_do_no_more_than_the_page_but_send_its_search_form(client: FlaskClient, pages: Path) -> None:
    policy = client.get("/help/").headers["Content-Security-Policy"]
    assert policy == csp.HELP and "unsafe" not in policy
    assert set(policy.split("; ")) ^ set(csp.PAGE.split("; ")) == {"form-action 'none'", "form-action 'self'"}
    assert client.get("/health").headers["Content-Security-Policy"] == csp.PAGE


@pytest.mark.parametrize("name", ["nothing.html", "../secret.txt", "%2e%2e/secret.txt", "_static/../../secret.txt"])
def test_help__serves_nothing_else(client: FlaskClient, pages: Path, name: str) -> None:
    answer = client.get(f"/help/{name}")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_help__that_was_not_built_says_how(client: FlaskClient, tmp_path: Path,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(help_route, "PAGES", tmp_path / "none")
    answer = client.get("/help/")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found") and "make docs" in answer.json["hint"]
