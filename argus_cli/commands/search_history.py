"""`argus search-history`: what was searched for, to be repeated or forgotten."""

from __future__ import annotations

import click

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

_search = click.argument("search_id", metavar="SEARCH", type=click.IntRange(min=1))


@click.group("search-history", cls=HelpGroup)
def search_history() -> None:
    """List past searches of a project, repeat or delete them."""


@search_history.command("list")
@project_option
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="Searches to show.")
@ids_option
@json_option
def listing(project_id: int, limit: int, ids_only: bool, as_json: bool) -> None:
    """List the latest distinct searches, newest first."""
    from label_studio_config import projects
    from search_service.search.history import history

    projects.require(project_id)
    found = history(project_id, limit)
    if ids_only:
        return print_ids(one.id for one in found)
    if as_json:
        print_json({"searches": found})
        return
    print_table(["search", "when", "ranked", "searched for"],
                [(one.id, f"{one.at:%Y-%m-%d %H:%M}", one.total, one.query) for one in found])


@search_history.command()
@_search
@project_option
@page_options
@ids_option
@json_option
def repeat(search_id: int, project_id: int, limit: int, offset: int, ids_only: bool, as_json: bool) -> None:
    """Repeat SEARCH with its text, examples and filters."""
    from search_service.search.history import recall
    from search_service.search.search import find

    query = recall(project_id, search_id)
    result = find(project_id, query, limit, offset)
    if ids_only:
        return print_ids(hit.task for hit in result.hits)
    if as_json:
        print_json(result)
        return
    say(result.query)
    show_hits(result, query)


@search_history.command()
@click.argument("search_id", metavar="[SEARCH]", type=click.IntRange(min=1), required=False)
@project_option
@click.option("--all", "every", is_flag=True, help="The whole history.")
@json_option
@recorded("history.delete")
def delete(search_id: int | None, project_id: int, every: bool, as_json: bool) -> None:
    """Delete SEARCH with all its repeats, or the whole history."""
    from search_service.search.history import forget, recall

    if every == (search_id is not None):
        raise ArgusError("bad_request", "Name one search, or --all.", "`argus search-history list` shows them.")
    if search_id is not None:
        recall(project_id, search_id)  # an unknown one is said to be one
    count = forget(project_id, search_id)
    if as_json:
        print_json({"deleted": count})
        return
    say(f"forgot {plural(count, 'entry')}" if count == 1 else f"forgot {count} entries")
