"""Further people in Label Studio."""

from __future__ import annotations

import requests

from argus.labelstudio import LabelStudio


def sign_up(ls: LabelStudio, email: str) -> LabelStudio:
    """Return a second person, who signed up by invitation and made a token as people do."""
    browser = requests.Session()
    account = {"email": email, "password": "difference-engine"}
    invited = ls.get("/api/invite")["invite_url"].removeprefix(ls.url)
    browser.get(ls.url + invited)
    browser.post(ls.url + invited, {**account, "csrfmiddlewaretoken": browser.cookies["csrftoken"]},
                 headers={"Referer": ls.url}).raise_for_status()
    answer = browser.post(ls.url + "/api/token/", headers={"X-CSRFToken": browser.cookies["csrftoken"],
                                                           "Referer": ls.url})
    answer.raise_for_status()
    return LabelStudio(ls.url, answer.json()["token"])
