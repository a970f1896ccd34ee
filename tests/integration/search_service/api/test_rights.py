"""Who may do what, and what stays of it in the audit table: three people of a real Label Studio, and proxies before
the service."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
import pytest
import requests
from click.testing import CliRunner
from flask import Flask
from psycopg.types.json import Jsonb
from werkzeug.serving import make_server

from argus import audit
from argus.answers.export import Export
from argus.answers.service import AuditEntry
from argus.client import Argus
from argus.db import connect as database
from argus.errors import ArgusError
from argus.labelstudio import LabelStudio
from argus.labelstudio.users import identify, service_account
from argus.settings import get_settings
from argus_cli.main import main as argus
from search_service.api import access
from search_service.api.app import create_app
from search_service.api.caller import HEADER
from search_service.api.requests import API
from search_service.export import jobs
from search_service.search import evaluation, history
from search_service.search.query import SearchQuery
from tests.people import sign_up

pytestmark = pytest.mark.integration


@dataclass(frozen=True)
class Person:
    """Somebody with an account, and a token of theirs."""

    token: str
    email: str
    id: int
    ls: LabelStudio


def join(ls: LabelStudio, name: str) -> Person:
    theirs = sign_up(ls, f"{name}@rights.example")
    who = identify(theirs)
    return Person(theirs._token, who.email, who.id, theirs)


@pytest.fixture(scope="module")
def people(servers: Any) -> dict[str, Person]:
    """Ada makes the project, Bob and Cyd work in it; the service's account owns the organisation."""
    from argus.labelstudio import get_label_studio

    return {name: join(get_label_studio(), name) for name in ("ada", "bob", "cyd")}


@pytest.fixture(scope="module")
def project(people: dict[str, Person]) -> Iterator[int]:
    """Ada's project, connected, with a task."""
    ls = people["ada"].ls
    number = ls.post("/api/projects/", {"title": "Ada's"})["id"]
    ls.post(f"/api/projects/{number}/import", [{"image": "/data/upload/1/none.jpg"}])
    (task,) = (task["id"] for task in ls.tasks(number))
    with database() as connection:
        connection.execute("INSERT INTO project (id, title, connected_at) VALUES (%s, 'Ada''s', now())", (number,))
        connection.execute("INSERT INTO task (id, project_id, image, state, error) VALUES (%s, %s, "
                           "'/data/upload/1/none.jpg', 'failed', %s) ON CONFLICT (id) DO NOTHING",
                           (task, number, Jsonb({"code": "bad_image", "message": "None."})))
    yield number
    ls.delete(f"/api/projects/{number}/")
    with database() as connection:
        connection.execute("DELETE FROM project WHERE id = %s", (number,))


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    def change(name: str, value: str) -> None:
        monkeypatch.setenv(name, value)
        get_settings.cache_clear()

    yield change
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture
def app(servers: Any) -> Flask:
    return create_app()


@pytest.fixture
def ask(app: Flask, people: dict[str, Person]) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Return `ask(name or "", method, path, json)`: status and answer of a request by a person, or by the service."""
    client = app.test_client()

    def ask(name: str, method: str, path: str, json: Any = None) -> tuple[int, dict[str, Any]]:
        headers = {HEADER: people[name].token} if name else {}
        answer = client.open(f"{API}{path}", method=method, json=json, headers=headers)
        return answer.status_code, answer.get_json(force=True, silent=True) or {}

    return ask


def rows(project: int) -> list[AuditEntry]:
    return audit.listing(project=project, limit=500).entries


def newest(project: int) -> tuple[Any, ...]:
    row = rows(project)[0]
    return row.who, row.verified, row.address, row.action, row.object, row.outcome


def owned(project: int, table: str, person: int | None) -> int:
    """Make one that is somebody's; a run that is over, whose tasks no worker takes."""
    values = {"run": "(project_id, labels, model_version, state, person_id) VALUES (%s, '{cpu}', 'x', 'done', %s)",
              "acceptance": "(project_id, model_version, person_id) VALUES (%s, 'x', %s)",
              "saved_search": "(project_id, name, ask, person_id) VALUES (%s, gen_random_uuid()::text, '{}', %s)"}
    with database() as connection:
        row = connection.execute(f"INSERT INTO {table} {values[table]} RETURNING id".encode(),
                                 (project, person)).fetchone()
    assert row
    return int(row["id"])


def test_roles_are_those_that_label_studio_tells(people: dict[str, Person], project: int) -> None:
    ada, bob = (access.caller_of(people[name].token) for name in ("ada", "bob"))
    owner = access.caller_of(get_settings().access_token)
    assert [one.manages(project) for one in (ada, bob, owner)] == [True, False, True]
    assert [one.is_admin() for one in (ada, bob, owner)] == [False, False, True]
    assert service_account().owns_organization
    assert not identify(people["ada"].ls).owns_organization
    # The open-source edition says the same of everybody, which is why roles do not come from there.
    mine, theirs = (ls.get("/api/current-user/whoami")["permissions"] for ls in (people["bob"].ls, owner.person.ls))
    assert mine == theirs


@pytest.mark.parametrize(("method", "path", "body"), [
    ("PUT", "/recipe", {"concepts": [{"label": "cpu", "threshold": 0.5}]}),
    ("PUT", "/review/bands", {"high": 0.9, "medium": 0.5}),
    ("POST", "/review/accept", {"min_score": 0.9}), ("POST", "/review/accept", {"nothing_found": True}),
    ("POST", "/review/accept", {"task_ids": list(range(1, 202))}), ("POST", "/review/additions", {}),
    ("POST", "/exports", {}), ("POST", "/disconnect", {})])
def test_what_is_for_who_manages_is_refused_to_others(ask: Any, people: dict[str, Person], project: int, method: str,
                                                      path: str, body: Any) -> None:
    status, problem = ask("bob", method, f"/projects/{project}{path}", body)
    assert (status, problem["code"]) == (403, "forbidden")
    assert "ARGUS_ADMINS" in problem["hint"]
    assert newest(project)[0::5] == (people["bob"].email, "forbidden")
    for name in ("ada", ""):  # what is wrong with it now is something else: nothing of this project was ever detected
        status, problem = ask(name, method, f"/projects/{project}{path}", None)
        assert problem.get("code") != "forbidden", (name, problem)


def test_connecting(ask: Any, people: dict[str, Person], project: int, stack: Any) -> None:
    path = "/label-studio/connect"
    assert ask("bob", "POST", path, {"project": project})[0] == 403
    assert ask("bob", "POST", path, {"project": project, "dry_run": True})[0] == 403
    assert ask("ada", "POST", path, {"project": project, "dry_run": True})[1]["code"] == "bad_request"  # no labels
    status, made = ask("bob", "POST", path, {"title": "Bob's", "labels": ["cpu"]})
    assert status == 200, made
    number = made["project_id"]
    assert people["bob"].ls.project(number)["created_by"]["id"] == people["bob"].id
    assert newest(number)[0::3] == (people["bob"].email, "project.connect")
    assert ask("cyd", "POST", f"/projects/{number}/disconnect")[0] == 403
    assert ask("bob", "POST", f"/projects/{number}/disconnect")[0] == 200
    people["bob"].ls.delete(f"/api/projects/{number}/")


def test_what_somebody_made_is_changed_by_them_and_by_who_manages(ask: Any, people: dict[str, Person],
                                                                  project: int) -> None:
    for owner, name, code in (("bob", "bob", "conflict"), ("bob", "cyd", "forbidden"), ("bob", "ada", "conflict"),
                              (None, "bob", "forbidden"), (None, "ada", "conflict"), ("bob", "", "conflict")):
        run = owned(project, "run", owner and people[owner].id)
        assert ask(name, "POST", f"/runs/{run}/cancel")[1]["code"] == code, (owner, name)  # it is over already
        assert newest(project)[3:] == ("run.cancel", f"run {run}", code)
    for owner, name, forbidden in (("bob", "cyd", True), ("bob", "bob", False), ("cyd", "ada", False)):
        number = owned(project, "acceptance", people[owner].id)
        assert (ask(name, "POST", f"/acceptances/{number}/undo")[1].get("code") == "forbidden") is forbidden


def test_a_saved_search_is_its_owners(ask: Any, people: dict[str, Person], project: int) -> None:
    base = f"/projects/{project}/saved-searches"
    status, made = ask("bob", "POST", base, {"name": "Fans", "ask": {"text": "fan"}})
    assert (status, newest(project)[4]) == (201, f"saved search {made['id']}")
    assert ask("cyd", "PATCH", f"{base}/{made['id']}", {"size": 7})[0] == 403
    assert ask("cyd", "DELETE", f"{base}/{made['id']}")[0] == 403
    assert ask("cyd", "GET", f"{base}/{made['id']}")[1]["size"] == 50
    assert ask("bob", "PATCH", f"{base}/{made['id']}", {"size": 7})[1]["size"] == 7
    assert ask("ada", "DELETE", f"{base}/{made['id']}")[1]["deleted"] == made["id"]
    assert ask("bob", "DELETE", f"{base}/{made['id']}")[0] == 404


def test_history_and_judgements_are_deleted_by_those_who_made_them(ask: Any, people: dict[str, Person],
                                                                   project: int) -> None:
    (task,) = (task["id"] for task in people["ada"].ls.tasks(project))

    def fill() -> dict[str, int]:
        for name in ("bob", "cyd"):
            audit.begin(audit.Actor(people[name].email, people[name].id))
            history.record(project, SearchQuery(text=f"of {name}"), 1)
            history.record(project, SearchQuery(text="of both"), 1)
            evaluation.judge(project, f"of {name}", task, True)
        audit.begin(audit.Actor())
        return {one.query: one.id for one in history.history(project)}

    ids = fill()
    base = f"/projects/{project}/searches"
    assert ask("bob", "DELETE", f"{base}/{ids['of cyd']}")[1]["code"] == "forbidden"
    assert ask("bob", "DELETE", f"{base}/{ids['of bob']}")[1] == {"deleted": 1}
    assert ask("bob", "DELETE", f"{base}/{ids['of both']}")[1] == {"deleted": 1}
    assert {one.query for one in history.history(project)} == {"of cyd", "of both"}
    assert ask("bob", "DELETE", base)[1] == {"deleted": 0}
    assert ask("cyd", "DELETE", base)[1] == {"deleted": 2}
    assert ask("bob", "DELETE", f"/projects/{project}/judgements")[1] == {"deleted": 1}
    assert [one.query for one in evaluation.judgements(project)] == ["of cyd"]
    fill()
    assert ask("ada", "DELETE", base)[1] == {"deleted": 4}
    assert ask("", "DELETE", f"/projects/{project}/judgements")[1] == {"deleted": 2}


def test_an_export_is_downloaded_by_who_manages(ask: Any, people: dict[str, Person], project: int) -> None:
    export = jobs._new_folder()
    jobs._write(Export(id=export, project=project, format="coco", state="done", created_at=datetime.now(UTC)))
    (jobs._folder(export) / "export.zip").write_bytes(b"PK")
    try:
        assert ask("bob", "GET", f"/exports/{export}")[0] == 200
        assert ask("bob", "GET", f"/exports/{export}/file")[0] == 403
        assert ask("ada", "GET", f"/exports/{export}/file")[0] == 200
        assert newest(project)[3:] == ("export.download", f"export {export}", "done")
    finally:
        jobs.remove(export)


def test_admins_may_do_everything_where_they_see_something(ask: Any, people: dict[str, Person], project: int,
                                                           setting: Callable[[str, str], None]) -> None:
    saved = owned(project, "saved_search", None)
    assert ask("cyd", "GET", "/audit")[0] == 403
    setting("ARGUS_ADMINS", f"nobody@rights.example, {people['cyd'].email}")
    assert ask("cyd", "DELETE", f"/projects/{project}/saved-searches/{saved}")[0] == 200
    assert ask("cyd", "GET", "/audit")[0] == 200
    assert ask("cyd", "GET", "/people/me") == (200, {"id": people["cyd"].id, "email": people["cyd"].email,
                                                     "name": people["cyd"].email, "admin": True})
    assert ask("bob", "GET", "/people/me")[1]["admin"] is False


def test_names_come_from_tokens_only(ask: Any, people: dict[str, Person], project: int) -> None:
    (task,) = (task["id"] for task in people["ada"].ls.tasks(project))
    for name, who in (("bob", people["bob"].email), ("", "service")):
        ask(name, "POST", f"/projects/{project}/review/set-aside",
            {"task": task, "verdict": "fix", "decided_by": "ada@rights.example"})
        assert newest(project)[:2] == (who, bool(name))
    with database() as connection:
        assert not connection.execute("SELECT FROM set_aside WHERE decided_by = 'ada@rights.example'").fetchone()


def test_every_change_and_every_attempt_is_a_row(app: Flask, ask: Any, people: dict[str, Person],
                                                 project: int) -> None:
    before = len(rows(project))
    for path in ("", "/runs", "/searches"):
        assert ask("bob", "GET", f"/projects/{project}{path}")[0] == 200
    ask("bob", "POST", f"/projects/{project}/review/accept/plan", {})
    ask("ada", "PUT", f"/projects/{project}/recipe", {"concepts": [{"label": "x"}], "dry_run": True})
    assert len(rows(project)) == before  # questions are none
    ask("bob", "POST", f"/projects/{project}/judgements", {"query": "cpu"})
    assert newest(project) == (people["bob"].email, True, "127.0.0.1", "judgement.set", "", "bad_request")
    other = app.test_client().post(f"{API}/projects/{project}/sync", headers={"Origin": "http://elsewhere.example"})
    assert (other.status_code, newest(project)) == (403, ("", False, "127.0.0.1", "project.sync", "", "forbidden"))
    ask("ada", "DELETE", f"/projects/{project}/searches")
    assert newest(project) == (people["ada"].email, True, "127.0.0.1", "history.delete", "", "done")
    assert len(rows(project)) == before + 3


def test_attempts_by_nobody_known_are_bounded(app: Flask, project: int, setting: Callable[[str, str], None]) -> None:
    setting("ARGUS_API_TOKEN", "a-token-of-tests")
    before, client = len(rows(project)), app.test_client()
    for number in range(100):
        answer = client.post(f"{API}/projects/{project}/sync", environ_base={"REMOTE_ADDR": f"192.0.2.{number}"})
        assert answer.status_code == 401
    assert len(rows(project)) == before + 60
    assert newest(project)[::5] == ("", "unauthorized")


def test_rows_stay_as_they_are(project: int) -> None:
    audit.write(audit.Entry("run.start", project, "run 1"), audit.Actor("ada@rights.example", 7, "192.0.2.1"))
    before = rows(project)
    for statement in ("UPDATE audit SET who = 'x'", "DELETE FROM audit", "TRUNCATE audit",
                      f"DELETE FROM audit WHERE project_id = {project}",
                      "SET argus.audit_forget = 'on'; DELETE FROM audit WHERE at > now() - interval '1 day'"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), database() as connection:
            connection.execute(statement.encode())
    assert rows(project) == before


def test_old_rows_go_when_a_setting_says_so_and_none_before_thirty_days(project: int) -> None:
    with database() as connection:
        for days in (400, 40, 29):
            connection.execute("INSERT INTO audit (at, who, verified, address, action, project_id, object, outcome) "
                               "VALUES (%s, 'x', false, '', 'old', %s, '', %s)",
                               (datetime.now(UTC) - timedelta(days=days), project, str(days)))

    def left() -> list[str]:
        return [one.outcome for one in rows(project) if one.action == "old"]

    for days, kept in ((0, ["29", "40", "400"]), (365, ["29", "40"]), (1, ["29"])):
        audit.forget_old(days)
        assert left() == kept, days


def test_reading_the_table(ask: Any, people: dict[str, Person], project: int, stack: Any) -> None:
    for number in range(5):
        audit.write(audit.Entry("run.start", project, f"run {number}"), audit.Actor("eve@rights.example", 9))
    path = f"/audit?project={project}"
    assert ask("bob", "GET", path)[1]["code"] == "forbidden"
    assert ask("bob", "GET", "/audit")[1]["code"] == "forbidden"
    assert ask("ada", "GET", "/audit")[1]["code"] == "forbidden"  # of other projects, too
    assert ask("ada", "GET", "/audit?project=987654")[1]["code"] == "unknown_project"
    status, first = ask("ada", "GET", f"{path}&who=eve@rights.example&limit=3")
    assert (status, [one["object"] for one in first["entries"]]) == (200, ["run 4", "run 3", "run 2"])
    argus = Argus(get_settings().search_service_url, get_settings().api_token.get_secret_value(),
                  label_studio_token=people["ada"].token)
    rest = argus.audit(project, who="eve@rights.example", limit=3, before=first["next"])
    assert ([one.object for one in rest.entries], rest.next) == (["run 1", "run 0"], None)
    assert argus.audit(project, since=datetime.now(UTC) + timedelta(hours=1)).entries == []
    assert argus.me().email == people["ada"].email
    with pytest.raises(ArgusError) as refused:
        argus.audit()
    assert refused.value.code == "forbidden"


def test_the_command_line_acts_as_the_owner_of_its_token(people: dict[str, Person], project: int) -> None:
    saved = owned(project, "saved_search", None)
    done = CliRunner().invoke(argus, ["saved-searches", "delete", str(saved), "--project", str(project), "--json"])
    assert done.exit_code == 0, done.output
    who, verified, address, *rest = newest(project)
    assert (who, verified, rest) == (get_settings().label_studio_user, True,
                                     ["saved-search.delete", f"saved search {saved}", "done"])
    assert address.startswith("local ")
    done = CliRunner().invoke(argus, ["runs", "cancel", str(owned(project, "run", None))])
    assert done.exit_code == 5, done.output
    assert newest(project)[3::2] == ("run.cancel", "conflict")
    done = CliRunner().invoke(argus, ["review", "accept", "--project", str(project), "--yes", "--token",
                                      people["bob"].token])
    assert newest(project)[0:4:3] == (people["bob"].email, "review.accept")
    shown = CliRunner().invoke(argus, ["audit", "--project", str(project), "--since", "2026-01-01", "--limit", "2"])
    assert (shown.exit_code, "bob@" in shown.output, "More: --before" in shown.output) == (0, True, True)
    none = CliRunner().invoke(argus, ["audit", "--project", str(project), "--who", "nobody", "--json"])
    assert '"entries": []' in none.output


class Proxy(ThreadingHTTPServer):
    """A proxy before the service that knows who is who, and adds the token of each."""

    def __init__(self, behind: str, token: str, shared: str) -> None:
        class Handler(BaseHTTPRequestHandler):
            def pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                sent = {name: value for name, value in self.headers.items() if name.lower() not in (
                    "host", HEADER.lower(), "authorization")}
                answer = requests.request(self.command, behind + self.path, data=body, timeout=30, headers={
                    **sent, HEADER: token, **({"Authorization": f"Bearer {shared}"} if shared else {})})
                self.send_response(answer.status_code)
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            do_GET = do_POST = do_DELETE = pass_on

            def log_message(self, *_: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.fixture
def through(app: Flask) -> Iterator[Callable[[str, str], Argus]]:
    """Return `through(token, shared)`: a client before a proxy that adds a person's token."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    running: list[Any] = [server]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    def make(token: str, shared: str) -> Argus:
        proxy = Proxy(f"http://127.0.0.1:{server.server_port}", token, shared)
        running.append(proxy)
        threading.Thread(target=proxy.serve_forever, args=(0.02,), daemon=True).start()
        return Argus(f"http://127.0.0.1:{proxy.server_port}", label_studio_token="what a browser made up")

    yield make
    for one in running:
        one.shutdown()
        one.server_close()


@pytest.mark.parametrize("shared", ["", "a-token-of-tests"])
def test_a_proxy_says_who_it_is_where_everybody_must_be_somebody(
        through: Callable[[str, str], Argus], people: dict[str, Person], project: int,
        setting: Callable[[str, str], None], shared: str) -> None:
    setting("ARGUS_API_TOKEN", shared)
    setting("ARGUS_REQUIRE_PERSON", "true")
    ada, bob = (through(people[name].token, shared) for name in ("ada", "bob"))
    saved = owned(project, "saved_search", people["bob"].id)
    assert (ada.me().email, bob.me().email) == (people["ada"].email, people["bob"].email)
    assert bob.delete_saved(project, saved).deleted == saved
    assert newest(project)[:2] == (people["bob"].email, True)
    with pytest.raises(ArgusError) as refused:
        bob.call("POST", f"/projects/{project}/disconnect")
    assert refused.value.code == "forbidden"
    with pytest.raises(ArgusError) as refused:
        bob.delete_saved(project, owned(project, "saved_search", people["ada"].id))
    assert (refused.value.code, newest(project)[0]) == ("forbidden", people["bob"].email)


def test_where_everybody_must_be_somebody_the_shared_token_reads_health_alone(
        app: Flask, people: dict[str, Person], project: int, setting: Callable[[str, str], None]) -> None:
    setting("ARGUS_API_TOKEN", "a-token-of-tests")
    setting("ARGUS_REQUIRE_PERSON", "true")
    client, shared = app.test_client(), {"Authorization": "Bearer a-token-of-tests"}

    def code(path: str, headers: dict[str, str], method: str = "GET") -> tuple[int, str]:
        answer = client.open(path, method=method, headers=headers)
        return answer.status_code, (answer.get_json(force=True, silent=True) or {}).get("code", "")

    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith(API) and "openapi" not in rule.rule]
    for rule in rules:
        path = rule.rule.replace("<int:project_id>", str(project))
        while "<" in path:
            path = path[:path.index("<")] + "1" + path[path.index(">") + 1:]
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            assert code(path, shared, method) == (403, "person_required"), (method, path)
            assert code(path, {}, method)[1] in ("person_required", "too_many_requests"), (method, path)
    for path in ("/health", "/livez", "/metrics"):
        assert code(path, shared)[0] == 200
    assert code("/metrics", {})[0] == code("/metrics", {HEADER: people["bob"].token})[0] == 401
    mine = f"{API}/projects/{project}"
    assert code(mine, {HEADER: people["bob"].token})[0] == 200
    assert code(mine, {**shared, HEADER: people["bob"].token})[0] == 200
    assert code(mine, {HEADER: "made-up"}) == code(mine, {**shared, HEADER: "made-up"}) == (401, "unauthorized")
    assert code(f"{mine}/sync", {**shared, HEADER: "made-up"}, "POST")[0] == 401


def test_everything_is_as_it_was_for_who_has_the_shared_token_or_needs_none(
        app: Flask, project: int, setting: Callable[[str, str], None]) -> None:
    for token in ("", "a-token-of-tests"):
        setting("ARGUS_API_TOKEN", token)
        client, headers = app.test_client(), {"Authorization": f"Bearer {token}"} if token else {}
        saved = f"{API}/projects/{project}/saved-searches/{owned(project, 'saved_search', 1)}"
        assert client.delete(saved, headers=headers).status_code == 200
        assert client.delete(f"{API}/projects/{project}/searches", headers=headers).status_code == 200
        assert client.get(f"{API}/audit", headers=headers).status_code == 200
        assert client.get(f"{API}/people/me", headers=headers).json == {"id": None, "email": None, "name": None,
                                                                        "admin": True}
