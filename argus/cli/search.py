"""`argus search`: find frames by text."""

from __future__ import annotations

import click

from argus.cli.output import json_option, plural, print_json, print_table, project_option, say


@click.command()
@click.argument("query")
@project_option
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="Hits to show.")
@click.option("--offset", type=click.IntRange(min=0), default=0, show_default=True, help="Hits to skip.")
@click.option("--view", "view_title", metavar="TITLE", help="Also make a Label Studio view of these hits.")
@json_option
def search(query: str, project_id: int, limit: int, offset: int, view_title: str | None, as_json: bool) -> None:
    """Find the frames that show QUERY, best first.

    QUERY is free text in any language the checkpoint knows. A word behind a minus sign excludes: "cpu -fan".
    """
    from argus.labelstudio import get_label_studio
    from label_studio_config.views import search_views
    from search_service.search import search as find
    from search_service.views import view_url

    result = find(project_id, query, limit, offset)
    views = search_views(get_label_studio(), project_id, view_title, [hit.task_id for hit in result.hits], query) \
        if view_title and result.hits else []
    if as_json:
        print_json(result.to_json() | {"views": views, "url": view_url(project_id, views[0]) if views else None})
        return
    print_table(["rank", "task", "similarity", "relevance", "video", "time", "frame"],
                [(offset + rank, hit.task_id, f"{hit.similarity:.3f}", hit.relevance, hit.video or "",
                  _clock(hit.video_time), "" if hit.frame_number is None else hit.frame_number)
                 for rank, hit in enumerate(result.hits, 1)])
    say(f"{plural(len(result.hits), 'hit')} of {plural(result.total, 'embedded image')}"
        + ("" if result.exact else f"; approximate, the best {result.window}")
        + (f"; {plural(result.waiting, 'image')} not embedded yet" if result.waiting else ""))
    for view in views:
        say(f"View: {view_url(project_id, view)}")


def _clock(seconds: float | None) -> str:
    """Return `1:02:03.450` for 3723.45 s; an empty text for None."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds, 3), 60)
    hours, minutes = divmod(int(minutes), 60)
    return (f"{hours}:{minutes:02d}" if hours else f"{minutes}") + f":{rest:06.3f}"
