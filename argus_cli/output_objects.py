"""`argus search --objects`: find objects and print them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argus.errors import ArgusError
from argus_cli import links
from argus_cli.output import plural, print_ids, print_json, print_table, say
from argus_cli.output_hits import clock

if TYPE_CHECKING:
    from argus.answers.search import ObjectSearchResult
    from search_service.search.query import ObjectQuery


def search_objects(project_id: int, ask: ObjectQuery, limit: int, offset: int, view_title: str | None, ids_only: bool,
                   as_json: bool) -> None:
    """Find objects and print them as a table, as JSON, or the ids of the tasks that they are on, each once."""
    from search_service.search.object_search import find_objects
    from search_service.views.search_views import show, view_url

    result = find_objects(project_id, ask, limit, offset)
    tasks = list(dict.fromkeys(hit.task for hit in result.hits))
    views = show(project_id, view_title, tasks) if view_title and tasks else []
    if ids_only:
        return print_ids(tasks)
    if as_json:
        print_json(result.model_dump(mode="json") | {
            "views": views, "url": view_url(project_id, views[0]) if views else None})
        return
    show_objects(result)
    for view in views:
        say(f"View: {view_url(project_id, view)}")


def refuse_for_objects(given: bool) -> None:
    """Raise `bad_request` when an option was given that only a search of images has."""
    if given:
        raise ArgusError("bad_request", "--save, --sheet and --open are for searches of images.",
                         "--view makes a view of the tasks that the objects are on.")


def show_objects(result: ObjectSearchResult) -> None:
    """Print the hits as a table, and below it what they were chosen from."""
    print_table(["rank", "object", "task", "similarity", "relevance", "label", "score", "box", "video", "time"],
                [(result.offset + rank, hit.object, links.task(result.project, hit.task), f"{hit.similarity:.3f}",
                  hit.relevance, hit.label, f"{hit.score:.2f}", ",".join(f"{side:.3f}" for side in hit.box),
                  hit.video_name or "", clock(hit.video_time)) for rank, hit in enumerate(result.hits, 1)])
    if result.nothing_found:
        say("Nothing found: even the best hits are unlikely.")
    for end in result.unread:
        say(f"The model reads the first 64 tokens of a text; it does not read “{end}”.")
    there = result.objects
    say(f"{plural(len(result.hits), 'hit')} of {plural(result.total, 'ranked object')}"
        + (f"; {there.embedded:,} of {there.embedded + there.waiting + there.failed:,} objects embedded"
           if there.waiting or there.failed else ""))
