"""JSON that comes from anybody: parsed within bounds, to a value or a sentence why not."""

from __future__ import annotations

import json
import math

from pydantic import JsonValue

MAX_BYTES = 512 * 2**20
_LONGEST_NUMBER = 400  # digits


def parse(data: bytes) -> JsonValue:
    """Return the value of a JSON text. What is no number of JSON (NaN, Infinity) is kept as a float, for the entry that
    has it to be told alone.

    Raises:
        ValueError: it is no JSON; with a sentence's second half that says where.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 at byte {error.start}") from error
    try:
        try:
            found: JsonValue = json.loads(text)
        except json.JSONDecodeError:
            raise
        except ValueError:  # a number with more digits than Python turns into one
            found = json.loads(text, parse_int=_whole)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is no JSON: {error.msg} in line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise ValueError("its values are nested too deeply") from error
    return found


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) < _LONGEST_NUMBER else math.inf
