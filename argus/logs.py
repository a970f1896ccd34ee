"""Structured logs: one JSON object a line, with tokens and passwords cut out wherever they appear."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from typing import Any, TypeVar

from argus import trace

T = TypeVar("T")
_VALUE = 2_000  # characters of a value that are logged: somebody may have sent megabytes
_LINE = "\n"
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# The end of a name whose value is a secret: `access_token`, `X-Amz-Signature`, `client_secret`.
_NAME = r"[\w-]*(?:token|secret|sig|signature|credential|password|passwd|api_?key|sessionid)"
# Each pattern's first group is kept, the rest of the match is a secret. None may begin within what it has just gone
# over in vain: a text of nothing but beginnings would take quadratic time.
_SECRETS = (
    # A JSON Web Token: Label Studio's tokens.
    re.compile(r"(?<![\w-])((?:(?!eyJ)[\w-])*+)eyJ[\w-]{8,}+\.[\w-]+(?:\.[\w-]+)?"),
    re.compile(r"(?i)(\btoken )[0-9a-f]{20,}"),
    re.compile(r"(?i)(\bbearer )[\w.~+/-]+=*"),
    re.compile(r"(?i)(\bbasic )[\w+/]{6,}=*"),
    re.compile(r"(://[^/\s:@]*+:)[^/\s@]++(?=@)"),  # the password of a URL
    # Of a query (signed addresses of S3, Google, Azure), a cookie or a connection string; in a query of a query, too.
    re.compile(rf"(?i)((?:(?<![\w-])|%3F|%26){_NAME}(?:=|%3D))(?:(?!%26)[^&;\s\"'\\])+"),
    # Of JSON, or of a dictionary as Python writes it; JSON within JSON, as here, has its quotes escaped.
    re.compile(rf"(?i)((?<![\w-]){_NAME}\\*[\"']: *\\*[\"'])[^\"'\\]+"),
)


def redact(text: str) -> str:
    """Return `text` with every token, password and Basic credential replaced by `[redacted]`."""
    for pattern in _SECRETS:
        text = pattern.sub(r"\1[redacted]", text)
    return text


def _short(value: T) -> T | str:
    """Return a value as it is, or the first `_VALUE` characters of its text, redacted as a whole before it is cut."""
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    if len(text) <= _VALUE:
        return value
    return f"{redact(text[:2 * _VALUE])[:_VALUE]}… ({len(text)} characters)"


def _short_lines(text: str) -> str:
    """Return `text` without its middle when it is long: a traceback says most at its end."""
    if len(text) <= 10 * _VALUE:
        return text
    return f"{_short(text)}\n{text[-8 * _VALUE:].partition(_LINE)[2]}"


class JsonFormatter(logging.Formatter):
    """Formats a record as `{"time", "level", "logger", "message", …extra}`; UTC, redacted."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self.process = process

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, Any] = {"time": f"{moment}.{int(record.msecs):03d}Z", "level": record.levelname,
                                "process": self.process, "logger": record.name, "message": _short(record.getMessage())}
        line |= trace.current()
        line |= {key: _short(value) for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            line["traceback"] = _short_lines(self.formatException(record.exc_info))
        return redact(json.dumps(line, default=str, ensure_ascii=False))


class _Redacting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(_short_lines(super().format(record)))


def for_people() -> None:
    """Send warnings of this process to stderr as text, redacted; nothing where somebody has set up logging."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Redacting("%(levelname)s: %(message)s"))
    logging.basicConfig(level="WARNING", handlers=[handler])


def configure(process: str, level: str = "INFO") -> None:
    """Send every log of this process to stderr as JSON lines. Called once, by each process's entry point."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(process))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in ("urllib3", "PIL", "httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
