"""What a person typed, as what the model is asked: wanted text and excluded texts. Pure functions."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import numpy as np

from argus.errors import ArgusError
from argus.typed_text import fold, split_list
from search_service.vectors.store import Vectors

MAX_CHARACTERS = 1000
EXCLUSION_WEIGHT = 0.7
# A dash where a word begins, and behind it a phrase in quotes, one whose quote is never closed, or a word. People who
# type Japanese get `ー` from the key of the dash; no word begins with it.
_EXCLUDED = re.compile(r"""(?:^|(?<=[\s,]))["']*[-ー]+(?:
    "(?P<double>[^"]*)" | '(?P<single>(?:[^']|'(?=\w))*)' | ["'](?P<open>.*) | (?P<word>[^\s"'ー-][^\s"]*))""",
                       re.VERBOSE | re.DOTALL)
_NEXT = re.compile(r"""(?:^|[\s,])["']*[-ー]+["']*""")
_QUOTES = re.compile(r"""["]|(?<!\w)'|'(?!\w)""")


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

    A hyphen inside a word (`heat-sink`) is part of it. A quote that is not closed reaches to the end: what follows it
    is excluded. The model knows no case, so neither does the query; width, dashes, quotes and commas are read as
    `argus.typed_text` says.

    Raises:
        ArgusError: `empty_query` when nothing wanted is left, `bad_request` for control characters or a query of more
            than 1,000 characters.
    """
    if len(text) > MAX_CHARACTERS:
        raise ArgusError("bad_request",
                         f"The query has {len(text):,} characters; at most {MAX_CHARACTERS:,} are allowed.",
                         "The model reads only the first 64 tokens anyway.")
    if any(unicodedata.category(letter) == "Cc" and letter not in "\t\n\r" for letter in text):
        raise ArgusError("bad_request", "The query contains control characters.")
    text = fold(text)
    excluded = tuple(dict.fromkeys(_tidy(term) for match in _EXCLUDED.finditer(text) for term in _terms(match)))
    wanted = _tidy(_EXCLUDED.sub(" ", text))
    if not wanted:
        raise ArgusError("empty_query", "The query is empty: there is nothing to search for.",
                         "Say what you are looking for, for example: cpu -fan" if excluded
                         else "Type what you are looking for.")
    return Query(wanted, tuple(term for term in excluded if term))


def combine(wanted: Vectors, excluded: Vectors, sample: Vectors | None = None) -> Vectors:
    """Return the one query vector, float32 `(dim,)` of length 1, for wanted terms and excluded ones.

    Args:
        wanted: `(n, dim)`, rows of length 1; n is at least 1.
        excluded: `(m, dim)`, rows of length 1; m may be 0.
        sample: some of the project's images, `(k, dim)`, when texts and images are mixed. Cosines to a text lie within
            a few hundredths of each other and those to an image do not, so the sum would hear the image alone; each
            term is therefore divided by the spread of its cosines over the sample.

    Similarity is linear in the query, so ranking by this vector is ranking by `mean(wanted) - 0.7 × mean(excluded)`:
    images with both come after images with the wanted thing alone, and no page is ever short of rows.
    """
    if len(wanted) == 1 and len(excluded) == 0:
        alone: Vectors = wanted[0].astype(np.float32)
        return alone
    if sample is not None and len(sample) > 1:
        wanted, excluded = _even(wanted, sample), _even(excluded, sample)
    vector: Vectors = wanted.mean(axis=0)
    if len(excluded):
        vector -= EXCLUSION_WEIGHT * excluded.mean(axis=0)
    unit: Vectors = (vector / max(float(np.linalg.norm(vector)), 1e-12)).astype(np.float32)
    return unit


def _even(terms: Vectors, sample: Vectors) -> Vectors:
    spread = np.maximum((sample @ terms.T).std(axis=0), 1e-6)
    even: Vectors = (terms / spread[:, None]).astype(np.float32)
    return even


def _terms(match: re.Match[str]) -> list[str]:
    """Return what one exclusion names: a phrase, words joined by commas, or all that follows an open quote."""
    if match["word"] is not None:
        return split_list(match["word"])
    if match["open"] is not None:
        return _NEXT.split(match["open"])
    return [match["double"] or match["single"] or ""]


def _tidy(text: str) -> str:
    return " ".join(_QUOTES.sub(" ", text).split()).strip(" ,").lower()
