"""What a person typed, as what the model is asked: wanted text and excluded texts. Pure functions."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import numpy as np

from argus.errors import ArgusError
from search_service.vectors import Vectors

MAX_CHARACTERS = 1000
EXCLUSION_WEIGHT = 0.7
_EXCLUDED = re.compile(r'(?:^|\s)-(?:"([^"]+)"|([^\s"-][^\s"]*))')


@dataclass(frozen=True)
class Query:
    """`wanted` is one text; `excluded` are texts of what must not be seen."""

    wanted: str
    excluded: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.wanted, *self.excluded)


def parse_query(text: str) -> Query:
    """Read `cpu -fan -"ram stick"`: everything but the words and quoted phrases behind a `-` is what is wanted.

    A hyphen inside a word (`heat-sink`) is part of it. The model knows no case, so neither does the query.

    Raises:
        ArgusError: `empty_query` when nothing wanted is left, `bad_request` for control characters or a query of more
            than 1,000 characters.
    """
    if len(text) > MAX_CHARACTERS:
        raise ArgusError("bad_request",
                         f"The query has {len(text):,} characters; at most {MAX_CHARACTERS:,} are allowed.",
                         "The model reads only the first 64 tokens anyway.")
    text = unicodedata.normalize("NFC", text)
    if any(unicodedata.category(letter) == "Cc" and letter not in "\t\n\r" for letter in text):
        raise ArgusError("bad_request", "The query contains control characters.")
    excluded = tuple(dict.fromkeys(_tidy(quoted or word) for quoted, word in _EXCLUDED.findall(text)))
    wanted = _tidy(_EXCLUDED.sub(" ", text).replace('"', " "))
    if not wanted:
        raise ArgusError("empty_query", "The query is empty: there is nothing to search for.",
                         "Say what should be seen, for example: cpu -fan" if excluded else "Type what should be seen.")
    return Query(wanted, tuple(term for term in excluded if term))


def combine(wanted: Vectors, excluded: Vectors) -> Vectors:
    """Return the one query vector, float32 `(dim,)` of length 1, for a wanted text and excluded ones.

    Args:
        wanted: `(dim,)`, of length 1.
        excluded: `(n, dim)`, rows of length 1; n may be 0.

    Similarity is linear in the query, so ranking by this vector is ranking by `wanted - 0.7 × mean(excluded)`: images
    with both come after images with the wanted thing alone, and no page is ever short of rows.
    """
    if len(excluded) == 0:
        return wanted.astype(np.float32)
    vector = wanted - EXCLUSION_WEIGHT * excluded.mean(axis=0)
    unit: Vectors = (vector / max(float(np.linalg.norm(vector)), 1e-12)).astype(np.float32)
    return unit


def _tidy(text: str) -> str:
    return " ".join(text.split()).lower()
