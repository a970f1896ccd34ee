"""The one reading of an http(s) address: that of the library which dials it.

Two readings of one address can name two hosts; then what one judged is not what the other calls. So an address is
written out as it will be sent, judged in that form, and sent in that form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

PORTS = {"http": 80, "https": 443}
Origin = tuple[str, str, int]  # scheme, host and port; an IPv6 host has no brackets
_LONGEST = 8000  # characters; servers take no more, and reading more takes long
_REFUSED = re.compile(r"(?P<backslash>\\)|(?P<space>\s)|(?P<control>[\x00-\x1f\x7f-\x9f])")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,19}):")
_WHY = {"backslash": ("has a backslash", "Write a slash (/), or %5C inside a name."),
        "space": ("has white space", "Write a space as %20."),
        "control": ("has a control character", "Remove it.")}


class BadAddress(ValueError):
    """What cannot be used as an address.

    Args:
        what: what is wrong, to follow "the address of the image" or the name of a setting: "has a backslash".
        fix: what to write instead, as a sentence.
    """

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(f"It {what}. {fix}")
        self.what, self.fix = what, fix


class OtherScheme(BadAddress):
    """An address that is neither http nor https: `s3://`, `file:`, a bare path."""


class Garbled(BadAddress):
    """No address at all: it cannot be read."""


@dataclass(frozen=True)
class Address:
    """An address as it is sent.

    Attributes:
        url: the whole of it, percent-encoded, without a fragment.
        host: in lower case, an IPv6 address without brackets, another script as IDNA has it.
        path: percent-encoded, begins with `/`, without `.` and `..`.
        query: percent-encoded, without the `?`.
    """

    url: str
    scheme: str
    host: str
    port: int
    path: str
    query: str

    @property
    def origin(self) -> Origin:
        return self.scheme, self.host, self.port

    @property
    def shown(self) -> str:
        """The address without its query, 200 characters at most: a presigned one's query is a credential."""
        return self.url.partition("?")[0][:200]


def shown(origin: Origin) -> str:
    """Return an origin as people write it: `http://host`, with the port unless it is the scheme's own."""
    scheme, host, port = origin
    return f"{scheme}://{f'[{host}]' if ':' in host else host}{'' if port == PORTS[scheme] else f':{port}'}"


def parse(text: str) -> Address:
    """Return the address that `text` is.

    Raises:
        BadAddress: it has a backslash, white space, a control character or a user name, or is too long; `OtherScheme`
            and `Garbled` are kinds of it.
    """
    _check_signs(text)
    scheme, colon, rest = text.partition(":")
    if scheme.lower() not in PORTS:
        raise _other(scheme if colon else "")
    if "@" in re.split(r"[/?#]", rest.lstrip("/"), maxsplit=1)[0]:
        raise BadAddress("has a user name or password", "Leave out what stands before the @.")
    url = _as_sent(text.partition("#")[0])
    try:
        read, other = parse_url(url), urlsplit(url)  # `requests` chooses the host by the latter
        port = PORTS[other.scheme] if read.port is None else read.port
        host = (read.host or "").strip("[]").lower()
        if (other.scheme, other.hostname or "", other.port) != (read.scheme, host, read.port) or not host or not port:
            raise ValueError
    except (ValueError, KeyError) as error:
        raise Garbled("is no address", "Correct it: http://host/path.") from error
    return Address(url, other.scheme, host, port, read.path or "/", read.query or "")


def join(base: Address | str, text: str) -> Address:
    """Return the address that `text` is when it is found at `base`: it may be a path. Raises as `parse`."""
    _check_signs(text)
    try:
        joined = urljoin(base if isinstance(base, str) else base.url, text)
    except ValueError as error:
        raise Garbled("is no address", "Correct it: http://host/path.") from error
    return parse(joined)


def same(one: str, other: str) -> bool:
    """Whether two addresses lead to the same place. What is no address is the same as nothing."""
    try:
        a, b = parse(one), parse(other)
    except BadAddress:
        return False
    return (a.origin, a.path.rstrip("/"), a.query) == (b.origin, b.path.rstrip("/"), b.query)


def below(base: str, url: str) -> bool:
    """Whether `url` is of the origin of `base` and lies below its path. What is no address lies nowhere."""
    try:
        outer, inner = parse(base), parse(url)
    except BadAddress:
        return False
    return outer.origin == inner.origin and inner.path.startswith(outer.path.rstrip("/") + "/")


def _other(scheme: str) -> OtherScheme:
    return OtherScheme(f"is not http or https but {scheme[:20] or 'a bare path'}", "Write it with http:// or https://.")


def _check_signs(text: str) -> None:
    if len(text) > _LONGEST:
        if (named := _SCHEME.match(text)) and named[1].lower() not in PORTS:  # a picture in the task itself: data:…
            raise _other(named[1])
        raise BadAddress(f"has more than {_LONGEST:,} characters", "Give the file a shorter one.")
    if found := _REFUSED.search(text):
        raise BadAddress(*_WHY[found.lastgroup or ""])


def _as_sent(text: str) -> str:
    """Return the address as `requests` prepares it, again and again until that changes nothing: `%2e%2e` becomes `..`
    first, and goes then."""
    for _ in range(4):
        request = requests.PreparedRequest()
        try:
            request.prepare_url(text, None)
        except (requests.RequestException, LocationParseError, UnicodeError, ValueError) as error:
            raise Garbled("is no address", "Correct it: http://host/path.") from error
        if request.url == text:
            return text
        text = str(request.url)
    raise Garbled("is encoded several times", "Encode it once.")
