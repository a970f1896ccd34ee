"""`python person.py HOST PORT`: somebody who searches, a process of its own with a connection that it keeps, as a
browser does. It reads a request's path a line, and writes when it began and ended, in nanoseconds of the machine's
monotonic clock, the status, and what the answer says of how it was found."""

from __future__ import annotations

import http.client
import json
import sys
import time


def main() -> None:
    connection = http.client.HTTPConnection(sys.argv[1], int(sys.argv[2]), timeout=60)
    for line in sys.stdin:
        began = time.monotonic_ns()
        connection.request("GET", line.strip())
        response = connection.getresponse()
        body = response.read()
        ended = time.monotonic_ns()
        answer = json.loads(body)
        print(json.dumps([began, ended, response.status, answer.get("scanned", body.decode()[:300])]), flush=True)


if __name__ == "__main__":
    main()
