"""3. Typed text is read as people type it, by what Chromium knows of Unicode and the tokenizers know of texts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from benchmarks.odd_inputs import Case, product
from benchmarks.odd_inputs.chromium import executable

ITEMS = (3,)
CHECKPOINTS = Path(__file__).resolve().parents[2] / "demo" / "checkpoints"
LETTERS = ("ＣＰＵ", "ﾌｧﾝ", "ﾊｰﾄﾞﾃﾞｨｽｸ", "ｇｒａｐｈｉｃｓ　ｃａｒｄ")
DASHES = ("－", "‐", "‑", "–", "—", "―", "−", "﹣")
QUOTES = (("“", "”"), ("„", "“"), ("«", "»"), ("「", "」"), ("『", "』"), ("｢", "｣"), ("＂", "＂"), ("‘", "’"))
LABELS = ("ＣＰＵ", "ﾌｧﾝ", "ＲＡＭ_ｓｔｉｃｋ")
TITLES = ("？ cpu", "？ＣＰＵ", "search：cpu", "﹖cpu")
SENTENCE = "この画面の右上にある赤い部品を探してください"


def cases(work: Path) -> Iterator[Case]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=["--no-sandbox"])
        page, name = browser.new_page(), f"Chromium {browser.version.split('.')[0]}"
        yield from _queries(page, name)
        for label in LABELS:
            yield Case(3, "a label is asked for by its plain letters and kept as it is", label, f"{name}, normalize",
                       {label: [_plain(page, label).replace("_", " ")]}, "prompts", label)
        for title in TITLES:
            asked = _plain(page, title).removeprefix("?").removeprefix("search:").strip()
            yield Case(3, "the title of a tab asks", title, f"{name}, normalize", asked, "asked", title)
        browser.close()
    yield _cut(work)


def _queries(page: Page, name: str) -> Iterator[Case]:
    for letters in LETTERS:
        yield Case(3, "letters of any width", letters, f"{name}, normalize",
                   {"wanted": _plain(page, letters).lower(), "excluded": []}, "read", letters)
    for dash in DASHES:
        if _is(page, dash, "Dash"):
            yield Case(3, "any dash excludes", f"cpu {dash}fan", f"{name}, Dash",
                       {"wanted": "cpu", "excluded": ["fan"]}, "read", f"cpu {dash}fan")
    for begin, end in QUOTES:
        if _is(page, begin, "Quotation_Mark") and _is(page, end, "Quotation_Mark"):
            for query, kind in ((f"cpu -{begin}fan blade{end}", "any quotes hold a phrase"),
                                (f"cpu -{begin}fan blade", "an open quote makes no wish of an exclusion")):
                yield Case(3, kind, query, f"{name}, Quotation_Mark", {"wanted": "cpu", "excluded": ["fan blade"]},
                           "read", query)


def _cut(work: Path) -> Case:
    """A prompt that is longer than the model reads: the tokenizer cuts it in silence."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(CHECKPOINTS / "sam3-tiny")
    kept = tokenizer(SENTENCE, truncation=True, max_length=32)["input_ids"]
    length = next(n for n in range(len(SENTENCE) + 1) if tokenizer(
        SENTENCE[:n], truncation=True, max_length=32)["input_ids"] == kept)
    return Case(3, "what is not read of a prompt is told", SENTENCE, "the checkpoint's tokenizer, 32 tokens",
                SENTENCE[length:], "untold", SENTENCE)


def _plain(page: Page, text: str) -> str:
    return str(page.evaluate("text => text.normalize('NFKC')", text))


def _is(page: Page, sign: str, what: str) -> bool:
    return bool(page.evaluate("([sign, what]) => new RegExp(`^\\\\p{${what}}$`, 'u').test(sign)", [sign, what]))


def read(argument: str) -> Any:
    """Return what a query is read as."""
    query = product("search_service.search.query_text", "search_service.query", "parse_query")(argument)
    return {"wanted": query.wanted, "excluded": list(query.excluded)}


def prompts(argument: str) -> Any:
    """Return what the model is asked for, for a label of this name."""
    config = ('<View><Image name="i" value="$image"/><RectangleLabels name="r" toName="i">'
              f'<Label value="{argument}"/></RectangleLabels></View>')
    parse = product("label_studio_config.label_config", "label_studio_config.concepts", "parse_label_config")
    return {concept.label: list(concept.prompts) for concept in parse(config, default_threshold=0.5).concepts}


def asked(argument: str) -> Any:
    """Return the query of a tab's title, None when it asks nothing."""
    return product("search_service.views.query_tabs", "search_service.tabs", "query_of")(argument)


def untold(argument: str) -> Any:
    """Return the end of a prompt that the engine says it does not read; nothing when it has no way to say it."""
    settings = product("argus.settings", "Settings")(sam3_model=str(CHECKPOINTS / "sam3-tiny"), device="cpu")
    engine = product("ml_backend.engines", "load_engine")(settings)
    said = getattr(engine, "unread", lambda texts: [""] * len(texts))([argument])
    return json.loads(json.dumps(said[0]))
