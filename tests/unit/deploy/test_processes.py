"""The containers' commands, environments, users, health checks and stop times, as processes.

What a container adds (its image, its network, its limits) needs an engine; the rest is read from the Compose file, so
that it cannot drift from what works. PostgreSQL and Valkey run with the file's arguments, and Label Studio, whose
command is its image's own, with the file's environment.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
import requests

from argus import home as argus_home
from argus.errors import ArgusError
from argus.labelstudio import LabelStudio
from argus.settings import Settings
from argus_cli.stack.binaries import valkey_server
from argus_cli.stack.label_studio import find_python
from argus_cli.stack.ports import free_port, is_free
from argus_cli.stack.postgres import INITDB, Postgres, connect
from argus_cli.stack.postgres_tools import run
from argus_cli.stack.stack import APPS, Stack
from argus_cli.stack.template import copy_home, template_home, temporary_home
from tests.container_user import as_container_user, uid
from tests.postgres_on_tcp import Server, postgres_on_tcp
from tests.unit.deploy.conftest import ROOT
from tests.unit.deploy.test_compose import seconds
from tests.waiting import wait_for

WEB = {"ml-backend": "9090", "search-service": "8000"}
READY_SECONDS = 400
PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
# As the image's entry point writes it.
RULES = "local all all trust\nhost all all all scram-sha-256\n"
# No Python package brings `valkey-cli`. This does what the file's check needs of it: a command, and REDISCLI_AUTH.
FAKE_VALKEY_CLI = """#!{python}
import os, redis, sys
try:
    client = redis.Redis(port=int(os.environ["VALKEY_PORT"]), password=os.environ.get("REDISCLI_AUTH"))
    print({{True: "PONG"}}.get(client.execute_command(*sys.argv[1:])))
except redis.RedisError as error:
    sys.exit(str(error))
"""
LABELS = '<View><Image name="image" value="$image"/><RectangleLabels name="box" toName="image"><Label value="cpu"/>' \
         "</RectangleLabels></View>"
Services = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Valkey:
    """A Valkey with the file's arguments; `data` is its folder."""

    port: int
    data: Path
    process: subprocess.Popen[bytes]


def environment(service: dict[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in service["environment"].items()}


def run_check(service: dict[str, Any], env: dict[str, str], *, here: tuple[str, str] = ("", ""),
              as_user: bool = False) -> bool:
    """Run a service's health check as an engine would, within its time.

    Args:
        here: a port of the file, and the one that stands for it here.
    """
    kind, *command = (part.replace(*here) for part in service["healthcheck"]["test"])
    command = {"CMD": command, "CMD-SHELL": ["/bin/sh", "-c", *command]}[kind]
    try:
        return subprocess.run(as_container_user(command) if as_user else command, env=env, cwd="/", capture_output=True,
                              timeout=seconds(service["healthcheck"]["timeout"])).returncode == 0
    except subprocess.TimeoutExpired:  # to an engine this is a failure like any other, and it asks again
        return False


def give(folders: list[Path], number: int | None = None) -> None:
    """Give folders to the user that `as_container_user` names, as an image does with its volumes' folders."""
    if os.geteuid() == 0:
        for folder in folders:
            os.chown(folder, number or uid(), number or uid())


def stop(process: subprocess.Popen[bytes], within: float) -> int:
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(within)
    finally:
        process.kill()


@pytest.fixture(scope="module")
def postgres(services: Services) -> Iterator[Server]:
    """PostgreSQL as its container is after the first start: initialised, with the file's script and arguments."""
    service = services["postgres"]
    assert set(shlex.split(service["environment"]["POSTGRES_INITDB_ARGS"])) <= set(INITDB)  # as it is initialised here
    program, *arguments = service["command"]
    assert program == "postgres"
    with postgres_on_tcp(arguments, RULES) as server:
        script = ROOT / "docker/postgres/10-databases.sql"
        done = subprocess.run([server.programs / "psql", "-v", "ON_ERROR_STOP=1", "--no-psqlrc", "-f", script],
                              capture_output=True, text=True, env=environment(service) | {
            "PATH": os.environ["PATH"], "PGHOST": str(server.run_dir), "PGPORT": str(server.port),
            "PGUSER": "postgres"})
        assert done.returncode == 0, done.stderr
        yield server


@pytest.fixture(scope="module")
def valkey(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """Valkey with the file's command, whose `valkey-server` is the real one with this test's place added."""
    service, port, data = services["valkey"], free_port(), tmp_path_factory.mktemp("valkey")
    here = tmp_path_factory.mktemp("programs")
    (here / "valkey-server").write_text(
        f'#!/bin/sh\nexec {valkey_server()} "$@" --bind 127.0.0.1 --port {port} --dir {data}\n')
    (here / "valkey-server").chmod(0o755)
    command = [part.replace("$$", "$") for part in service["command"]]  # as Compose hands it to an engine
    give([data])
    process = subprocess.Popen(as_container_user(command, writable=[data]), cwd=data, stdout=subprocess.DEVNULL,
                               env=environment(service) | {"PATH": f"{here}:{os.environ['PATH']}"})
    try:
        wait_for(lambda: not is_free(port), 30)
        yield Valkey(port, data, process)
    finally:
        stop(process, 30)


def addresses(services: Services, name: str, postgres: Server, valkey: Valkey) -> dict[str, str]:
    """The two stores as the file gives them to a service, but for host and port."""
    given = environment(services[name])
    database, queue = given["ARGUS_DATABASE_URL"], given["ARGUS_REDIS_URL"]
    assert "@postgres:5432/" in database and "@valkey:6379/" in queue
    return {"ARGUS_DATABASE_URL": database.replace("@postgres:5432/", f"@127.0.0.1:{postgres.port}/"),
            "ARGUS_REDIS_URL": queue.replace("@valkey:6379/", f"@127.0.0.1:{valkey.port}/")}


@pytest.mark.integration
@pytest.mark.parametrize("name", APPS)
def test_container__starts_gets_healthy_and_stops_in_time(servers: Stack, services: Services, postgres: Server,
                                                          valkey: Valkey, tmp_path: Path, name: str) -> None:
    service = services[name]
    port = str(free_port())
    # Addresses of this machine in place of names that only the containers' network knows; the rest as it is.
    here = {key: servers.env[key] for key in ("ARGUS_SIGLIP_MODEL", "ARGUS_SAM3_MODEL", "ARGUS_LABEL_STUDIO_URL")}
    here |= addresses(services, name, postgres, valkey)
    here |= {"ARGUS_HOME": str(tmp_path), "ARGUS_LABEL_STUDIO_TOKEN": servers.settings.access_token,
             "ARGUS_ML_BACKEND_PORT": port, "ARGUS_SEARCH_SERVICE_PORT": port, "HOME": str(tmp_path),
             "PATH": PATH, "HF_HOME": str(tmp_path),
             "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    env = environment(service) | here
    assert service["healthcheck"]["test"][0] == "CMD"
    dockerfile = Path(service["build"]["dockerfile"]).name
    give([tmp_path])
    env["TMPDIR"] = str(tmp_path)

    def healthy() -> bool:
        return run_check(service, env, here=(WEB.get(name, "never"), port), as_user=True)

    # A worker's check looks for this host's name: one that was killed stays listed for a minute and a half.
    redis.Redis.from_url(env["ARGUS_REDIS_URL"]).flushdb()
    assert not healthy()
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(as_container_user(service["command"], dockerfile, writable=[tmp_path]), env=env,
                                   cwd=tmp_path, stdout=log, stderr=log)
    try:
        end = time.monotonic() + READY_SECONDS
        while not healthy():
            assert process.poll() is None and time.monotonic() < end, (tmp_path / "log").read_text()[-3000:]
            time.sleep(0.5)
        if os.geteuid() == 0:
            assert Path(f"/proc/{process.pid}").stat().st_uid == uid(dockerfile)
    finally:
        status = stop(process, seconds(service["stop_grace_period"]))
    assert status in (0, -signal.SIGTERM), (tmp_path / "log").read_text()[-3000:]
    assert not healthy()


def test_postgres__takes_the_arguments_and_its_check_sees_it(services: Services, postgres: Server) -> None:
    service = services["postgres"]
    options = dict(part.split("=", 1) for part in service["command"] if "=" in part)
    with postgres.superuser() as server:
        shown = dict(server.execute("SELECT name, current_setting(name) FROM pg_settings").fetchall())
    assert options and options == {name: shown[name] for name in options}

    def healthy(port: int) -> bool:
        return run_check(service, {"PATH": f"{postgres.programs}:{os.environ['PATH']}", "PGPORT": str(port)})

    wait_for(lambda: healthy(postgres.port), 60)
    assert not healthy(free_port())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can take rights away")
def test_postgres__needs_no_rights_and_no_writable_root(services: Services) -> None:
    assert services["postgres"]["user"] == "postgres" and "/var/run/postgresql" in services["postgres"]["tmpfs"]
    home = temporary_home()
    service = Postgres(Settings(_env_file=None, home=home), durable=False)
    service.prepare(lambda _: None)
    plain, account = service.command(), service.account
    assert account
    argv = as_container_user([str(part) for part in plain.argv], number=account.uid,
                             writable=[service.data, service.run_dir])
    process = subprocess.Popen(argv, env=dict(plain.env), cwd="/", stderr=subprocess.DEVNULL)
    try:
        wait_for(service.is_ready, 60)
        with connect(service.run_dir) as server:
            server.execute("CREATE EXTENSION vector")
            server.execute("CREATE TABLE kept AS SELECT '[1,2,3]'::vector AS v")
            server.execute("CHECKPOINT")
        rights = Path(f"/proc/{process.pid}/status").read_text()
        assert "NoNewPrivs:\t1" in rights
    finally:
        process.send_signal(service.stop_signal)
        assert process.wait(60) == 0
        argus_home.forget(home)


def test_valkey__takes_the_arguments_and_its_check_sees_it(services: Services, valkey: Valkey, tmp_path: Path) -> None:
    service = services["valkey"]
    cli = tmp_path / "valkey-cli"
    cli.write_text(FAKE_VALKEY_CLI.format(python=sys.executable))
    cli.chmod(0o755)

    def healthy(**changed: str) -> bool:
        return run_check(service, environment(service) | {"PATH": f"{tmp_path}:{os.environ['PATH']}",
                                                          "VALKEY_PORT": str(valkey.port)} | changed)

    wait_for(healthy, 120)
    assert not healthy(REDISCLI_AUTH="another") and not healthy(REDISCLI_AUTH="")
    assert not healthy(VALKEY_PORT=str(free_port()))
    client = redis.Redis(port=valkey.port, password=service["environment"]["REDISCLI_AUTH"], decode_responses=True)
    shown = client.config_get("appendonly", "save", "maxmemory-policy")
    assert shown == {"appendonly": "yes", "save": "", "maxmemory-policy": "noeviction"}
    assert (valkey.data / "appendonlydir").is_dir()
    arguments = Path(f"/proc/{valkey.process.pid}/cmdline")
    if arguments.exists():  # everybody may read them: it is the server itself, and its password is not there
        assert b"valkey-server" in arguments.read_bytes() and b"made-up" not in arguments.read_bytes()


def make_tables(postgres: Server, environment: dict[str, str]) -> None:
    """Give Label Studio's database the tables that its first start makes, with nobody in them, as their owner."""
    home = copy_home(template_home(Settings(_env_file=None)), temporary_home())
    with Stack(Settings(_env_file=None, home=home), {"postgres"}, durable=False) as stack:
        made = run("pg_dump", "--no-owner", "--no-privileges", f"--host={stack.settings.run_dir}",
                   "--username=postgres", "labelstudio")
    argus_home.forget(home)
    made += "\nTRUNCATE public.htx_user, public.organization RESTART IDENTITY CASCADE;"
    done = subprocess.run([postgres.programs / "psql", "-v", "ON_ERROR_STOP=1", "--no-psqlrc", "--quiet"],
                          input=made, text=True, capture_output=True,
                          env={"PATH": os.environ["PATH"], "PGHOST": "127.0.0.1", "PGPORT": str(postgres.port),
                               "PGUSER": environment["POSTGRE_USER"], "PGPASSWORD": environment["POSTGRE_PASSWORD"],
                               "PGDATABASE": environment["POSTGRE_NAME"]})
    assert done.returncode == 0, done.stderr


@pytest.fixture(params=["tables", pytest.param("nothing", marks=pytest.mark.long)])
def label_studio(request: pytest.FixtureRequest, services: Services, postgres: Server,
                 tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Label Studio's first start with the file's environment, until its check sees it; its URL and its files.

    Its 400 migrations take a minute: only the long form begins with nothing.
    """
    service = services["label-studio"]
    if request.param == "tables":
        make_tables(postgres, environment(service))
    assert not service["command"] and not service["entrypoint"]  # they are its image's own
    port, files, data, tmp = str(free_port()), *(tmp_path / name for name in ("files", "data", "tmp"))
    for folder in (files, data, tmp):
        folder.mkdir()
    assert service["environment"]["HOME"] == "/tmp"
    here = {"LABEL_STUDIO_BASE_DATA_DIR": str(data), "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(files),
            "POSTGRE_HOST": "127.0.0.1", "POSTGRE_PORT": str(postgres.port), "PATH": os.environ["PATH"],
            "HOME": str(tmp), "TMPDIR": str(tmp)}
    number = int(service["user"].partition(":")[0])
    give([data, tmp], number)
    argv = [str(find_python(Settings(_env_file=None).label_studio_python)), "-m", "label_studio.server", "start",
            "--no-browser", "--internal-host", "127.0.0.1", "--port", port]

    def healthy() -> bool:
        return run_check(service, {"PATH": PATH}, here=(":8080/", f":{port}/"))

    assert sum("127.0.0.1:8080/" in part for part in service["healthcheck"]["test"]) == 1
    assert not healthy()
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(as_container_user(argv, number=number, writable=[data, tmp]), cwd=tmp_path,
                                   env=environment(service) | here, stdout=log, stderr=log)
    try:
        end = time.monotonic() + seconds(service["healthcheck"]["start_period"])
        while not healthy():
            assert process.poll() is None and time.monotonic() < end, (tmp_path / "log").read_text()[-3000:]
            time.sleep(1)
        yield f"http://127.0.0.1:{port}", files
    finally:
        status = stop(process, seconds(service["stop_grace_period"]))
    assert status in (0, -signal.SIGTERM), (tmp_path / "log").read_text()[-3000:]
    assert not healthy()


def run_setup(service: dict[str, Any], url: str, postgres: Server, home: Path) -> str:
    """Run the service `setup` as every `up` does; return the token that is in its volume then."""
    given = environment(service)
    assert "@postgres:5432/" in given["LABEL_STUDIO_DATABASE_URL"]
    database = given["LABEL_STUDIO_DATABASE_URL"].replace("@postgres:5432/", f"@127.0.0.1:{postgres.port}/")
    here = {"ARGUS_LABEL_STUDIO_URL": url, "ARGUS_HOME": str(home), "LABEL_STUDIO_DATABASE_URL": database,
            "PATH": PATH, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [part.replace("/opt/argus/", f"{ROOT}/docker/") for part in service["command"]]
    done = subprocess.run(as_container_user(command, writable=[home]), env=given | here, cwd="/", capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return (home / "label-studio.token").read_text().strip()


@pytest.mark.integration
@pytest.mark.timeout(900)
def test_label_studio__first_start_its_token_and_what_it_refuses(
        label_studio: tuple[str, Path], services: Services, postgres: Server, tmp_path: Path) -> None:
    url, files = label_studio
    home = tmp_path / "argus-home"
    home.mkdir()
    give([home])
    token = run_setup(services["setup"], url, postgres, home)
    assert run_setup(services["setup"], url, postgres, home) == token  # the second `up` finds it
    client = LabelStudio(url, token)
    project = client.post("/api/projects/", {"title": "first", "label_config": LABELS})["id"]
    (files / "line").mkdir()
    assert client.post("/api/storages/localfiles/", {"project": project, "use_blob_urls": True,
                                                     "path": str(files / "line")})["id"]
    there = {"url": f"http://127.0.0.1:{free_port()}", "project": project}
    for path, body in (("/api/ml/", there | {"title": "refused"}), ("/api/webhooks/", there | {"actions": []})):
        with pytest.raises(ArgusError, match="reserved network address|not allowed"):
            client.post(path, body)
    with requests.Session() as stranger:
        stranger.get(f"{url}/user/signup/", timeout=30)
        stranger.post(f"{url}/user/signup/", timeout=30, headers={"Referer": url}, data={
            "email": "stranger@example.com", "password": "a-long-password",
            "csrfmiddlewaretoken": stranger.cookies["csrftoken"]})
    owner = services["label-studio"]["environment"]["LABEL_STUDIO_USERNAME"]
    assert [user["email"] for user in client.get("/api/users/")] == [owner]
