"""`argus init`: the `.env` with every password and secret, made up anew. There are no default passwords."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

import click

from argus.errors import ArgusError
from argus_cli.output import json_option, print_json, say

# Hexadecimal, because they stand in URLs, Compose files and command lines, where `$`, `@`, `/` and a leading
# `-` mean something.
SECRETS: dict[str, dict[str, str]] = {
    "Argus itself, in containers and outside of them": {
        "ARGUS_LABEL_STUDIO_PASSWORD": "your login at Label Studio, with ARGUS_LABEL_STUDIO_USER",
        "ARGUS_API_TOKEN": "the REST API asks for it: Authorization: Bearer …",
        "ARGUS_BASIC_AUTH_PASSWORD": "Label Studio shows it to the ML backend, with ARGUS_BASIC_AUTH_USER",
        "ARGUS_WEBHOOK_SECRET": "Label Studio's webhooks carry it",
    },
    "The containers of docker-compose.yml among themselves": {
        "POSTGRES_PASSWORD": "PostgreSQL's superuser; set in the database when its volume is first made",
        "POSTGRES_ARGUS_PASSWORD": "the role argus, likewise",
        "POSTGRES_LABEL_STUDIO_PASSWORD": "the role labelstudio, likewise",
        "VALKEY_PASSWORD": "the job queue",
        "MINIO_PASSWORD": "the login at MinIO (profile s3), with MINIO_USER",
    },
}
PLAIN = {"ARGUS_LABEL_STUDIO_USER": "argus@example.com", "ARGUS_BASIC_AUTH_USER": "argus",
         "MINIO_USER": "argus"}


@click.command()
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), default=Path(".env"),
              show_default=True, help="The file to write.")
@click.option("--email", default=PLAIN["ARGUS_LABEL_STUDIO_USER"], show_default=True,
              help="Login of the first account in Label Studio.")
@json_option
def init(output: Path, email: str, as_json: bool) -> None:
    """Write .env with new passwords and secrets.

    docker compose reads it, and so does every argus command started in this folder. An existing file is never
    overwritten: its passwords may be the only copy.
    """
    if "@" not in email or any(sign in email for sign in " \t\n'\"$#"):
        raise ArgusError("bad_request", f"Not an e-mail address: {email!r}.")
    write_new(output, render(PLAIN | {"ARGUS_LABEL_STUDIO_USER": email}))
    if as_json:
        names = [*PLAIN, *(name for group in SECRETS.values() for name in group)]
        print_json({"file": str(output), "variables": sorted(names)})
        return
    say(f"Wrote {output}: new passwords and secrets, readable by you alone. Keep it, and keep it out of git.")
    say("Next: docker compose up --build --detach, or argus up; docs/deployment.md explains both.")


def render(plain: dict[str, str], password: Callable[[], str] = lambda: secrets.token_hex(24)) -> str:
    """Return the text of the file: a line a variable, each secret from its own call of `password`."""
    lines = ["# Made by `argus init`; docs/deployment.md says how to change a password later."]
    for group, names in SECRETS.items():
        lines += ["", f"# {group}"]
        for name, meaning in names.items():
            lines += [f"# {meaning}", f"{name}={password()}"]
    lines += ["", "# Names that go with them", *(f"{name}={value}" for name, value in plain.items())]
    return "\n".join(lines) + "\n"


def write_new(path: Path, text: str) -> None:
    """Write a file that only its owner may read; it must not exist.

    Raises:
        ArgusError: `conflict` when there is something at `path`, `bad_request` when it cannot be written.
    """
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise ArgusError("conflict", f"{path} already exists and is not overwritten.",
                         "Move it away first if you want new passwords, or choose another file.") from error
    except OSError as error:
        raise ArgusError("bad_request", f"{path} cannot be written: {error.strerror}.") from error
