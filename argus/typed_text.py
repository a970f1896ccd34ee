"""Typed text, read as people type it: full-width letters, half-width kana, any dash, any quotes, any comma.

What is matched or given to a model is folded; names that people chose (labels, titles) stay as they are, letter by
letter. `search_service/web/js/typed.js` does the same on the page.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

_DASHES = "−⁃─━"  # that Unicode takes for something else: minus, bullet, lines of tables
_TO = "〜〰"  # dashes that stand for “to”
_DOUBLE_QUOTES = "“”„‟″〝〞〟⹂«»‹›「」『』《》"
_SINGLE_QUOTES = "‘’‚‛′´`"
_COMMAS = "、،"
_PLAIN = str.maketrans(dict.fromkeys(_DASHES, "-") | dict.fromkeys(_DOUBLE_QUOTES, '"')
                       | dict.fromkeys(_SINGLE_QUOTES, "'") | dict.fromkeys(_COMMAS, ","))
_JOINERS = "\u200c\u200d"  # without a width too, but part of words in Persian, Hindi and others
_SEPARATORS = re.compile("[,،、，､﹐﹑]")


def fold(text: str) -> str:
    """Return `text` with each letter, dash, quote and comma in its plain form: `ＣＰＵ－ﾌｧﾝ` becomes `CPU-ファン`.

    Signs without a width (such as a byte order mark that was pasted along) go. Case and spaces stay, and so does `ー`,
    which is a letter of Japanese words.
    """
    # Before the normal form, which takes “″” apart; after it, for what becomes a quote or a dash only there.
    text = unicodedata.normalize("NFKC", text.translate(_PLAIN)).translate(_PLAIN)
    return "".join(_plain(sign) for sign in text)


def _plain(sign: str) -> str:
    kind = unicodedata.category(sign)
    if kind == "Pd" and sign not in _TO:
        return "-"
    return "" if kind == "Cf" and sign not in _JOINERS else sign


def model_text(text: str) -> str:
    """Return what the models read of a text: folded, in lower case, with single spaces."""
    return " ".join(fold(text).split()).lower()


def same_name(text: str) -> str:
    """Return a key that is equal for two spellings of one name: width, case and spaces around it do not count."""
    return fold(text).strip().casefold()


def split_list(text: str) -> list[str]:
    """Return the parts of a typed list (`cpu、fan，hdd`), each as it was typed, without the empty ones."""
    return [part.strip() for part in _SEPARATORS.split(text) if part.strip()]


def maybe_longer(text: str, tokens: int) -> bool:
    """Whether a text may have more tokens than this. A token is a byte at least, and two are begin and end."""
    return len(model_text(text).encode()) + 2 > tokens


def unread(tokenizer: Callable[..., Any], texts: Sequence[str], tokens: int) -> list[str]:
    """Return of each text the end that lies beyond the first `tokens` tokens; "" where all of it is read.

    Args:
        tokenizer: one of `transformers`, which knows where in the text a token stands.
    """
    return [_after(tokenizer, model_text(text), tokens) for text in texts]


def _after(tokenizer: Callable[..., Any], text: str, tokens: int) -> str:
    places = tokenizer(text, truncation=True, max_length=tokens, return_offsets_mapping=True)["offset_mapping"]
    return text[max((end for _, end in places), default=0):].strip()
