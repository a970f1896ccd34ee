"""The first hits of a search in one picture."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from argus.errors import ArgusError
from argus_cli.contact_sheet import draw, write_sheet

WHITE, GREY, RED = (255, 255, 255), (211, 211, 211), (254, 0, 0)


def jpeg(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.mark.parametrize(("hits", "size"), [(1, (256, 276)), (5, (1248, 276)), (6, (1248, 544)), (11, (1248, 812))])
def test_draw__rows_of_five(hits: int, size: tuple[int, int]) -> None:
    assert draw([("task 1", jpeg(240, 135))] * hits).size == size


def test_draw__pictures_are_centred_above_their_captions_and_missing_ones_grey() -> None:
    sheet = draw([("task 1", jpeg(240, 120)), ("task 2", None), ("task 3", jpeg(80, 240))])
    assert [sheet.getpixel((128 + 248 * n, 128)) for n in range(3)] == [RED, GREY, RED]
    assert [sheet.getpixel((128 + 248 * n, 20)) for n in range(3)] == [WHITE, GREY, RED]
    assert [sheet.getpixel((12 + 248 * n, 128)) for n in range(3)] == [RED, GREY, WHITE]
    for place in range(3):
        caption = sheet.crop((8 + 248 * place, 249, 248 + 248 * place, 268)).convert("L")
        assert caption.getextrema()[0] < 64, "no letters"


def test_write_sheet__without_hits_is_told(tmp_path: Path) -> None:
    with pytest.raises(ArgusError, match="no hits to draw"):
        write_sheet(tmp_path / "hits.jpg", [])
    assert not list(tmp_path.iterdir())
