"""What a caller reaches with their own Label Studio token: on every route, with two users of a real Label Studio."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from flask import Flask
from psycopg.types.json import Jsonb
from werkzeug.routing import Rule

from argus.answers.export import Export
from argus.answers.review import Accepted
from argus.client import Argus
from argus.db import connect as database
from argus.errors import ArgusError
from argus.labelstudio.users import log_in
from argus.settings import get_settings
from argus_cli.stack.access_token import _create
from argus_cli.stack.label_studio import LabelStudio as Service
from search_service.api import access
from search_service.api.app import create_app
from search_service.api.caller import HEADER
from search_service.api.requests import API
from search_service.export import jobs
from search_service.review import service as review_service

pytestmark = pytest.mark.integration
PASSWORD = "two-users-2"
# Label Studio's open edition puts everybody who signs up into one organisation; its own models know how to make two.
MAKE_USERS = """
import os, sys
from importlib.util import find_spec
folder = find_spec("label_studio").submodule_search_locations[0]
sys.path.insert(0, folder)
os.environ["DJANGO_SETTINGS_MODULE"] = "core.settings.label_studio"
import django
django.setup()
from organizations.models import Organization
from users.models import User
for email, elsewhere in (("colleague@example.com", False), ("stranger@example.com", True)):
    person = User.objects.create_user(email=email, password=sys.argv[1])
    if elsewhere:
        theirs = Organization.create_organization(created_by=person, title="Elsewhere")
    else:
        theirs = Organization.objects.order_by("id").first()
        theirs.add_user(person)
    person.active_organization = theirs
    person.save()
"""


# What is not for everybody who can open a project. The acceptance and the run here are nobody's in particular.
MANAGED = {
    ("PUT", "/projects/{project_id}/recipe"), ("PUT", "/projects/{project_id}/engine"),
    ("POST", "/projects/{project_id}/teaching/use"), ("POST", "/projects/{project_id}/teaching/off"),
    ("POST", "/projects/{project_id}/references"), ("DELETE", "/projects/{project_id}/references/{reference_id}"),
    ("PUT", "/projects/{project_id}/review/bands"), ("PUT", "/projects/{project_id}/trust/arm"),
    ("PUT", "/projects/{project_id}/video-files/rule"),
    ("POST", "/projects/{project_id}/review/additions"), ("PUT", "/projects/{project_id}/review/check-first/kinds"),
    ("POST", "/edits/{edit_id}/undo"), ("POST", "/label-imports/{import_id}/undo"),
    ("POST", "/projects/{project_id}/label-imports"),
    ("POST", "/projects/{project_id}/label-imports/jobs/{label_job_id}/start"),
    ("DELETE", "/projects/{project_id}/label-imports/jobs/{label_job_id}"),
    ("DELETE", "/projects/{project_id}/evaluations/{evaluation_id}"),
    ("POST", "/trust/samples/{sample_id}/accept"), ("POST", "/projects/{project_id}/splits/lock"),
    ("POST", "/projects/{project_id}/versions/{version}/lock"), ("DELETE", "/projects/{project_id}/versions/{version}"),
    ("POST", "/projects/{project_id}/splits/unlock"), ("POST", "/projects/{project_id}/splits/reset"),
    ("POST", "/projects/{project_id}/exports"), ("DELETE", "/exports/{export_id}"),
    ("GET", "/exports/{export_id}/file"), ("POST", "/projects/{project_id}/disconnect"),
    ("POST", "/runs/{run_id}/cancel"), ("POST", "/runs/{run_id}/resume"), ("POST", "/runs/{run_id}/retry"),
    ("POST", "/acceptances/{acceptance_id}/undo"), ("PATCH", "/projects/{project_id}/saved-searches/{saved_id}"),
    ("DELETE", "/projects/{project_id}/saved-searches/{saved_id}")}


@dataclass(frozen=True)
class Tokens:
    """Personal access tokens: of a colleague who sees our projects, and of a stranger who does not."""

    colleague: str
    stranger: str


@pytest.fixture(scope="module")
def tokens(servers: Any) -> Tokens:
    service = Service(servers.settings)
    done = subprocess.run([str(service.python), "-c", MAKE_USERS, PASSWORD], env=service.environment(),
                          capture_output=True, text=True, timeout=120, cwd=service.data)
    assert done.returncode == 0, done.stderr[-3000:]

    def token(email: str) -> str:
        answer = _create(log_in(service.url, email, PASSWORD), service.url)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    return Tokens(token("colleague@example.com"), token("stranger@example.com"))


@pytest.fixture(scope="module")
def things(servers: Any) -> Iterator[dict[str, int]]:
    """A project and one of everything in it, by the name of the route's variable."""
    from argus.labelstudio import get_label_studio

    ls = get_label_studio()
    number = ls.post("/api/projects/", {"title": "Ours alone"})["id"]
    # A task that Label Studio has, too: a worker that other tests have started would forget any other.
    ls.post(f"/api/projects/{number}/import", [{"image": "/data/upload/1/none.jpg"}])
    (task,) = (task["id"] for task in ls.tasks(number))
    with database() as connection:
        connection.execute("INSERT INTO project (id, title, connected_at) VALUES (%s, 'Ours alone', now())", (number,))
        connection.execute("INSERT INTO task (id, project_id, image, state, error) VALUES (%s, %s, "
                           "'/data/upload/1/none.jpg', 'failed', %s) ON CONFLICT (id) DO UPDATE SET state = 'failed', "
                           "error = excluded.error", (task, number, Jsonb({"code": "bad_image", "message": "Secret."})))
        run = connection.execute("INSERT INTO run (project_id, labels, model_version, state) VALUES "
                                 "(%s, '{cpu}', 'x', 'done') RETURNING id", (number,)).fetchone()
        acceptance = connection.execute("INSERT INTO acceptance (project_id, model_version) VALUES (%s, 'x') "
                                        "RETURNING id", (number,)).fetchone()
        sample = connection.execute(
            "INSERT INTO sample (project_id, model_version, edges, target, confidence, digest, seed, objects, tasks) "
            "VALUES (%s, 'x', '{0.9}', 0.95, 0.95, 'd', 's', 0, 0) RETURNING id", (number,)).fetchone()
        assert run and acceptance and sample
        certificate = connection.execute(
            "INSERT INTO certificate (project_id, sample_id, edge, acceptances, body, digest) VALUES "
            "(%s, %s, 0.9, %s, '{}', 'd') RETURNING id", (number, sample["id"], [acceptance["id"]])).fetchone()
    assert certificate
    export = jobs._new_folder()
    jobs._write(Export(id=export, project=number, format="coco", state="failed", created_at=datetime.now(UTC)))
    with database() as connection:
        saved = connection.execute("INSERT INTO saved_search (project_id, name, ask) VALUES (%s, 'Fans', '{}') "
                                   "RETURNING id", (number,)).fetchone()
        edit = connection.execute("INSERT INTO edit (project_id, task_id, model_version) VALUES (%s, %s, 'x') "
                                  "RETURNING id", (number, task)).fetchone()
        labels = connection.execute("INSERT INTO label_import (project_id, taken, name, fingerprint) VALUES "
                                    "(%s, 'annotations', 'a.json', 'f') RETURNING id", (number,)).fetchone()
        judged = connection.execute("INSERT INTO evaluation_job (project_id, asked, state) VALUES (%s, '{}', 'done') "
                                    "RETURNING id", (number,)).fetchone()
    assert saved and edit and labels and judged
    yield {"project_id": number, "task_id": task, "run_id": run["id"], "acceptance_id": acceptance["id"],
           "sample_id": sample["id"], "certificate_id": certificate["id"], "export_id": export, "view_id": 1,
           "search_id": 1, "saved_id": saved["id"], "edit_id": edit["id"], "import_id": labels["id"], "label_job_id": 1,
           "evaluation_id": judged["id"],
           "version": 1, "reference_id": 1, "upload_id": 10**31}
    jobs.remove(export)
    ls.delete(f"/api/projects/{number}/")
    with database() as connection:
        connection.execute("DELETE FROM project WHERE id = %s", (number,))


@pytest.fixture
def app(servers: Any) -> Flask:
    return create_app()


def routes(app: Flask) -> list[tuple[str, Rule]]:
    """Every operation of the REST API whose path names something."""
    found = [(method, rule) for rule in app.url_map.iter_rules() for method in sorted(rule.methods or ())
             if rule.arguments and rule.rule.startswith(API) and method not in ("HEAD", "OPTIONS")]
    assert len(found) > 50
    return found


def path_of(rule: Rule, things: dict[str, int]) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(things[match[1]]), rule.rule)


def test_a_strangers_token_opens_no_route(app: Flask, things: dict[str, int], tokens: Tokens) -> None:
    client = app.test_client()
    for method, rule in routes(app):
        path = path_of(rule, things)
        answer = client.open(path, method=method, headers={HEADER: tokens.stranger}, json={})
        problem = answer.get_json(force=True)
        assert answer.status_code == 404, (method, path, problem)
        assert "the owner of your" in problem["detail"], (method, path, problem)
    with database() as connection:  # nothing was done meanwhile
        assert connection.execute("SELECT FROM run WHERE id = %s", (things["run_id"],)).fetchone() is not None


def test_a_colleagues_token_opens_every_route_but_those_of_who_manages(app: Flask, things: dict[str, int],
                                                                       tokens: Tokens) -> None:
    closed = set()
    for method, rule in routes(app):
        with app.test_request_context(path_of(rule, things), method=method, headers={HEADER: tokens.colleague}):
            try:  # what stands before the route itself
                assert app.preprocess_request() is None
            except ArgusError as error:
                assert (error.code, "ARGUS_ADMINS" in error.hint) == ("forbidden", True), rule
                closed.add((method, rule.rule.removeprefix(API)))
    assert closed == {(method, path.replace("{", "<int:").replace("}", ">")) for method, path in MANAGED}
    client = app.test_client()
    answer = client.get(f"{API}/projects/{things['project_id']}", headers={HEADER: tokens.colleague})
    assert (answer.status_code, answer.json["title"]) == (200, "Ours alone")
    answer = client.get(f"{API}/runs/{things['run_id']}", headers={HEADER: tokens.colleague})
    assert (answer.status_code, answer.json["project"]) == (200, things["project_id"])


def test_lists_hold_what_the_caller_sees(app: Flask, things: dict[str, int], tokens: Tokens) -> None:
    client, ours = app.test_client(), things["project_id"]

    def seen(path: str, token: str | None) -> str:
        answer = client.get(f"{API}{path}", headers={HEADER: token} if token else {})
        assert answer.status_code == 200, answer.text
        return str(answer.get_data(as_text=True))

    for path in ("/projects", "/label-studio/projects", "/status"):
        assert "Ours alone" in seen(path, None)
        assert "Ours alone" in seen(path, tokens.colleague)
        assert "Ours alone" not in seen(path, tokens.stranger)
    assert "Secret." in seen("/status", tokens.colleague)
    assert "Secret." not in seen("/status", tokens.stranger)
    assert f"project {ours}" in seen("/doctor", tokens.colleague)
    assert f"project {ours}" not in seen("/doctor", tokens.stranger)


def test_numbers_in_bodies_and_queries_are_checked_too(app: Flask, things: dict[str, int], tokens: Tokens) -> None:
    client, ours = app.test_client(), things["project_id"]
    header = {HEADER: tokens.stranger}
    for answer in (client.get(f"{API}/doctor?project={ours}", headers=header),
                   client.post(f"{API}/label-studio/connect", json={"project": ours, "dry_run": True}, headers=header),
                   # A token that is lent for the annotations' sake counts as well.
                   client.post(f"{API}/projects/{ours}/review/accept", json={"token": tokens.stranger}),
                   client.post(f"{API}/projects/{ours}/review/additions", json={"token": tokens.stranger})):
        assert (answer.status_code, answer.get_json(force=True)["code"]) == (404, "unknown_project")


def test_who_owns_another_organisation_is_no_administrator_of_ours(app: Flask, things: dict[str, int],
                                                                   tokens: Tokens) -> None:
    client, header = app.test_client(), {HEADER: tokens.stranger}
    assert access.caller_of(tokens.stranger).person.owns_organization
    for answer in (client.get(f"{API}/audit", headers=header),
                   client.post(f"{API}/label-studio/connect", json={"title": "Theirs", "labels": ["cpu"]},
                               headers=header)):
        assert (answer.status_code, answer.get_json(force=True)["code"]) == (403, "forbidden")
    answer = client.get(f"{API}/audit?project={things['project_id']}", headers=header)
    assert (answer.status_code, answer.get_json(force=True)["code"]) == (404, "unknown_project")
    assert access.caller_of(tokens.stranger).visible() == set()


def test_who_is_named_is_the_owner_of_the_token_lent_else_of_the_callers_own(
        app: Flask, things: dict[str, int], tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[str] = []
    service = get_settings().access_token  # stands for a third person's

    def note(project_id: int, *, token: str, **_options: Any) -> Accepted:
        named.append(token)
        return Accepted(acceptance=None, accepted_tasks=0, accepted_objects=0, skipped=0, reasons={})

    client, base = app.test_client(), f"{API}/projects/{things['project_id']}/review"
    monkeypatch.setenv("ARGUS_ADMINS", "colleague@example.com")
    get_settings.cache_clear()
    for action, path in (("accept", f"{base}/accept"), ("add_labels", f"{base}/additions")):
        monkeypatch.setattr(review_service, action, note)
        for header, lent in (({HEADER: tokens.colleague}, ""), ({HEADER: f" {tokens.colleague} "}, service),
                             ({}, tokens.colleague), ({}, "")):
            assert client.post(path, json={"token": lent}, headers=header).status_code == 200
    assert named == 2 * [tokens.colleague, service, tokens.colleague, ""]
    monkeypatch.delenv("ARGUS_ADMINS")
    get_settings.cache_clear()
    for path in (f"{base}/accept", f"{base}/additions"):  # who lends a token does what its owner may
        assert client.post(path, json={"token": tokens.colleague}).status_code == 403
    assert len(named) == 8


def test_no_token_and_bad_ones(app: Flask, things: dict[str, int], tokens: Tokens) -> None:
    client, path = app.test_client(), f"{API}/projects/{things['project_id']}"
    assert client.get(path).status_code == 200  # with the service's own rights, as ever
    for bad in ("", "nonsense", tokens.colleague[:-4] + "AAAA"):
        answer = client.get(path, headers={HEADER: bad})
        assert (answer.status_code, answer.get_json(force=True)["code"]) == (400, "bad_request")
        assert not bad or bad not in answer.text


def test_the_answer_is_asked_again_after_a_while(app: Flask, things: dict[str, int], tokens: Tokens,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = access.Caller._asked
    monkeypatch.setattr(access.Caller, "_asked", lambda self, id_: asked.append(id_) or real(self, id_))
    monkeypatch.setattr(access, "_callers", access.Expiring(access.KNOWN_SECONDS))
    client, path = app.test_client(), f"{API}/projects/{things['project_id']}"
    for _ in range(3):
        assert client.get(path, headers={HEADER: tokens.stranger}).status_code == 404
    assert asked == [things["project_id"]]
    monkeypatch.setattr("argus.ttl_cache.time.monotonic", lambda: __import__("time").perf_counter() + 1e9)
    assert client.get(path, headers={HEADER: tokens.stranger}).status_code == 404
    assert len(asked) == 2


def test_the_client_carries_the_token(things: dict[str, int], tokens: Tokens, stack: Any) -> None:
    settings = get_settings()
    theirs, ours = (Argus(settings.search_service_url, settings.api_token.get_secret_value(), label_studio_token=token)
                    for token in (tokens.stranger, tokens.colleague))
    assert ours.project(things["project_id"]).title == "Ours alone"
    with pytest.raises(ArgusError) as failure:
        theirs.project(things["project_id"])
    assert failure.value.code == "unknown_project"
    assert things["project_id"] not in [project.id for project in theirs.projects()]
    assert requests.get(f"{settings.search_service_url}/health", headers={HEADER: "x"}, timeout=10).status_code == 200
