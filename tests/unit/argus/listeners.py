"""HTTP servers on loopback that write down what they are sent, and send on where they are told to."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path


@dataclass
class Listener:
    """`seen` has method, target and headers of each request; all are answered by `status`, `body` and `to`."""

    port: int
    status: int = 200
    body: bytes = b""
    to: str | None = None  # where the answer redirects to
    seen: list[tuple[str, str, Message]] = field(default_factory=list)

    @property
    def netloc(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.netloc}"

    def authorizations(self) -> list[tuple[str, str]]:
        """The target and `Authorization` of each request that had one."""
        return [(target, headers["Authorization"]) for _, target, headers in self.seen if headers["Authorization"]]


@contextmanager
def listening() -> Iterator[Listener]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            listener.seen.append((self.command, self.path, self.headers))
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            self.send_response(listener.status)
            if listener.to is not None:
                self._headers_buffer.append(b"Location: " + listener.to.encode("utf-8", "surrogatepass") + b"\r\n")
            self.send_header("Content-Length", str(len(listener.body)))
            self.end_headers()
            self.wfile.write(listener.body)

        do_GET = do_POST = do_CONNECT = answer

        def log_message(self, *args: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        listener = Listener(server.server_port)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield listener
        server.shutdown()


def netrc(folder: Path) -> Path:
    """Write a `.netrc` with a made-up password for loopback, as somebody's home may have it."""
    path = folder / "netrc"
    path.write_text("machine 127.0.0.1 login somebody password of-somebody-else\n"
                    "default login somebody password of-somebody-else\n")
    path.chmod(0o600)
    return path
