"""The service `setup` of docker-compose.yml: sees to it that the shared volume holds a working access token.

Label Studio shows a personal access token once, when it is made, and an account has one. So the first start
makes it and keeps it in the volume; later starts find that it works and end. When the volume was lost and
Label Studio's database was not, the lost token is revoked there and another one made.
"""

from __future__ import annotations

import os
import sys

import psycopg
import requests

from argus.errors import ArgusError
from argus.settings import Settings, get_settings
from argus_cli.stack.access_token import REVOKE, ensure_access_token, is_valid


def say(line: str) -> None:
    print(line, flush=True)


def give_token(settings: Settings, database_url: str) -> str:
    """Make sure there is a working token; return a sentence that says where.

    Args:
        database_url: Label Studio's own database, used only to revoke a token whose text is lost.

    Raises:
        ArgusError: `label_studio_unauthorized` (the given token or the account's password is refused),
            `label_studio_refused`, `label_studio_unreachable`, `database_unreachable`.
    """
    url = settings.label_studio_url.rstrip("/")
    try:
        if given := settings.label_studio_token.get_secret_value():
            if not is_valid(url, given, settings.proxy_url.get_secret_value()):
                raise ArgusError("label_studio_unauthorized",
                                 "Label Studio does not accept ARGUS_LABEL_STUDIO_TOKEN.",
                                 "It must be a personal access token; leave it empty to have one made.")
            return "The access token in ARGUS_LABEL_STUDIO_TOKEN works."
        try:
            ensure_access_token(settings, url, say)
        except psycopg.OperationalError:  # it wanted to revoke a lost one in an embedded database
            revoke(database_url, settings.label_studio_user)
            ensure_access_token(settings, url, say)
    except requests.RequestException as error:
        raise ArgusError("label_studio_unreachable",
                         f"Label Studio at {url} does not answer: {type(error).__name__}.",
                         "docker compose logs label-studio") from error
    return f"The access token in {settings.token_path} works."


def revoke(database_url: str, email: str) -> None:
    """Revoke every valid token of the account in Label Studio's database."""
    try:
        with psycopg.connect(database_url, connect_timeout=5) as database:
            database.execute(REVOKE, [email])
    except psycopg.OperationalError as error:
        raise ArgusError("database_unreachable", "The text of the access token is lost, and Label Studio's "
                         "database, where it could be revoked, does not answer.",
                         "Set LABEL_STUDIO_DATABASE_URL, or ARGUS_LABEL_STUDIO_TOKEN.") from error


def main() -> int:
    try:
        say(give_token(get_settings(), os.environ.get("LABEL_STUDIO_DATABASE_URL", "")))
    except ArgusError as error:
        print(f"{error.message} {error.hint}", file=sys.stderr)
        return error.kind.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
