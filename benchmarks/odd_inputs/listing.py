"""A stand-in for Label Studio's listing: the exporter's requests answered from a list of made-up tasks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

VERSION = "sam3-1"
SIZE = (200, 100)  # of the images, width and height in pixels


class Listing:
    """Answers what the exporter asks of Label Studio; all tasks are in every listing."""

    def __init__(self, tasks: Sequence[dict[str, Any]], labels: Sequence[str] = ("cpu", "fan")) -> None:
        self.tasks, self._labels = list(tasks), list(labels)

    def project(self, project_id: int) -> dict[str, Any]:
        box = {"type": "RectangleLabels", "inputs": [{"type": "Image", "value": "image"}], "labels": self._labels,
               "to_name": ["image"]}
        xml = ('<View><Image name="image" value="$image"/><RectangleLabels name="box" toName="image">'
               + "".join(f"<Label value={quoteattr(label)}/>" for label in self._labels) + "</RectangleLabels></View>")
        # The baseline reads Label Studio's own reading of the config.
        return {"id": project_id, "title": "Made up", "label_config": xml, "parsed_label_config": {"box": box},
                "model_version": VERSION, "task_number": len(self.tasks)}

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        last = next((item["value"] for item in json.loads(params["query"])["filters"]["items"]
                     if item["filter"] == "filter:tasks:id"), 0)
        return {"total": len(self.tasks), "tasks": json.loads(json.dumps([t for t in self.tasks if t["id"] > last]))}


def task(number: int, result: Sequence[dict[str, Any]], *, video: str = "",
         predictions: Sequence[Sequence[dict[str, Any]]] = (), image: str = "/data/upload/1/a.jpg") -> dict[str, Any]:
    """Return a task with one annotation, and predictions of the current model version."""
    annotation = {"id": number, "result": list(result), "updated_at": "2026-01-01", "was_cancelled": False}
    return {"id": number, "data": {"image": image, **({"video": video} if video else {})}, "annotations": [annotation],
            "predictions": [{"id": 100 * number + index, "model_version": VERSION, "result": list(regions)}
                            for index, regions in enumerate(predictions)]}


def box(x: float, id: str, label: str = "cpu", width: float = 20) -> dict[str, Any]:
    """Return a rectangle region; positions in percent."""
    return _region("rectanglelabels", {"x": x, "y": 10, "width": width, "height": 20}, id, label)


def polygon(points: Sequence[tuple[float, float]], id: str, label: str = "cpu") -> dict[str, Any]:
    """Return a polygon region; points in pixels."""
    percent = [[100 * x / SIZE[0], 100 * y / SIZE[1]] for x, y in points]
    return _region("polygonlabels", {"points": percent, "closed": True}, id, label)


def _region(kind: str, value: dict[str, Any], id: str, label: str) -> dict[str, Any]:
    return {"id": id, "type": kind, "original_width": SIZE[0], "original_height": SIZE[1],
            "value": value | {kind: [label]}}
