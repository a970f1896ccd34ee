"""A small reverse proxy on loopback: `python forwarding_proxy.py PORT UPSTREAM_PORT`.

Like nginx with `$proxy_add_x_forwarded_for` it adds to `X-Forwarded-For` whom it was called by, and passes on whatever
else the caller sent.
"""

from __future__ import annotations

import http.client
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    upstream = 0

    def forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        hops = [*self.headers.get_all("X-Forwarded-For", []), self.client_address[0]]
        headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        headers = {name: value for name, value in headers.items() if name.lower() != "x-forwarded-for"}
        upstream = http.client.HTTPConnection("127.0.0.1", self.upstream, timeout=30)
        upstream.request(self.command, self.path, body, headers | {"X-Forwarded-For": ", ".join(hops)})
        answer = upstream.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        upstream.close()

    do_GET = do_POST = forward

    def log_message(self, format: str, *args: object) -> None:
        pass


if __name__ == "__main__":
    Handler.upstream = int(sys.argv[2])
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
