"""Acting in Label Studio under a person's own name.

Label Studio stamps the annotations of its bulk action with the owner of the token that asked, and has no way to ask for
somebody else. So a person lends their own token for the call; it is used and forgotten, never stored.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import requests

from argus import addresses, dialling
from argus.errors import ArgusError
from argus.labelstudio.client import LabelStudio, get_label_studio
from argus.settings import get_settings

_TIMEOUT = 30  # seconds for one page of the login


@dataclass(frozen=True)
class Person:
    """A Label Studio user and a client that acts as them.

    Args:
        organization: id of the organisation they work in; None when there is none.
        owns_organization: whether they are who made it. The open-source edition knows no other difference between its
            members: whoami lists every permission for everybody, and does not tell superusers apart.
    """

    id: int
    email: str
    name: str
    ls: LabelStudio
    organization: int | None = None
    owns_organization: bool = False


def sign_in(token: str) -> Person:
    """Return the owner of a personal access token.

    Raises:
        ArgusError: `unauthorized` when Label Studio does not know the token; `label_studio_unreachable`.
    """
    try:
        return identify(LabelStudio(get_settings().label_studio_url, token.strip(),
                                    proxy=get_settings().proxy_url.get_secret_value()))
    except ArgusError as error:
        if error.code != "label_studio_unauthorized":
            raise
        raise ArgusError("unauthorized", "Label Studio does not know this personal access token.",
                         "Make one in Label Studio under Account & Settings, Personal Access Token.") from error


def identify(ls: LabelStudio) -> Person:
    """Return the person that a client acts as."""
    user = ls.get("/api/current-user/whoami")
    name = " ".join(part for part in (user.get("first_name"), user.get("last_name")) if part)
    owner = (user.get("active_organization_meta") or {}).get("email")
    return Person(user["id"], user["email"], name or user["email"], ls, user.get("active_organization"),
                  bool(owner) and owner == user["email"])


@functools.cache
def service_account() -> Person:
    """Return the owner of the service's own token. Raises `label_studio_unauthorized`, `label_studio_unreachable`."""
    return identify(get_label_studio())


def log_in(url: str, email: str, password: str) -> requests.Session:
    """Return a session logged in through Label Studio's own login form."""
    session = dialling.locked([addresses.parse(url).origin])
    page = f"{url}/user/login/"
    session.get(page, timeout=_TIMEOUT)
    form = {"email": email, "password": password, "csrfmiddlewaretoken": session.cookies.get("csrftoken", "")}
    session.post(page, data=form, headers={"Referer": page}, timeout=_TIMEOUT, allow_redirects=False)
    if session.get(f"{url}/api/current-user/whoami", timeout=_TIMEOUT).status_code != 200:
        raise ArgusError("label_studio_unauthorized", f"Label Studio does not accept the password of {email}.",
                         "Set ARGUS_LABEL_STUDIO_USER and ARGUS_LABEL_STUDIO_PASSWORD to an account it has, or "
                         "ARGUS_LABEL_STUDIO_TOKEN to a personal access token.")
    return session
