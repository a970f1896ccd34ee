"""`argus search`: find frames by text, by example, and among those that pass filters."""

from __future__ import annotations

from typing import Any

import click

from argus.cli.output import json_option, plural, print_json, print_table, project_option, say


@click.command()
@click.argument("query", default="")
@project_option
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="Hits to show.")
@click.option("--offset", type=click.IntRange(min=0), default=0, show_default=True, help="Hits to skip.")
@click.option("--like", "like", type=click.IntRange(min=1), multiple=True, metavar="TASK",
              help="Like the image of this task; may be given several times.")
@click.option("--unlike", "unlike", type=click.IntRange(min=1), multiple=True, metavar="TASK",
              help="And not like this one.")
@click.option("--labelled/--unlabelled", default=None, help="Only tasks with, or without, an annotation.")
@click.option("--predicted/--unpredicted", default=None, help="Only tasks with, or without, a prediction.")
@click.option("--band", type=click.Choice(["high", "medium", "low", "nothing_found"]), help="Only tasks of this band.")
@click.option("--label", default="", help="Only tasks that show this label.")
@click.option("--video", default="", help="Only frames of this video.")
@click.option("--from", "video_from", type=click.FloatRange(min=0), metavar="SECONDS",
              help="Only frames from there on.")
@click.option("--to", "video_to", type=click.FloatRange(min=0), metavar="SECONDS", help="Only frames up to there.")
@click.option("--collapse", is_flag=True, help="One of each row of near-duplicates.")
@click.option("--view", "view_title", metavar="TITLE", help="Also make a Label Studio view of these hits.")
@click.option("--save", "saved_name", metavar="NAME", help="Also keep the search, with a view that follows new images.")
@json_option
def search(query: str, project_id: int, limit: int, offset: int, like: tuple[int, ...], unlike: tuple[int, ...],
           view_title: str | None, saved_name: str | None, as_json: bool, **filters: Any) -> None:
    """Find the frames that show QUERY, best first.

    QUERY is free text in any language the checkpoint knows. A word behind a minus sign excludes: "cpu -fan".
    """
    from argus.labelstudio import get_label_studio
    from label_studio_config.views import search_views
    from search_service import saved
    from search_service.ask import Ask
    from search_service.requests import read
    from search_service.search import find
    from search_service.views import view_url

    ask = read(Ask, {"text": query, "like": [{"task": task} for task in like],
                     "unlike": [{"task": task} for task in unlike],
                     "filters": {name: value for name, value in filters.items() if value is not None}})
    result = find(project_id, ask, limit, offset)
    views = search_views(get_label_studio(), project_id, view_title, [hit.task_id for hit in result.hits],
                         result.query) if view_title and result.hits else []
    kept = saved.create(project_id, saved_name, ask, size=limit, keep_view=True) if saved_name else None
    if as_json:
        print_json(result.to_json() | {"views": views, "url": view_url(project_id, views[0]) if views else None,
                                       "saved": kept})
        return
    print_table(["rank", "task", "similarity", "relevance", "video", "time", "frame"],
                [(offset + rank, hit.task_id, f"{hit.similarity:.3f}", hit.relevance, hit.video or "",
                  _clock(hit.video_time), "" if hit.frame_number is None else hit.frame_number)
                 for rank, hit in enumerate(result.hits, 1)])
    if result.nothing_found:
        say("Nothing found: even the best hits are noise.")
    say(f"{plural(len(result.hits), 'hit')} of {plural(result.total, 'ranked image')}"
        + (f", of {result.images} embedded" if result.total != result.images else "")
        + ("" if result.exact else f"; approximate, the best {result.window}")
        + (f"; {plural(result.waiting, 'image')} not embedded yet" if result.waiting else ""))
    for view in views:
        say(f"View: {view_url(project_id, view)}")
    if kept:
        say(f"Saved as “{kept['name']}”: {kept['url']}")


def _clock(seconds: float | None) -> str:
    """Return `1:02:03.450` for 3723.45 s; an empty text for None."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds, 3), 60)
    hours, minutes = divmod(int(minutes), 60)
    return (f"{hours}:{minutes:02d}" if hours else f"{minutes}") + f":{rest:06.3f}"
