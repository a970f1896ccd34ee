"""A personal access token of Label Studio without a person clicking.

Label Studio shows a token once, when it is made, and keeps only a shortened copy; an account has at most one valid
token. So it is stored at that moment, and when the file is lost the old one is revoked in the database.
"""

from __future__ import annotations

import os
from pathlib import Path

import requests

from argus import dialling
from argus.errors import ArgusError
from argus.labelstudio.users import log_in
from argus.settings import Settings
from argus_cli.stack.postgres import connect
from argus_cli.stack.service import Progress

TIMEOUT = 30

# Label Studio's API revokes a token only by its full text, which is exactly what is lost here.
REVOKE = """
    INSERT INTO token_blacklist_blacklistedtoken (token_id, blacklisted_at)
    SELECT token.id, now()
    FROM token_blacklist_outstandingtoken token JOIN htx_user person ON person.id = token.user_id
    WHERE person.email = %s AND token.expires_at > now()
    ON CONFLICT DO NOTHING
"""


def ensure_access_token(settings: Settings, url: str, progress: Progress) -> None:
    """See to it that `settings.token_path` holds a working token of the embedded Label Studio's account.

    Raises:
        ArgusError: `label_studio_unauthorized` when the account's password is not the one in the settings,
            `label_studio_refused` when Label Studio makes no token.
    """
    stored = settings.token_path.read_text().strip() if settings.token_path.exists() else ""
    if stored and is_valid(url, stored):
        return
    session = log_in(url, settings.label_studio_user, settings.label_studio_password.get_secret_value())
    answer = _create(session, url)
    if answer.status_code == 409:
        progress("Label Studio: the stored access token is lost or no longer valid; making a new one")
        with connect(settings.run_dir, "labelstudio") as database:
            database.execute(REVOKE, [settings.label_studio_user])
        answer = _create(session, url)
    if answer.status_code != 201:
        raise ArgusError("label_studio_refused", f"Label Studio made no access token: HTTP {answer.status_code}.",
                         "Make a personal access token in its account settings and set ARGUS_LABEL_STUDIO_TOKEN.")
    _store(settings.token_path, answer.json()["token"])


def is_valid(url: str, token: str, proxy: str = "") -> bool:
    """Say whether Label Studio exchanges `token` for an access token."""
    return dialling.ask("POST", f"{url}/api/token/refresh/", proxy, json={"refresh": token},
                        timeout=TIMEOUT).status_code == 200


def _create(session: requests.Session, url: str) -> requests.Response:
    headers = {"X-CSRFToken": session.cookies.get("csrftoken", ""), "Referer": url}
    return session.post(f"{url}/api/token/", headers=headers, timeout=TIMEOUT)


def _store(path: Path, token: str) -> None:
    """Write the token so that it is never readable by others, nor half written."""
    draft = path.with_suffix(".new")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(token)
    draft.replace(path)
