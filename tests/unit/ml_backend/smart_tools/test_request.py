"""What a smart tool asks."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from argus.errors import ArgusError
from label_studio_config.label_config import parse_label_config
from ml_backend.engines.base import Exemplars
from ml_backend.smart_tools.request import Request

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
    assert [(c.label, c.threshold) for c in request.narrow(PLAN, "fan").concepts] == [("fan", 0.0)]
    assert request.label is None  # none was chosen: the model says what it is


def test_from_context__a_config_with_one_label_leaves_no_choice() -> None:
    only = parse_label_config('<View><Image name="img" value="$image"/><BrushLabels name="m" toName="img">'
                              '<Label value="cpu"/></BrushLabels></View>', default_threshold=0.4)
    assert Request.from_context({"result": [point()]}, only).label == "cpu"


def test_from_context__text_is_a_prompt_and_names_its_label() -> None:
    request = ask({"type": "textarea", "value": {"text": ["Fan", " "]}})
    assert (request.prompts, request.label) == (("Fan",), "fan")
    assert request.exemplars_in((10, 10)) is None
    assert ask({"type": "textarea", "value": {"text": "blue fan"}}).label is None
    assert ask({"type": "textarea", "value": {"text": "blue fan"}}, box(label="cpu")).label == "cpu"


def test_from_context__text_that_is_a_prompt_of_a_label_names_it() -> None:
    plan = parse_label_config(
        '<View><Image name="img" value="$image"/><RectangleLabels name="box" toName="img"><Label value="cpu"/>'
        '<Label value="fan" predicted_values="cooling fan, ventilator"/></RectangleLabels></View>',
        default_threshold=0.4)
    assert Request.from_context({"result": [{"value": {"text": ["Ventilator"]}}]}, plan).label == "fan"


def test_from_context__as_the_editor_sends_it() -> None:
    """Every region of the label, and what was drawn last, twice."""
    request = ask(box(x=0, origin="prediction"), box(x=5, origin="prediction-changed"), box(x=50, origin="manual"),
                  box(x=60, origin="manual"), box(x=60, origin="manual"))
    exemplars = request.exemplars_in((100, 100))
    assert exemplars is not None
    assert [b[0] for b in exemplars.boxes] == [5, 50, 60]
    assert [b[0] for b in request.existing_in((100, 100))] == [0, 5, 50]
    assert request.existing_in((200, 100))[0] == (0, 20, 60, 60)


def test_from_context__a_box_past_the_edge_is_cut() -> None:
    exemplars = ask(box(x=-5), box(x=90)).exemplars_in((100, 100))
    assert exemplars is not None
    assert exemplars.boxes == ((0, 20, 25, 60), (90, 20, 100, 60))


def test_from_context__a_turned_box_is_the_box_around_it() -> None:
    turned = box(x=50, original_width=200, original_height=100)
    turned["value"] |= {"y": 50, "width": 20, "height": 10, "rotation": 90}  # 40 x 10 pixels at (100, 50)
    exemplars = ask(turned).exemplars_in((200, 100))
    assert exemplars is not None
    assert exemplars.boxes[0] == pytest.approx((90, 50, 100, 90))  # clockwise about its first corner: down and left


def test_from_context__polygon_and_ellipse_are_the_box_around_them() -> None:
    polygon = {"value": {"points": [[10, 20], [30, 20], [20, 60]], "polygonlabels": ["cpu"]}}
    ellipse = {"value": {"x": 50, "y": 50, "radiusX": 10, "radiusY": 20, "rotation": 0, "ellipselabels": ["cpu"]}}
    request = ask(polygon, ellipse)
    assert request.exemplars_in((100, 100)) == Exemplars(((10, 20, 30, 60), (40, 30, 60, 70)), (True, True))
    assert request.points == ()


def test_from_context__a_mask_asks_nothing() -> None:
    mask = {"type": "brushlabels", "value": {"format": "rle", "rle": [1, 2], "brushlabels": ["fan"]}}
    assert ask(mask, point()).points == ((50, 25),)


def test_from_context__the_editor_names_the_label_of_a_click() -> None:
    click = point()
    click["value"]["labels"] = ["fan"]
    assert ask(click).label == "fan"


def test_json__there_and_back() -> None:
    for request in (ask(box(), {"value": {"text": "cpu"}}), ask(point(), point(9, positive=False))):
        assert Request.from_json(json.loads(json.dumps(request.to_json()))) == request


def test_json__stays_small_however_much_is_drawn() -> None:
    round_ = [[50 + 40 * math.cos(i), 50 + 40 * math.sin(i)] for i in range(10_000)]
    drawn = [{"value": {"points": [[x, y + n / 100] for x, y in round_], "polygonlabels": ["cpu"]}} for n in range(20)]
    assert len(json.dumps(ask(*drawn).to_json())) < 20_000


def test_from_context__more_is_typed_than_anybody_looks_for() -> None:
    with pytest.raises(ArgusError, match="10,000 characters") as caught:
        ask({"value": {"text": "fan " * 3000}})
    assert caught.value.code == "bad_request"


@pytest.mark.parametrize("context", [
    None, [], {}, {"result": []}, {"result": "x"}, {"result": [3]}, {"result": [{"value": None}]},
    {"result": [{"value": {}}]}, {"result": [box(x=None)]}, {"result": [box(x="1")]}, {"result": [box(x=float("nan"))]},
    {"result": [box(x=1e300)]}, {"result": [box(x=True)]}, {"result": [box()] * 5001},
    {"result": [box(origin="prediction")]},
    {"result": [{"value": {"text": [" "]}}]}, 7, "x", {"result": [{"value": {"rle": [1], "format": "rle"}}]},
    {"result": [box(x=101)]}, {"result": [box(x=-31)]}, {"result": [point(100.1)]}, {"result": [point(-1)]},
    {"result": [point(positive=False)]}, {"result": [box(is_positive=False)]}, {"result": [box(is_positive=0)]},
    {"result": [box(), point()]}, {"result": [{"value": {"x": 1, "y": 1, "width": 0, "height": 0}}]},
    {"result": [{"value": {"x": 5, "y": 5, "width": -2, "height": 3}}]}, {"result": [{"value": {"points": []}}]},
    {"result": [{"value": {"points": [[1, 2], [3]]}}]}, {"result": [{"value": {"points": [[1, float("inf")]]}}]},
    {"result": [{"value": {"x": 1, "y": 1, "width": 9, "height": 9, "rotation": "90"}}]},
    {"result": [{"original_width": 0, "value": {"x": 1, "y": 1, "width": 9, "height": 9, "rotation": 9}}]},
])
def test_from_context__malformed(context: Any) -> None:
    with pytest.raises(ArgusError) as caught:
        Request.from_context(context, PLAN)
    assert caught.value.code == "bad_request"


def test_from_context__a_label_that_is_not_in_the_config() -> None:
    with pytest.raises(ArgusError) as caught:
        ask(box(label="<script>"))
    assert caught.value.code == "unknown_label"
