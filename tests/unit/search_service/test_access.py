from __future__ import annotations

import pytest

from search_service import access, rights
from search_service.app import create_app
from search_service.routes import API


def test_every_variable_of_a_route_leads_to_a_project() -> None:
    """A new route with a variable that `access.check` does not know would answer 500 to whoever brings a token."""
    known = {"project_id", "export_id", *access._PROJECT_OF}
    for rule in create_app().url_map.iter_rules():
        if rule.rule.startswith(API) and rule.arguments:
            assert rule.arguments & {"project_id"} or rule.arguments <= known, rule.rule


def test_check__an_unknown_variable_is_closed() -> None:
    with pytest.raises(KeyError):
        access.check(access.Caller(None), {"other_id": 1})  # type: ignore[arg-type]


def test_every_route_that_may_change_something_has_an_action() -> None:
    """A new one without is closed: `action_of` raises `KeyError`, whoever asks."""
    for rule in create_app().url_map.iter_rules():
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}:
            if rule.rule.startswith(API):
                assert rights.action_of(rule.endpoint, method) == rights.ACTIONS[rule.endpoint], rule.rule
    with pytest.raises(KeyError):
        rights.action_of("runs.post_other", "POST")


def test_what_only_its_owner_may_change_has_a_way_to_the_owner() -> None:
    for rule in create_app().url_map.iter_rules():
        if rights.ACTIONS.get(rule.endpoint, rights.QUESTION).right == "own":
            assert len(rule.arguments & rights._OWNER_OF.keys()) == 1, rule.rule
