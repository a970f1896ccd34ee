"""The one place where what a route returns becomes a response."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec

from flask import Response

from argus.answers.base import Answer

P = ParamSpec("P")
Result = Answer | tuple[Answer, int, dict[str, str]]


def answers(view: Callable[P, Result]) -> Callable[P, Response]:
    """Decorate a route that returns a model, or a model with a status and headers: it is answered as JSON."""
    @functools.wraps(view)
    def respond(*args: P.args, **kwargs: P.kwargs) -> Response:
        result = view(*args, **kwargs)
        answer, status, headers = result if isinstance(result, tuple) else (result, 200, {})
        return Response(answer.model_dump_json(), status, headers, content_type="application/json")

    return respond
