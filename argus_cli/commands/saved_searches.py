"""`argus saved-searches`: searches kept by name, and the Label Studio views that follow them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from argus.answers.search import SavedSearch
from argus.errors import ArgusError
from argus_cli.output import (
    HelpGroup,
    ids_option,
    json_option,
    plural,
    print_ids,
    print_json,
    print_table,
    project_option,
    say,
)
from argus_cli.output_hits import page_options, show_hits
from argus_cli.recorded import recorded

_saved = click.argument("saved_id", metavar="SAVED", type=click.IntRange(min=1))


@click.group("saved-searches", cls=HelpGroup)
def saved_searches() -> None:
    """List, run, change, refresh or delete searches saved by name (`argus search … --save NAME`)."""


@saved_searches.command("list")
@project_option
@ids_option
@json_option
def listing(project_id: int, ids_only: bool, as_json: bool) -> None:
    """List the saved searches by name."""
    from search_service.views import saved_searches as saved

    found = saved.listing(project_id)
    if ids_only:
        return print_ids(one.id for one in found)
    if as_json:
        print_json({"saved_searches": found})
        return
    print_table(["saved", "name", "searches for", "view", "tasks", "state"],
                [(one.id, one.name, one.query, one.url or "", one.tasks if one.keep_view else "", _state(one))
                 for one in found])


@saved_searches.command()
@_saved
@project_option
@page_options
@ids_option
@json_option
def run(saved_id: int, project_id: int, limit: int, offset: int, ids_only: bool, as_json: bool) -> None:
    """Run a saved search."""
    from search_service.search.search import find
    from search_service.views import saved_searches as saved

    query = saved.query_of(project_id, saved_id)
    result = find(project_id, query, limit, offset, record=False)
    if ids_only:
        return print_ids(hit.task for hit in result.hits)
    if as_json:
        print_json(result)
        return
    say(result.query)
    show_hits(result, query)


@saved_searches.command()
@_saved
@project_option
@click.option("--name", help="New name.")
@click.option("--query", help="New text; examples and filters stay.")
@click.option("--size", type=click.IntRange(1, 1000), help="Hits that the view shows at most.")
@click.option("--relevance", type=click.Choice(["likely", "possible", "unlikely"]),
              help="Hits below this are not shown in the view.")
@click.option("--view/--no-view", "keep_view", default=None, help="Whether a Label Studio view follows the search.")
@click.option("--ranked", type=click.IntRange(0, 50), metavar="N",
              help="Order the view, by writing the rank of the first N into their tasks; 0: no order.")
@json_option
@recorded("saved-search.change")
def change(saved_id: int, project_id: int, query: str | None, as_json: bool, **wanted: Any) -> None:
    """Change a saved search; its view is updated."""
    from search_service.api.schemas.search import SavedChange, read
    from search_service.views import saved_searches as saved

    changes = {name: value for name, value in wanted.items() if value is not None}
    if query is not None:
        changes["ask"] = {**saved.get(project_id, saved_id).ask, "text": query}
    if not changes:
        raise ArgusError("bad_request", "Nothing to change was given.",
                         "`argus saved-searches change --help` lists what can be changed.")
    report = saved.change(project_id, saved_id, read(SavedChange, changes).changes())
    if as_json:
        print_json(report)
        return
    _show(report)
    _tell_left(report.left)


@saved_searches.command()
@_saved
@project_option
@json_option
@recorded("saved-search.refresh")
def refresh(saved_id: int, project_id: int, as_json: bool) -> None:
    """Search again and bring the view up to date now."""
    from search_service.views import saved_searches as saved

    report = saved.refresh(project_id, saved_id)
    if as_json:
        print_json(report)
        return
    _show(report)


@saved_searches.command()
@_saved
@project_option
@json_option
@recorded("saved-search.delete")
def delete(saved_id: int, project_id: int, as_json: bool) -> None:
    """Delete a saved search and its view, unless somebody changed the view."""
    from search_service.views import saved_searches as saved

    report = saved.delete(project_id, saved_id)
    if as_json:
        print_json(report)
        return
    say(f"deleted saved search {saved_id}")
    _tell_left(report.left)


def _show(one: SavedSearch) -> None:
    say(f"“{one.name}” searches for {one.query}"
        + (f"; its view shows {plural(one.tasks, 'task')}: {one.url}" if one.url else "")
        + (f" ({state})" if (state := _state(one)) else ""))


def _state(one: SavedSearch) -> str:
    if one.error:
        return one.error.message
    return "about to follow" if one.stale else ""


def _tell_left(views: Sequence[int]) -> None:
    if views:
        say(f"kept in Label Studio because somebody changed it there: view {', '.join(map(str, views))}")
