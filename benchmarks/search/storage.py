"""A stand-in for an image storage: `python -m benchmarks.search.storage FOLDER PORT`.

What follows `?` in an address is appended to the file: each address is a content of its own, as frames are, while the
picture stays readable (a JPEG's decoder stops at its end mark).
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from argus_cli.stack.ports import free_port


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder = Path()

    def do_GET(self) -> None:
        name, _, query = self.path.lstrip("/").partition("?")
        file = self.folder / Path(name).name
        data = file.read_bytes() + query.encode() if file.is_file() else b""
        self.send_response(200 if data else 404)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        pass


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder's files from another process; yield the origin."""
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "benchmarks.search.storage", str(folder), str(port)])
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


if __name__ == "__main__":
    _Handler.folder = Path(sys.argv[1])
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), _Handler).serve_forever()
