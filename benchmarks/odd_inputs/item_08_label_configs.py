"""8. Label configs: several images, nested and further keys, `valueList`, and numbers of labels that stay."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.odd_inputs import Case, product
from benchmarks.odd_inputs.label_studio import Below, client, label_studio

ITEMS = (8,)
_TWO = ('<View><Image name="before" value="$url_before"/><Image name="after" value="$url"/>'
        '<RectangleLabels name="longer" toName="before"><Label value="cpu"/></RectangleLabels>'
        '<RectangleLabels name="short" toName="after"><Label value="fan"/></RectangleLabels></View>')
_ADDED = '<BrushLabels name="b" toName="i"><Label value="a"/><Label value="fan"/></BrushLabels>'


def cases(work: Path) -> Iterator[Case]:
    from tests import videos

    with label_studio() as below:
        yield from _exports(below)
        video = str(videos.write(work / "line.mp4", 25))
        taken, told = "frames are tasks that Label Studio takes", "a config without uploads is told before any is sent"
        for kind, instance, image, further, right in (
                (taken, "an image at $frame.urls[0]", 'value="$frame.urls[0]"', "", {"frame": {"urls": ["a frame"]}}),
                (taken, "an image at $frame.url", 'value="$frame.url"', "", {"frame": {"url": "a frame"}}),
                (taken, "several images (valueList)", 'valueList="$images"', "", {"images": ["a frame"]}),
                (told, "a text of each task", 'value="$image"', '<Text name="t" value="$title"/>',
                 "refused: bad_request"),
                (told, "a second image", 'value="$image"', '<Image name="j" value="$other.url"/>',
                 "refused: bad_request")):
            config = _config('<Label value="cpu"/>', further, image)
            project = below.api.post("/api/projects/", {"title": "Frames", "label_config": config})["id"]
            yield Case(8, kind, instance, below.version, right, "imported", [below.given(), project, video])


def _exports(below: Below) -> Iterator[Case]:
    box = {"type": "rectanglelabels", "original_width": 64, "original_height": 48}
    regions = [{**box, "from_name": control, "to_name": image, "id": control,
                "value": {"x": x, "y": 10, "width": 20, "height": 20, "rectanglelabels": [label]}}
               for control, image, x, label in (("longer", "before", 10, "cpu"), ("short", "after", 50, "fan"))]
    two = _project(below, _TWO, {"url_before": "/x/reference.jpg", "url": "/x/part.jpg"}, regions)
    yield Case(8, "an export has an image with its own regions", "two images, a region on each", below.version,
               ["reference.jpg", ["cpu"]], "exported", [below.given(), two])
    region = [{**regions[0], "to_name": "i"}]
    labels = '<Label value="fan"/><Label value="cpu"/>'
    for instance, config, right in (
            ("as the labels stand in the XML", _config(labels), {"fan": 1, "cpu": 2}),
            ("a control with a shorter name is added below", _config(labels, _ADDED), {"fan": 1, "cpu": 2, "a": 3}),
            ("by the attribute category", _config('<Label value="fan" category="5"/><Label value="cpu" category="2"/>'),
             {"cpu": 2, "fan": 5})):
        yield Case(8, "category ids stay", instance, "the order of the XML, and Label Studio's documents of category",
                   right, "numbered", [below.given(), _project(below, config, {"image": "/a.jpg"}, region)])


def _config(labels: str, further: str = "", image: str = 'value="$image"') -> str:
    return (f'<View><Image name="i" {image}/><RectangleLabels name="longer" toName="i">{labels}</RectangleLabels>'
            f"{further}</View>")


def _project(below: Below, config: str, data: dict[str, Any], regions: list[dict[str, Any]]) -> int:
    project = below.api.post("/api/projects/", {"title": "Exported", "label_config": config})["id"]
    task = below.api.post("/api/tasks/", {"project": project, "data": data})["id"]
    below.api.post(f"/api/tasks/{task}/annotations/", {"result": regions})
    return int(project)


def imported(argument: list[Any]) -> Any:
    """Return where an imported frame's task has its image; what is of the video is left out."""
    given, project, video = argument
    ls = client(given)
    product("search_service.frames.video_import", "search_service.frames", "import_video")(video, project, 1, ls=ls)
    tasks = list(ls.tasks(project))
    for task in tasks:  # for the other side
        ls.request("DELETE", f"/api/tasks/{task['id']}/")
    place = tasks[0]["data"]
    text = json.dumps({key: value for key, value in place.items() if not key.startswith(("video", "frame_number"))})
    return json.loads("".join('"a frame"' if "/data/upload/" in part else part for part in _strings(text)))


def _strings(text: str) -> list[str]:
    """Return JSON in pieces: its texts with their quotes, and what stands between them."""
    return re.split(r'("[^"]*")', text)


def exported(argument: list[Any]) -> Any:
    """Return the name of the exported image, and the labels of its objects."""
    document = _export(argument)
    names = {category["id"]: category["name"] for category in document["categories"]}
    return [document["images"][0]["file_name"], [names[one["category_id"]] for one in document["annotations"]]]


def numbered(argument: list[Any]) -> Any:
    """Return the number of each label."""
    return {category["name"]: category["id"] for category in _export(argument)["categories"]}


def _export(argument: list[Any]) -> Any:
    given, project = argument
    with tempfile.TemporaryDirectory() as folder:
        product("search_service.export", "argus.export", "export_project")(
            project, "coco", Path(folder) / "out", with_images=False, label_studio=client(given), images=None)
        return json.loads((Path(folder) / "out" / "annotations.json").read_text(encoding="utf-8"))
