from __future__ import annotations

import pytest

from search_service import access
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
