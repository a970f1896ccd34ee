"""Label Studio itself: is it there, does it know our token, may it call us."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import requests

from argus import dialling
from argus.errors import ArgusError
from argus.labelstudio.client import LabelStudio
from argus.settings import Settings, get_settings
from argus.web import origin_check
from search_service.health.doctor.finding import TIMEOUT, Finding, version

MIN_LABEL_STUDIO = (1, 23)  # older ones answer differently
_START = "Start it with `argus up`, or set ARGUS_LABEL_STUDIO_URL."
_MAKE = "Make one in Label Studio under Account & Settings, Personal Access Token, and set ARGUS_LABEL_STUDIO_TOKEN."


def check(ls: LabelStudio, token: str) -> Iterator[Finding]:
    """Its version, and whose token we have.

    Args:
        token: the one that `ls` uses.
    """
    try:
        release = str(ask_version(ls.url).json()["release"])
    except requests.ConnectionError as error:
        yield Finding("Label Studio", "problem", f"No answer at {ls.url}: {type(error).__name__}.", _START)
        return
    except (requests.RequestException, ValueError, KeyError, TypeError):
        yield Finding("Label Studio", "problem", f"What answers at {ls.url} is not Label Studio.", _START)
        return
    old = version(release) < MIN_LABEL_STUDIO
    yield Finding("Label Studio", "problem" if old else "ok", f"Label Studio {release} at {ls.url}",
                  "Argus is made for Label Studio 1.23.2; update it." if old else "")
    try:
        me = ls.get("/api/current-user/whoami")
    except ArgusError as error:
        if error.code != "label_studio_unauthorized":
            raise
        yield Finding("access token", "problem", f"Label Studio refused it. {token_kind(token)}", _MAKE)
    else:
        yield Finding("access token", "ok", f"a personal access token, acts as {me.get('email')}")


def ask_version(url: str) -> requests.Response:
    """Ask Label Studio for its version, which it tells everybody. Raises as `argus.dialling.ask`."""
    return dialling.ask("GET", f"{url}/api/version", get_settings().proxy_url.get_secret_value(), timeout=TIMEOUT)


def default_password(ls: LabelStudio, settings: Settings) -> Iterator[Finding]:
    """Whether others reach an account whose password stands in the documentation. It is tried: what the settings say
    of the password may be old."""
    from argus.labelstudio.users import log_in

    places = (settings.host, ls.url, settings.public_label_studio_url)
    public = [where for where in places if not origin_check.is_ours(where)]
    if not public:
        return
    known = Settings.model_fields["label_studio_password"].default.get_secret_value()
    try:
        log_in(ls.url, settings.label_studio_user, known).close()
    except (ArgusError, requests.RequestException):
        return
    yield Finding("access", "problem", f"{settings.label_studio_user} has the password that everybody can read in the "
                  f"documentation, and others may reach {public[0] or 'every address'}.",
                  "Change it with `label-studio reset_password`, and set ARGUS_LABEL_STUDIO_PASSWORD to the new one.")


def token_kind(token: str) -> str:
    """Say in a sentence what a token that Label Studio refused is, by its looks; never any part of it."""
    if not token:
        return "There is none."
    if re.fullmatch(r"[0-9a-f]{40}", token):
        return "It is a legacy token; Argus needs a personal access token."
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        expires = datetime.fromtimestamp(claims["exp"], UTC)
        kind = claims["token_type"]
    except (IndexError, ValueError, KeyError, TypeError, OverflowError, OSError):
        return "It does not look like a token of Label Studio."
    if kind != "refresh":
        return f"It is an {kind} token, which lives for five minutes; Argus needs a personal access token."
    if expires < datetime.now(UTC):
        return f"It expired on {expires:%Y-%m-%d}."
    return "It is a personal access token, revoked or of another Label Studio."


def private_addresses(ls: LabelStudio, settings: Settings) -> Iterator[Finding]:
    """Ask Label Studio whether it would call our services, in two requests that lack what would make them valid."""
    asked = (("ML backend", "/api/ml", {"url": settings.ml_backend_url}),
             ("webhook", "/api/webhooks/", {"url": settings.search_service_url, "actions": ["NONE"]}))
    for what, path, body in asked:
        name, url = f"calls to the {what}", body["url"]
        try:
            ls.post(path, body)
        except ArgusError as error:
            if "reserved network address" in error.message or error.details.get("status") == 403:
                yield Finding(name, "problem", f"Label Studio refuses to call {url}, a private address.",
                              "Start Label Studio with ML_BLOCK_LOCAL_IP=false and SSRF_PROTECTION_ENABLED=false, "
                              "or with USE_DEFAULT_BANNED_SUBNETS=false.")
            elif "resolve hostname" in error.message:
                yield Finding(name, "problem", f"Label Studio does not know the host of {url}.",
                              "Set ARGUS_ML_BACKEND_URL and ARGUS_SEARCH_SERVICE_URL as Label Studio reaches them.")
            elif error.details.get("status") == 400:
                yield Finding(name, "ok", f"Label Studio may call {url}")
            else:
                raise
