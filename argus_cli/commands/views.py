"""`argus views`: the Label Studio views (tabs of the Data Manager) that Argus made."""

from __future__ import annotations

from typing import Any

import click

from argus.answers.search import MadeView
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
    tasks_option,
)
from argus_cli.recorded import recorded

_view = click.argument("view_id", metavar="VIEW", type=click.IntRange(min=1))


@click.group(cls=HelpGroup)
def views() -> None:
    """List, make, refresh or remove the Label Studio views made by Argus.

    `argus review views` makes those of the score bands, `argus search … --save` one that follows a search.
    """


@views.command("list")
@project_option
@click.option("--all", "every", is_flag=True, help="Every view of the project, whoever made it; `argus annotate "
                                                   "--view` takes any of them.")
@ids_option
@json_option
def listing(project_id: int, every: bool, ids_only: bool, as_json: bool) -> None:
    """List the views made or filled by Argus."""
    from search_service import run_sources
    from search_service.views import search_views as service

    if every:
        found = run_sources.sources(project_id).views
        if as_json:
            print_json({"views": found})
        elif ids_only:
            print_ids(one.id for one in found)
        else:
            print_table(["view", "title"], [(one.id, one.title) for one in found])
        return
    ours = service.listing(project_id)
    if as_json:
        print_json({"views": ours})
        return
    if ids_only:
        print_ids(one.id for one in ours)
        return
    print_table(["view", "kind", "title", "made of", "follows", "address"],
                [(one.id, one.kind, one.title, one.query, f"saved search {one.saved}" if one.saved else "", one.url)
                 for one in ours])


@views.command()
@project_option
@click.option("--title", default="", help="Its title after “Search: ”.  [default: the query]")
@click.option("--search", "query", metavar="QUERY", help="The first hits of this query.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="Hits --search takes.")
@click.option("--relevance", type=click.Choice(["likely", "possible", "unlikely"]), default="unlikely",
              show_default=True, help="Hits below this are left out.")
@tasks_option("Exactly these tasks")
@json_option
@recorded("view.make")
def make(project_id: int, query: str | None, tasks: tuple[int, ...], as_json: bool, **options: Any) -> None:
    """Create or update a view of a search's hits, or of chosen tasks."""
    from search_service.api.schemas import search
    from search_service.views import search_views as service

    if (query is None) != bool(tasks):
        raise ArgusError("bad_request", "Say which tasks: --search QUERY, or --task ID.")
    asked = search.read(search.ViewRequest, {"query": query, "task_ids": list(tasks) or None, **options})
    _show(service.make(project_id, asked.title, asked.ask(), asked.task_ids, asked.limit, asked.relevance), as_json)


@views.command()
@_view
@project_option
@json_option
@recorded("view.refresh")
def refresh(view_id: int, project_id: int, as_json: bool) -> None:
    """Repeat the search of a view and show today's best hits."""
    from search_service.views import search_views as service

    _show(service.refresh(project_id, view_id), as_json)


@views.command()
@_view
@project_option
@json_option
@recorded("view.delete")
def remove(view_id: int, project_id: int, as_json: bool) -> None:
    """Remove a view made by Argus, unless somebody changed it. Its tasks stay."""
    from search_service.views import search_views as service

    service.remove(project_id, view_id)
    if as_json:
        print_json({"deleted": view_id})
        return
    say(f"removed view {view_id}")


def _show(made: MadeView, as_json: bool) -> None:
    if as_json:
        print_json(made)
        return
    say(f"{plural(made.tasks, 'task')}: {made.url}")
