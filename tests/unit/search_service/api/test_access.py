from __future__ import annotations

import importlib
from pathlib import Path

import click
import pytest

from argus_cli.main import COMMANDS
from argus_cli.recorded import RECORDED
from search_service.api import access, rights, store
from search_service.api.app import create_app
from search_service.api.requests import API


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
            assert len(rule.arguments & store.OWNED) == 1, rule.rule


def test_the_documentation_says_of_every_action_who_may() -> None:
    lines = [line for line in Path("docs/security.md").read_text("utf-8").splitlines() if line.startswith("|")]
    for action in rights.ACTIONS.values():
        if action.name:
            (line,) = (one for one in lines if f"`{action.name}`" in one)
            _, _, _, member, maker, manager, *_ = (cell.strip() for cell in line.split("|"))
            if action.name == "project.connect":  # the route itself tells a new project from one that is there
                assert member == "only a new one"
            elif action.right == "see":
                assert member not in ("no", "–"), action
            else:
                assert (member, maker == "yes") == ("no", action.right == "own"), action
            assert manager in ("yes", "also in bulk", "everybody's")


READING = {"init", "up", "down", "demo", "videos", "search-history list", "search-history repeat",
           "saved-searches list", "saved-searches run", "judgements list", "search-eval", "views list", "task",
           "preview", "runs list", "runs show", "review status", "review histogram", "review objects", "worker",
           "status", "completion", "audit", "doctor", "backup", "restore", "trust check", "trust status",
           "trust certificates", "teach show", "teach status", "label-imports list", "splits list", "versions diff",
           "references list", "versions list", "versions show"}


def test_every_command_writes_a_row_or_changes_nothing_in_a_project() -> None:
    silent = set()

    def walk(command: click.Command, path: str) -> None:
        if isinstance(command, click.Group):
            for name, one in command.commands.items():
                walk(one, f"{path} {name}")
        elif command.callback not in RECORDED:
            silent.add(path)

    for name in COMMANDS:
        module = name.replace("-", "_")
        walk(getattr(importlib.import_module(f"argus_cli.commands.{module}"), module), name)
    assert silent == READING
    known = {action.name for action in rights.ACTIONS.values()} | {"video.import", "labels.import"}
    assert {action for action in RECORDED.values() if isinstance(action, str)} <= known
