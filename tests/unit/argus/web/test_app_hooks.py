"""What both web processes do before a request reaches its route."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

import ml_backend.protocol.app
import search_service.api.app
import search_service.api.routes.hooks
from argus.settings import Settings, get_settings


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    yield monkeypatch
    monkeypatch.undo()
    get_settings.cache_clear()


def test_who_guesses_is_told_to_wait_and_who_knows_the_token_never_is(env: pytest.MonkeyPatch) -> None:
    env.setenv("ARGUS_API_TOKEN", "right")
    get_settings.cache_clear()
    client = search_service.api.app.create_app().test_client()
    guess, right = {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer right"}
    for _ in range(20):
        assert client.get("/api/v1/projects", headers=guess).status_code == 401
    late = client.get("/metrics", headers=guess)
    assert (late.status_code, late.get_json(force=True)["code"]) == (429, "too_many_requests")
    assert 0 < int(late.headers["Retry-After"]) <= 60 and "X-Request-ID" in late.headers
    assert client.get("/metrics", headers=right).status_code == 200  # of the same address
    assert client.get("/metrics", headers=guess, environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code == 401


def test_each_kind_of_secret_has_its_own_count(env: pytest.MonkeyPatch) -> None:
    env.setenv("ARGUS_API_TOKEN", "right")
    env.setenv("ARGUS_WEBHOOK_SECRET", "hush")
    # What the doctor reads in Redis.
    env.setattr(search_service.api.routes.hooks.webhook_probe, "refused", lambda: None)
    get_settings.cache_clear()
    client = search_service.api.app.create_app().test_client()
    for _ in range(30):
        client.get("/api/v1/projects", headers={"Authorization": "Bearer wrong"})
    hook = [client.post("/webhooks/label-studio", json={}, headers={"X-Argus-Secret": "wrong"}).status_code
            for _ in range(25)]
    assert hook == [401] * 20 + [429] * 5
    right = client.post("/webhooks/label-studio", json={"action": "else"}, headers={"X-Argus-Secret": "hush"})
    assert right.status_code == 202


def test_guessing_the_password_of_the_ml_backend(env: pytest.MonkeyPatch) -> None:
    settings = Settings(_env_file=None, basic_auth_user="argus", basic_auth_password="right")
    client = ml_backend.protocol.app.create_app(settings).test_client()
    answers = [client.get("/health", auth=("argus", f"guess {i}")).status_code for i in range(25)]
    assert answers == [401] * 20 + [429] * 5
    assert client.get("/health", auth=("argus", "right")).status_code == 200


def test_who_has_no_token_uses_up_nobodys_requests(env: pytest.MonkeyPatch) -> None:
    env.setenv("ARGUS_RATE_LIMIT", "3/minute")
    env.setenv("ARGUS_API_TOKEN", "right")
    get_settings.cache_clear()
    client = search_service.api.app.create_app().test_client()
    for _ in range(10):
        client.get("/api/v1/no-such-thing", headers={"Authorization": "Bearer wrong"})
    answers = [client.get("/api/v1/no-such-thing", headers={"Authorization": "Bearer right"}).status_code
               for _ in range(5)]
    assert answers == [404, 404, 404, 429, 429]


def test_an_address_has_its_share_of_requests(env: pytest.MonkeyPatch) -> None:
    env.setenv("ARGUS_RATE_LIMIT", "3/minute")
    get_settings.cache_clear()
    client = search_service.api.app.create_app().test_client()
    answers = [client.get("/api/v1/openapi.json").status_code for _ in range(5)]
    assert answers == [200, 200, 200, 429, 429]
    assert client.get("/health").status_code == 200


def test_a_request_that_is_too_large_is_refused_before_it_is_read(env: pytest.MonkeyPatch) -> None:
    client = search_service.api.app.create_app().test_client()
    answer = client.post("/api/v1/projects/1/search/image", data=b"x" * (33 * 2**20), content_type="image/png")
    assert answer.status_code == 413
    assert answer.get_json(force=True)["code"] == "bad_request"


REBOUND = {"Host": "evil.example:8000", "Origin": "http://evil.example:8000"}  # whose name now is our address


@pytest.mark.parametrize(("make", "path"), [(lambda: ml_backend.protocol.app.create_app(get_settings()), "/setup"),
                                            (search_service.api.app.create_app, "/api/v1/runs/1/cancel"),
                                            (search_service.api.app.create_app, "/webhooks/label-studio")])
def test_other_sites_pages_cannot_act(make: Callable[[], Flask], path: str) -> None:
    client = make().test_client()
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, REBOUND):
        answer = client.post(path, json={"project": "1.2", "schema": "<View/>"}, headers=headers)
        assert (answer.status_code, answer.get_json(force=True)["code"]) == (403, "forbidden")
    for _ in range(30):  # and they lock nobody out
        assert client.get("/health", headers={"Host": REBOUND["Host"]}).status_code == 403
    assert client.get("/health").status_code == 200
    assert client.get("/livez", headers=REBOUND).status_code == 200


@pytest.mark.parametrize(("make", "closed", "linked"), [
    (lambda: ml_backend.protocol.app.create_app(get_settings()), "/versions", "/health"),
    (search_service.api.app.create_app, "/api/v1/openapi.json", "/")])
def test_other_sites_may_link_to_the_page_only(make: Callable[[], Flask], closed: str, linked: str) -> None:
    client = make().test_client()
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    refused = client.get(closed, headers=elsewhere)
    assert (refused.status_code, refused.get_json(force=True)["code"]) == (403, "forbidden")
    assert "new tab" in refused.get_json(force=True)["hint"]
    assert client.get(closed, headers={"Sec-Fetch-Site": "none"}).status_code == 200
    assert client.get(linked, headers=elsewhere).status_code == 200


def test_the_ml_backend_reads_json_that_is_sent_as_json() -> None:
    """A form or plain text may be posted by any site's page, and by old browsers without an origin."""
    client = ml_backend.protocol.app.create_app(get_settings()).test_client()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = client.post("/setup", data=b'{"project": "1.2", "schema": "<View/>"}', content_type=kind)
        assert (answer.status_code, answer.get_json(force=True)["code"]) == (400, "bad_request")
