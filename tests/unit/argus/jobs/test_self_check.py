"""What a worker says of itself, as it travels: workers and doctors of other versions read the same fields."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from rq.serializers import JSONSerializer

from argus.errors import ArgusError
from argus.jobs import queues, self_check
from argus.jobs.self_check import ModelTest

FIELDS = {"version", "host", "home", "free", "writable", "time"}


def sent(value: Any) -> Any:
    return JSONSerializer.loads(JSONSerializer.dumps(value))


def test_examine__of_a_role_without_a_model_has_none() -> None:
    said = sent(self_check.examine())
    assert said.keys() == FIELDS and said["writable"] is True and said["free"] > 0


def test_examine__of_a_model() -> None:
    passed = ModelTest(checkpoint="c", device="cpu", seconds=0.5, fresh=True)
    said = sent(self_check.examine(lambda: passed))
    assert said.keys() == FIELDS | {"model"} and queues.unpack(said["model"]) == passed


def test_examine__of_a_model_that_fails_is_an_answer_with_its_error() -> None:
    def broken() -> ModelTest:
        raise ArgusError("model_broken", "NaN.", "Download it again.")

    packed = sent(self_check.examine(broken))["model"]
    assert packed == {"error": {"code": "model_broken", "message": "NaN.", "hint": "Download it again.", "details": {}}}
    with pytest.raises(ArgusError, match="NaN"):
        queues.unpack(packed)


def test_fetch_image__says_size_and_sides_or_the_packed_error(monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = BytesIO()
    Image.new("RGB", (7, 5)).save(buffer, "PNG")
    images = type("Images", (), {"download": staticmethod(lambda _image: buffer.getvalue())})()
    monkeypatch.setattr(self_check, "get_images", lambda: images)
    assert sent(self_check.fetch_image(1, 2, "/x.png")) == {"bytes": len(buffer.getvalue()), "width": 7, "height": 5}

    def refuse(_image: object) -> bytes:
        raise ArgusError("image_forbidden", "No.")

    images.download = refuse
    assert sent(self_check.fetch_image(1, 2, "/x.png"))["error"]["code"] == "image_forbidden"
