"""Reading label files of any format that is known, told apart by what is in them."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from argus.errors import ArgusError
from search_service.label_import import json_files, yolo
from search_service.label_import.coco import Coco, Measure
from search_service.label_import.found import Labels, Problem
from search_service.label_import.label_studio import LabelStudioTasks, Taken, is_tasks
from search_service.label_import.sources import Source

_OWN = ("version.json", "leaks/report.json", "metadata.json")  # of exports, beside the labels
_FORMATS = "COCO (JSON), YOLO (data.yaml and label files), Label Studio (JSON)"


def read_labels(source: Source, taken: Taken, measure: Measure = lambda name: None) -> Labels:
    """Read all labels of a source. What is malformed is told in `problems`, and the rest is there.

    Args:
        taken: what counts of tasks of Label Studio.
        measure: tells the size of an image that came along, by its name.

    Raises:
        ArgusError: `bad_request` when no format is recognized, or two are.
    """
    problems = [Problem(name, "", reason) for name, reason in source.left_out]
    bodies: list[tuple[str, JsonValue]] = []
    for name in source.names:
        if name.lower().endswith(".json") and name.lower() not in _OWN:
            try:
                bodies.append((name, json_files.parse(source.read(name, json_files.MAX_BYTES))))
            except ValueError as error:
                problems.append(Problem(name, "", str(error)))
            except ArgusError as error:
                problems.append(Problem(name, "", error.message))
    datasets = [(name, body) for name, body in bodies if isinstance(body, dict) and "images" in body
                and ("annotations" in body or "categories" in body)]
    lists = [(name, body) for name, body in bodies if isinstance(body, list) and body]
    tasks = [(name, body) for name, body in lists if is_tasks(body)]
    results = [(name, body) for name, body in lists if _is_results(body)]
    texts = [] if datasets or tasks or results else yolo.label_files(source.names)
    if (datasets or results) and tasks:
        raise ArgusError("bad_request", f"{tasks[0][0]} is Label Studio's JSON, and {(datasets or results)[0][0]} is "
                         "COCO's.", "Import one of them at a time.")
    if not (datasets or tasks or results or texts):
        told = f" {problems[0].file}: {problems[0].reason}." if problems else ""
        raise ArgusError("bad_request", f"There are no labels in a format that Argus reads.{told}",
                         f"It reads {_FORMATS}: a file, a folder or a ZIP.")
    labels = Labels("label-studio" if tasks else "yolo" if texts else "coco", problems=problems)
    if tasks:
        reader = LabelStudioTasks(labels, taken)
        for name, listed in tasks:
            reader.read(name, listed)
    elif texts:
        yolo.read(source, texts, labels)
    else:
        coco = Coco(labels, measure)
        for name, body in datasets:
            coco.read_dataset(name, body)
        for name, listed in results:
            coco.read_results(name, listed)
    return labels


def _is_results(items: Sequence[object]) -> bool:
    return any(isinstance(item, dict) and "image_id" in item and "category_id" in item for item in items[:100])
