"""Addresses that the commands print: the page must read them as they were meant."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from argus.settings import get_settings
from argus_cli import links
from search_service.search.query import SearchQuery


@pytest.mark.parametrize(("asked", "held"), [
    ({"text": "red fan  -cpu"}, {"q": "red fan -cpu"}),
    ({"text": "100 % & \u30d5\u30a1\u30f3"}, {"q": "100 % & \u30d5\u30a1\u30f3"}),
    ({"like": [{"task": 7}, {"task": 9, "box": [0, 0.25, 0.5, 1]}], "unlike": [{"task": 3}]},
     {"like": "7,9:0.0:0.25:0.5:1.0", "unlike": "3"}),
    ({"text": "cpu", "like": [{"image": "aGk="}]}, {"q": "cpu"}),  # no address holds a file
    ({"text": "cpu", "filters": {"labelled": False, "collapse": True, "band": "low", "label": "screw, loose",
                                 "video_from": 2.5}},
     {"q": "cpu", "labelled": "no", "collapse": "yes", "band": "low", "label": "screw, loose", "video_from": "2.5"}),
])
def test_search_page(asked: dict[str, Any], held: dict[str, str]) -> None:
    address = urlsplit(links.search_page(2, SearchQuery.model_validate(asked)))
    assert f"{address.scheme}://{address.netloc}" == get_settings().search_service_url
    assert {name: text for name, (text,) in parse_qs(address.query).items()} == {"project": "2", **held}


def test_task() -> None:
    link = links.task(2, 17)
    assert (str(link), link.url) == ("17", f"{get_settings().public_label_studio_url}/projects/2/data?task=17")
