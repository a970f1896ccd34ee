"""What both web processes do before a request reaches its route."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import ml_backend.app
import search_service.app
from argus.settings import Settings, get_settings


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    yield monkeypatch
    monkeypatch.undo()
    get_settings.cache_clear()


def test_guessing_a_token_is_slowed_down_for_that_address_only(env: pytest.MonkeyPatch) -> None:
    env.setenv("ARGUS_API_TOKEN", "right")
    get_settings.cache_clear()
    client = search_service.app.create_app().test_client()
    for _ in range(20):
        assert client.get("/api/v1/projects", headers={"Authorization": "Bearer wrong"}).status_code == 401
    late = client.get("/metrics", headers={"Authorization": "Bearer right"})
    assert (late.status_code, late.get_json(force=True)["code"]) == (429, "too_many_requests")
    assert 0 < int(late.headers["Retry-After"]) <= 60
    assert client.get("/livez").status_code == 200
    other = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get("/metrics", headers={"Authorization": "Bearer right"}, environ_base=other).status_code == 200


def test_guessing_the_password_of_the_ml_backend_is_slowed_down() -> None:
    settings = Settings(_env_file=None, basic_auth_user="argus", basic_auth_password="right")
    client = ml_backend.app.create_app(settings).test_client()
    answers = [client.get("/health", auth=("argus", f"guess {i}")).status_code for i in range(25)]
    assert answers == [401] * 20 + [429] * 5


def test_an_address_has_its_share_of_requests(env: pytest.MonkeyPatch) -> None:
    env.setenv("ARGUS_RATE_LIMIT", "3/minute")
    get_settings.cache_clear()
    client = search_service.app.create_app().test_client()
    answers = [client.get("/api/v1/openapi.json").status_code for _ in range(5)]
    assert answers == [200, 200, 200, 429, 429]
    assert client.get("/health").status_code == 200


def test_a_request_that_is_too_large_is_refused_before_it_is_read(env: pytest.MonkeyPatch) -> None:
    client = search_service.app.create_app().test_client()
    answer = client.post("/api/v1/projects/1/search/image", data=b"x" * (33 * 2**20), content_type="image/png")
    assert answer.status_code == 413
    assert answer.get_json(force=True)["code"] == "bad_request"
