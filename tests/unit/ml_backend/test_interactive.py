"""What a smart tool asks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from argus.errors import ArgusError
from label_studio_config.concepts import parse_label_config
from ml_backend.engines.base import Exemplars
from ml_backend.interactive import Request

PLAN = parse_label_config('<View><Image name="img" value="$image"/><RectangleLabels name="box" toName="img">'
                          '<Label value="cpu"/><Label value="fan"/></RectangleLabels></View>', default_threshold=0.4)


def box(x: Any = 10, label: str | None = "fan", **more: Any) -> dict[str, Any]:
    labels = {} if label is None else {"rectanglelabels": [label]}
    value = {"x": x, "y": 20, "width": 30, "height": 40, "rotation": 0, **labels}
    return {"type": "rectanglelabels", "value": value, **more}


def point(x: float = 50, positive: bool = True) -> dict[str, Any]:
    return {"type": "keypoint", "is_positive": positive, "value": {"x": x, "y": 25, "width": 0.3}}


def ask(*shapes: dict[str, Any]) -> Request:
    return Request.from_context({"result": list(shapes)}, PLAN)


def test_from_context__box_is_an_exemplar_of_its_label() -> None:
    request = ask(box(), box(x=60, is_positive=False))
    assert request.label == "fan"
    assert request.exemplars_in((200, 100)) == Exemplars(((20, 20, 80, 60), (120, 20, 180, 60)), (True, False))


def test_from_context__point_is_a_click() -> None:
    request = ask(point(), point(25, positive=False))
    assert request.points_in((200, 100)) == [(100, 25), (50, 25)]
    assert request.point_signs == (True, False)
    assert request.narrow(PLAN).concepts[0].threshold == 0.0
    assert request.label == "cpu"  # none was chosen: the first of the config


def test_from_context__text_is_a_prompt_and_names_its_label() -> None:
    request = ask({"type": "textarea", "value": {"text": ["Fan", " "]}})
    assert (request.prompts, request.label) == (("Fan",), "fan")
    assert request.exemplars_in((10, 10)) is None


def test_from_context__as_the_editor_sends_it() -> None:
    """Every region of the label, and what was drawn last, twice."""
    request = ask(box(x=0, origin="prediction"), box(x=5, origin="prediction-changed"), box(x=50, origin="manual"),
                  box(x=60, origin="manual"), box(x=60, origin="manual"))
    assert [b[0] for b in request.boxes] == [5, 50, 60]
    assert [b[0] for b in request.existing] == [0, 5, 50]
    assert request.existing_in((200, 100))[0] == (0, 20, 60, 60)


def test_from_context__a_box_past_the_edge_is_cut() -> None:
    exemplars = ask(box(x=-5), box(x=90)).exemplars_in((100, 100))
    assert exemplars is not None
    assert exemplars.boxes == ((0, 20, 25, 60), (90, 20, 100, 60))


def test_json__there_and_back() -> None:
    request = ask(box(), point(), {"value": {"text": "cpu"}})
    assert Request.from_json(json.loads(json.dumps(request.to_json()))) == request


@pytest.mark.parametrize("context", [
    None, [], {}, {"result": []}, {"result": "x"}, {"result": [3]}, {"result": [{"value": None}]},
    {"result": [{"value": {}}]}, {"result": [box(x=None)]}, {"result": [box(x="1")]}, {"result": [box(x=float("nan"))]},
    {"result": [box(x=1e300)]}, {"result": [box(x=True)]}, {"result": [box()] * 5001},
    {"result": [box(origin="prediction")]},
    {"result": [{"value": {"text": [" "]}}]},
])
def test_from_context__malformed(context: Any) -> None:
    with pytest.raises(ArgusError) as caught:
        Request.from_context(context, PLAN)
    assert caught.value.code == "bad_request"


def test_from_context__a_label_that_is_not_in_the_config() -> None:
    with pytest.raises(ArgusError) as caught:
        ask(box(label="<script>"))
    assert caught.value.code == "unknown_label"
