"""Text as people type it, and as it is read."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest

from argus.typed_text import fold, maybe_longer, model_text, same_name, split_list, unread

CHECKPOINTS = Path(__file__).parents[3] / "demo" / "checkpoints"


@pytest.mark.parametrize(("typed", "plain"), [
    ("ＣＰＵ", "CPU"), ("ﾌｧﾝ", "ファン"), ("ﾊｰﾄﾞﾃﾞｨｽｸ", "ハードディスク"), ("ハードディスク", "ハードディスク"),
    ("heat－sink", "heat-sink"), ("heat‐sink", "heat-sink"), ("10–20", "10-20"), ("a—b", "a-b"), ("a−b", "a-b"),
    ("a─b", "a-b"), ("worker’s", "worker's"), ("“red fan”", '"red fan"'), ("「赤いファン」", '"赤いファン"'),
    ("｢ﾌｧﾝ｣", '"ファン"'), ("«fan»", '"fan"'), ("5″", '5"'), ("？", "?"), ("：", ":"), ("a、b，c､d", "a,b,c,d"),
    ("\ufeffcpu\u200b", "cpu"), ("Lu\u0308fter", "Lüfter"), ("क्\u200dष", "क्\u200dष"), ("cpu fan", "cpu fan"),
])
def test_fold(typed: str, plain: str) -> None:
    assert fold(typed) == plain


def test_fold__knows_every_dash_of_unicode_but_those_that_mean_to() -> None:
    dashes = {chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Pd"}
    assert {dash for dash in dashes if fold(dash) != "-"} == {"〜", "〰"}


def test_fold__keeps_case_and_spaces_and_model_text_does_not() -> None:
    assert fold("  Red  ＦＡＮ ") == "  Red  FAN "
    assert model_text("  Red\u3000ＦＡＮ ") == "red fan"


@pytest.mark.parametrize("spelling", ["ＣＰＵ", "cpu", " Cpu ", "ｃｐｕ"])
def test_same_name(spelling: str) -> None:
    assert same_name(spelling) == same_name("CPU")
    assert same_name(spelling) != same_name("GPU")


@pytest.mark.parametrize(("typed", "parts"), [
    ("cpu、fan，hdd", ["cpu", "fan", "hdd"]), ("cpu,fan, hdd", ["cpu", "fan", "hdd"]),
    ("ＣＰＵ､ ﾌｧﾝ ,", ["ＣＰＵ", "ﾌｧﾝ"]), ("معالج، مروحة", ["معالج", "مروحة"]), ("heat–sink", ["heat–sink"]),
    (" 、, ", []), ("", []),
])
def test_split_list__parts_stay_as_they_were_typed(typed: str, parts: list[str]) -> None:
    assert split_list(typed) == parts


def test_the_page_splits_at_the_same_signs() -> None:
    page = Path("search_service/web/js/typed.js").read_text("utf-8")
    match = re.search(r"SEPARATORS = /\[(.*)\]/", page)
    assert match is not None
    assert all(split_list(f"a{sign}b") == ["a", "b"] for sign in match[1])
    assert set(match[1]) == {chr(code) for code in range(0x20, 0x10000)
                             if not 0xD800 <= code < 0xE000 and split_list(f"a{chr(code)}b") == ["a", "b"]}


@pytest.mark.parametrize(("checkpoint", "tokens", "text", "end"), [
    ("sam3-tiny", 32, "cpu " * 31, "cpu"), ("sam3-tiny", 32, "cpu " * 30, ""),
    ("sam3-tiny", 32, "ＣＰＵ " * 31, "cpu"),
    ("siglip2-tiny", 64, "fan " * 64, "fan"), ("siglip2-tiny", 64, "fan " * 63, ""),
])
def test_unread__is_what_stands_behind_the_last_token(checkpoint: str, tokens: int, text: str, end: str) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(CHECKPOINTS / checkpoint)
    assert unread(tokenizer, [text], tokens) == [end]
    assert maybe_longer(text, tokens) or not end


def test_unread__a_japanese_sentence_has_more_tokens_than_signs() -> None:
    from transformers import AutoTokenizer

    sentence = "この画面の右上にある赤い部品を探してください"
    tokenizer = AutoTokenizer.from_pretrained(CHECKPOINTS / "sam3-tiny")
    (end,) = unread(tokenizer, [sentence], 32)
    read = sentence.removesuffix(end)
    ids = [tokenizer(text, truncation=True, max_length=32)["input_ids"] for text in (sentence, read + "別の言葉です")]
    assert 0 < len(end) < len(sentence) and ids[0] == ids[1]  # the model cannot tell them apart
