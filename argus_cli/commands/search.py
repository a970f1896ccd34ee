"""`argus search`: find frames by text, by example, and among those that pass filters."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import click

from argus.answers.search import ExampleSpec
from argus.errors import ArgusError
from argus.typed_text import split_list
from argus_cli import links
from argus_cli.contact_sheet import write_sheet
from argus_cli.output import ids_option, json_option, plural, print_ids, print_json, project_option, say
from argus_cli.output_hits import page_options, show_hits
from argus_cli.output_objects import refuse_for_objects, search_objects
from argus_cli.recorded import recorded


@click.command()
@click.argument("query", default="")
@project_option
@page_options
@click.option("--like", type=click.IntRange(min=1), multiple=True, metavar="TASK",
              help="Similar to the image of this task; repeatable.")
@click.option("--unlike", type=click.IntRange(min=1), multiple=True, metavar="TASK", help="Not similar to the image "
              "of this task; repeatable.")
@click.option("--image", "images", type=click.Path(exists=True, dir_okay=False, path_type=Path), multiple=True,
              metavar="FILE", help="Similar to this image file; repeatable.")
@click.option("--box", metavar="X0,Y0,X1,Y1", help="Only this region of the one --like or --image: left, top, right "
                                                   "and bottom as fractions of the sides, for example 0.1,0.2,0.5,0.6.")
@click.option("--objects", "of_objects", is_flag=True, help="Find objects that were detected, by the look of their "
                                                            "crops, and not whole images.")
@click.option("--like-object", type=click.IntRange(min=1), multiple=True, metavar="OBJECT",
              help="Similar to this object, a hit of --objects; repeatable.")
@click.option("--unlike-object", type=click.IntRange(min=1), multiple=True, metavar="OBJECT",
              help="Not similar to this object; repeatable.")
@click.option("--min-score", type=click.FloatRange(0, 1), help="With --objects: only those detected with this score or "
                                                               "more.")
@click.option("--max-score", type=click.FloatRange(0, 1), help="With --objects: only those detected with this score or "
                                                               "less.")
@click.option("--labelled/--unlabelled", default=None, help="Only tasks with, or without, an annotation.")
@click.option("--predicted/--unpredicted", default=None, help="Only tasks with, or without, a prediction.")
@click.option("--band", type=click.Choice(["high", "medium", "low", "nothing_found"]), help="Only tasks of this band.")
@click.option("--label", default="", help="Only tasks with this label.")
@click.option("--label-in", type=click.Choice(["any", "annotations", "predictions"]), default="any", show_default=True,
              help="Where to look for --label.")
@click.option("--video", default="", help="Only frames of this video: its id, or its name; `argus videos` lists them.")
@click.option("--from", "video_from", type=click.FloatRange(min=0), metavar="SECONDS",
              help="Only frames from this time on.")
@click.option("--to", "video_to", type=click.FloatRange(min=0), metavar="SECONDS", help="Only frames up to this time.")
@click.option("--captured-from", metavar="TIME", help="Only images taken at or after this time (ISO 8601; UTC unless "
                                                      "it names a zone).")
@click.option("--captured-to", metavar="TIME", help="Only images taken up to this time.")
@click.option("--flaw", type=click.Choice(["dark", "blurred", "frozen"]), help="Only images measured so.")
@click.option("--collapse", is_flag=True, help="Hide near-duplicates: show one of each group.")
@click.option("--view", "view_title", metavar="TITLE", help="Also create a Label Studio view of these hits.")
@click.option("--save", "saved_name", metavar="NAME", help="Also save the search, with a view that includes new "
                                                           "images as they arrive; "
                                                          "`argus saved-searches` lists them.")
@click.option("--sheet", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Also draw up to 200 of the hits into this image file, for example hits.jpg.")
@click.option("--open", "open_page", is_flag=True, help="Open the hits on Argus's page in a browser.")
@ids_option
@json_option
@recorded(lambda options: "saved-search.create" if options["saved_name"] else "")
def search(query: str, project_id: int, limit: int, offset: int, like: tuple[int, ...], unlike: tuple[int, ...],
           images: tuple[Path, ...], box: str | None, of_objects: bool, like_object: tuple[int, ...],
           unlike_object: tuple[int, ...], view_title: str | None, saved_name: str | None,
           sheet: Path | None, open_page: bool, ids_only: bool, as_json: bool, **filters: Any) -> None:
    """Find the images that match QUERY, best first.

    QUERY is free text in any language the checkpoint knows. A minus sign excludes a word: "cpu -fan".

    \b
        argus search "red fan -cpu" --project 7 --unlabelled
        argus search --project 7 --like 12 --box 0.1,0.2,0.5,0.6
        argus search --project 7 --image part.jpg
        argus search "red fan" --ids | argus annotate --task - --label fan
        argus search "red fan" --sheet hits.jpg
        argus search "red fan" --objects --label fan
    """
    from search_service.api.schemas.search import read
    from search_service.search.query import ObjectQuery, SearchQuery
    from search_service.search.search import find
    from search_service.views import saved_searches
    from search_service.views.search_views import show, view_url

    asked = {"text": query, "like": [*_examples(like, images, box), *({"object": number} for number in like_object)],
             "unlike": [*({"task": task} for task in unlike), *({"object": number} for number in unlike_object)],
             "filters": {name: value for name, value in filters.items() if value is not None}}
    if of_objects:
        refuse_for_objects(bool(saved_name or sheet or open_page))
        return search_objects(project_id, read(ObjectQuery, asked), limit, offset, view_title, ids_only, as_json)
    ask = read(SearchQuery, asked)
    result = find(project_id, ask, limit, offset)
    unread = write_sheet(sheet, result.hits) if sheet else 0
    kept = saved_searches.create(project_id, saved_name, ask, size=limit, keep_view=True) if saved_name else None
    text_alone = ask.text if ask.to_json().keys() == {"text"} else ""  # what a refresh of the view would search for
    views: list[int] = []
    if kept and view_title and view_title.strip() == kept.name:  # one view cannot follow a search and stay as it is
        views = kept.views
    elif view_title and result.hits:
        tasks = [hit.task for hit in result.hits]
        views = show(project_id, view_title, tasks, text_alone)
    if open_page:
        click.launch(links.search_page(project_id, ask))
    if ids_only:
        return print_ids(hit.task for hit in result.hits)
    if as_json:
        print_json(result.model_dump(mode="json") | {
            "views": views, "url": view_url(project_id, views[0]) if views else None, "saved": kept})
        return
    show_hits(result, ask)
    if sheet:
        say(f"Contact sheet: {sheet}" + (f"; {plural(unread, 'image')} could not be read" if unread else ""))
    for view in views:
        say(f"View: {view_url(project_id, view)}")
    if kept:
        say(f"Saved as “{kept.name}”: {kept.url}" if kept.url else f"Saved as “{kept.name}”; its view follows: "
            f"{kept.error.message}" if kept.error else f"Saved as “{kept.name}”.")


def _examples(like: tuple[int, ...], images: tuple[Path, ...], box: str | None) -> list[ExampleSpec]:
    """Return what hits are to be like. Raises `bad_request` for a box that is not of one picture."""
    wanted: list[ExampleSpec] = [{"task": task} for task in like]
    wanted += [{"image": base64.b64encode(file.read_bytes()).decode()} for file in images]
    if box is not None:
        if len(wanted) != 1:
            raise ArgusError("bad_request", "--box needs exactly one --like or --image: it is a part of that picture.")
        wanted[0]["box"] = split_list(box)  # type: ignore[typeddict-item]  # numbers as text, which the query reads
    return wanted
