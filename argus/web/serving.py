"""Serves a web application: one process, one loop that reads requests and writes answers, threads that do the work.

waitress gives a request to a thread when all of it has arrived, and takes the answer back into its loop. So whoever
sends half a request, sends slowly or reads slowly holds a connection and nothing else. Added here: how long a request
may take to arrive, bounds on its parts, answers of ours to what is refused, and an end that lets answers be written.
"""

from __future__ import annotations

import logging
import re
import signal
import socket
import threading
import time
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, cast
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.buffers import ReadOnlyFileBasedBuffer
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher, WSGITask
from waitress.utilities import Error

from argus.errors import ArgusError
from argus.web import problems

log = logging.getLogger(__name__)
STOP_SECONDS = 5.0  # that requests get to end after a signal
_LINE_BYTES, _HEAD_BYTES, _FIELDS = 64 * 2**10, 128 * 2**10, 100
_MEMORY_BYTES = 64 * 2**10  # of a body; the rest of it waits in a temporary file
_LINE = re.compile(rb"[A-Z]{1,20} [^\x00-\x20\x7f]+ HTTP/1\.[01]")
# What has no place in a head, by a pattern of linear time: it is refused before anything else parses the head.
_DUBIOUS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r\n[ \t]|[ \t]{64}")

# The statuses of what is refused before the application sees it: code, sentence, hint.
_REFUSALS = {
    400: ("bad_request", "The request is not well-formed HTTP/1.1.", ""),
    408: ("timeout", "The request did not arrive in time.", "Send it again, all at once."),
    411: ("bad_request", "The request does not say how long its body is.", "Send Content-Length; proxies can buffer."),
    413: ("bad_request", "The request's body is too large.", "Send less at once."),
    414: ("bad_request", f"The address is longer than {_LINE_BYTES} bytes.", "Send long values in the body of a POST."),
    431: ("bad_request", f"The headers are longer than {_HEAD_BYTES} bytes or more than {_FIELDS}.", "Send fewer."),
    503: ("not_ready", "Too many large requests are arriving at the same time.", "Try again in a moment."),
}


@dataclass(frozen=True)
class Limits:
    """Seconds, bytes and connections that callers may take."""

    body: int  # bytes of one request's body
    bodies: int = 512 * 2**20  # bytes of all bodies that are here at once, of those too large for memory
    head_seconds: float = 10.0  # from the first byte of a request to the end of its headers
    stalled_seconds: float = 20.0  # without a byte of a body
    request_seconds: float = 300.0  # from the first byte of a request to its last
    idle_seconds: float = 15.0  # without a request
    unread_seconds: float = 60.0  # without a byte of an answer being taken
    connections: int = 500  # then the one that has waited longest is closed for the next


class _Refusal(Error):  # type: ignore[misc]
    def __init__(self, status: int) -> None:
        super().__init__("")
        self.code = status

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        code, message, hint = _REFUSALS[self.code]
        headers = [("Content-Type", problems.CONTENT_TYPE), ("Cache-Control", "no-store")]
        if self.code == 503:
            headers.append(("Retry-After", "5"))
        return f"{self.code} {message}", headers, problems.body(ArgusError(code, message, hint), self.code)


class _Request(HTTPRequestParser):  # type: ignore[misc]
    """One request as it arrives. It is refused as soon as a bound is passed."""

    large: ClassVar[weakref.WeakSet[_Request]] = weakref.WeakSet()  # those whose bodies are files
    error: Any = None
    path = ""  # for the log, of what could not be read

    def __init__(self, adj: Any) -> None:
        super().__init__(adj)
        self.began = time.monotonic()

    def refuse(self, status: int) -> None:
        self.error, self.completed, self.expect_continue = _Refusal(status), True, False

    def received(self, data: bytes) -> int:
        """Take the next bytes; return how many of them belong to this request."""
        if self.body_rcv is None:
            start = (self.header_plus + data).lstrip()
            if len(start) > _LINE_BYTES and b"\r\n" not in start[:_LINE_BYTES + 2]:
                self.refuse(414)
                return len(data)
        try:
            taken: int = super().received(data)
        except ValueError:  # of a number or an address that cannot be one
            self.refuse(400)
        if self.body_bytes_received > _MEMORY_BYTES and not self.completed:
            _Request.large.add(self)
            if sum(request.body_bytes_received for request in _Request.large) > self.adj.bodies:
                self.refuse(503)
        if not self.error:
            return taken
        if not isinstance(self.error, _Refusal):
            self.refuse(self.error.code if self.error.code in _REFUSALS else 400)
        return len(data)  # what follows is no request

    def parse_header(self, header_plus: bytes) -> None:
        line, _, fields = header_plus.partition(b"\r\n")
        if not _LINE.fullmatch(line) or _DUBIOUS.search(fields):
            raise ParsingError("not well-formed")
        super().parse_header(header_plus)
        if fields.count(b"\r\n") > _FIELDS:
            self.refuse(431)
        elif self.chunked or "TRANSFER_ENCODING" in self.headers:
            self.refuse(411)
        elif not self.content_length:
            self.expect_continue = False  # there is nothing to go on with

    def is_late(self, still: float, limits: Limits) -> bool:
        """Whether it should have arrived by now; nothing of it came for `still` seconds."""
        age = time.monotonic() - self.began
        if not self.headers_finished:
            return age > limits.head_seconds
        return still > limits.stalled_seconds or age > limits.request_seconds

    def close(self) -> None:
        _Request.large.discard(self)
        super().close()


class _OneAnswer(WSGITask):  # type: ignore[misc]
    def start(self) -> None:
        super().start()
        self.set_close_on_finish()


class _Channel(HTTPChannel):  # type: ignore[misc]
    parser_class = _Request
    request: _Request | None
    close_when_flushed: bool
    refused = False  # its last answer was a refusal
    draining = 0.0  # since when it only takes what a refused caller still sends; 0 for never

    @property
    def at_rest(self) -> bool:
        """Whether no thread works for it and no answer waits to be taken."""
        return not self.requests and not self.total_outbufs_len

    def service(self) -> None:
        if error := self.requests[0].error:
            self.refused = True
            log.info("request refused", extra={"status": error.code, "address": self.addr[0]})
        super().service()

    def received(self, data: bytes) -> bool:
        return True if self.draining else bool(super().received(data))

    def handle_write(self) -> None:
        if self.refused and self.close_when_flushed and not self.total_outbufs_len:
            # Closed while bytes wait unread, the connection would be reset, and the caller lose the answer.
            self.close_when_flushed, self.draining = False, time.monotonic()
            self.socket.shutdown(socket.SHUT_WR)
        else:
            super().handle_write()

    def expire(self, limits: Limits) -> None:
        """Close the connection, or refuse its request, when it has waited for too long. Called by the loop."""
        still = time.time() - self.last_activity
        if self.draining:
            over = time.monotonic() - self.draining > 2
        elif not self.at_rest:
            over = bool(self.total_outbufs_len) and still > limits.unread_seconds
        else:
            over = self.request is None and still > limits.idle_seconds
        if over:
            self.handle_close()
        elif self.request and self.at_rest and self.request.is_late(still, limits):
            with self.requests_lock:
                self.request.refuse(408)
                self.requests.append(self.request)
                self.request = None
            self.server.add_task(self)

class _OneAnswerChannel(_Channel):
    task_class = _OneAnswer


def _as_file(application: WSGIApplication) -> WSGIApplication:
    """Return `application`, whose parts of files (werkzeug's answer to `Range`) are left to the loop, as whole files
    are: a thread that cuts them out would wait for whoever reads them."""
    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer: Any = application(environ, start_response)
        file = getattr(answer, "iterable", None)
        if isinstance(file, ReadOnlyFileBasedBuffer) and hasattr(file, "seek"):
            file.seek(answer.start_byte)
            answer = file  # of which as much is sent as Content-Length says
        return cast(Iterable[bytes], answer)

    return call


class Server:
    """A web application on its port.

    Args:
        name: as people know it, "search service".
        setting: the setting of its port.
        host: an address or a name; empty for every IPv4 address.
        keep_alive: whether a connection may carry more than one request.

    Raises:
        ArgusError: `port_in_use`.
    """

    def __init__(self, name: str, setting: str, application: WSGIApplication, host: str, port: int, *,
                 threads: int, limits: Limits, keep_alive: bool = True) -> None:
        self._stopping, self._stopped = threading.Event(), False
        self._alarm = threading.RLock()  # a signal may come while this thread holds it
        self._map: dict[int, Any] = {}
        listener = _listen(name, setting, host, port)
        self.port: int = listener.getsockname()[1]
        self._server = _Listener(_as_file(application), listener, host, threads, limits, self._map,
                                 _Channel if keep_alive else _OneAnswerChannel)

    def run(self) -> None:
        """Serve until `stop` is called; then give what runs `STOP_SECONDS`."""
        while not self._stopping.is_set():
            wasyncore.loop(timeout=1, map=self._map, use_poll=True, count=1)
        wasyncore.dispatcher.close(self._server)  # nobody new; its own `close` would end the loop's alarm, too
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline and not all(one.at_rest for one in self._server.active_channels.values()):
            wasyncore.loop(timeout=0.1, map=self._map, use_poll=True, count=1)
        self._server.task_dispatcher.shutdown(timeout=0.5)
        with self._alarm:
            self._stopped = True
            wasyncore.close_all(self._map)

    def stop(self, *_signal: Any) -> None:
        """Make `run` return. May be called from a signal handler or another thread."""
        self._stopping.set()
        with self._alarm:
            if not self._stopped:
                self._server.pull_trigger()

    def run_until_signal(self) -> None:
        """Serve until SIGTERM or Ctrl-C."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        self.run()


class _Listener(TcpWSGIServer):  # type: ignore[misc]
    def __init__(self, application: WSGIApplication, listener: socket.socket, host: str, threads: int,
                 limits: Limits, sockets: dict[int, Any], channel_class: type[_Channel]) -> None:
        adjustments = Adjustments(
            sockets=[listener], threads=threads, ident="", server_name=host or "localhost", cleanup_interval=1,
            connection_limit=limits.connections + 20, log_socket_errors=False, asyncore_use_poll=True,
            clear_untrusted_proxy_headers=False, recv_bytes=64 * 2**10, inbuf_overflow=_MEMORY_BYTES,
            max_request_header_size=_HEAD_BYTES, max_request_body_size=limits.body + 1)
        adjustments.bodies = limits.bodies
        self.channel_class, self._limits = channel_class, limits
        workers = ThreadedTaskDispatcher()
        workers.queue_logger = logging.getLogger("waitress.queue")
        workers.queue_logger.setLevel(logging.ERROR)  # it would write a line for each request that waits
        workers.set_thread_count(threads)
        sockinfo = (listener.family, listener.type, listener.proto, listener.getsockname())
        super().__init__(application, sockets, _sock=listener, dispatcher=workers, adj=adjustments,
                         bind_socket=False, sockinfo=sockinfo)

    def maintenance(self, now: float) -> None:
        for channel in list(self.active_channels.values()):
            channel.expire(self._limits)

    def handle_accept(self) -> None:
        resting = (one for one in self.active_channels.values() if one.at_rest)
        if len(self.active_channels) >= self._limits.connections and (oldest := next(resting, None)):
            oldest.handle_close()
        super().handle_accept()


def _listen(name: str, setting: str, host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ArgusError("port_in_use", f"The {name} cannot listen on {host}:{port}: {error.strerror}.",
                         f"Stop what uses the port, or set {setting}.") from error
    return listener
