"""Hits of a search as the commands ask for them and print them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from argus_cli import links
from argus_cli.output import F, plural, print_table, say

if TYPE_CHECKING:
    from argus.answers.search import SearchResult
    from search_service.search.query import SearchQuery


def page_options(command: F) -> F:
    """Add `--limit` and `--offset`."""
    limit = click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="Hits to show.")
    offset = click.option("--offset", type=click.IntRange(min=0), default=0, show_default=True,
                          help="Hits to skip first.")
    return limit(offset(command))


def show_hits(result: SearchResult, query: SearchQuery) -> None:
    """Print the hits as a table, and below it what they were chosen from."""
    print_table(["rank", "task", "similarity", "relevance", "video", "time", "frame"],
                [(result.offset + rank, links.task(result.project, hit.task), f"{hit.similarity:.3f}",
                  hit.relevance, hit.video_name or "", clock(hit.video_time),
                  "" if hit.frame_number is None else hit.frame_number)
                 for rank, hit in enumerate(result.hits, 1)])
    if result.nothing_found:
        say("Nothing found: even the best hits are unlikely.")
    for end in result.unread:
        say(f"The model reads the first 64 tokens of a text; it does not read “{end}”.")
    say(f"{plural(len(result.hits), 'hit')} of {plural(result.total, 'ranked image')}"
        + (f", of {result.images} embedded" if result.total != result.images else "")
        + ("" if result.exact else f"; approximate, the best {result.window}")
        + (f"; {plural(result.waiting, 'image')} not embedded yet" if result.waiting else ""))
    say(f"Pictures: {links.search_page(result.project, query)}")


def clock(seconds: float | None) -> str:
    """Return `1:02:03.450` for 3723.45 s; an empty text for None."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds, 3), 60)
    hours, minutes = divmod(int(minutes), 60)
    return (f"{hours}:{minutes:02d}" if hours else f"{minutes}") + f":{rest:06.3f}"
