"""Machines that are not there: network namespaces with a link each, and ways to servers that listen here only."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.lanes import network

# A dead line is noticed after seconds, as the system of a server would (after longer) by the same means.
_DEAD = ((socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 2),
         (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1), (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
         (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 5000))


class Way:
    """A TCP port at `host` that leads to a server of this machine: `(host, port)`, or a unix socket's path."""

    def __init__(self, host: str, target: tuple[str, int] | Path) -> None:
        self.host, self.port, self._target = host, 0, target
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def start(self) -> None:
        """Listen, at the same port as before if there was one."""
        self._run(self._listen())

    def stop(self) -> None:
        """Break every connection, and refuse new ones."""
        self._run(self._hang_up())

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _hang_up(self) -> None:
        if self._server:
            self._server.close()
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for option in _DEAD:
            writer.get_extra_info("socket").setsockopt(*option)
        if isinstance(self._target, Path):
            there, back = await asyncio.open_unix_connection(self._target)
        else:
            there, back = await asyncio.open_connection(*self._target)
        self._open |= {writer, back}
        await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
        self._open -= {writer, back}

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(2**16):
                target.write(data)
                await target.drain()
        target.transport.abort() if source.exception() else target.close()


class Machine:
    """A place for processes, from which this machine's servers are reached over a line that can be cut.

    Args:
        name: one letter.
        separate: in a network namespace of its own, whose only link leads here; else the processes run here, and the
            machine is an address of the loopback network.
    """

    def __init__(self, name: str, separate: bool) -> None:
        number = ord(name)
        self.separate, self.cut_off = separate, False
        self._space, self._link = f"argus-{os.getpid()}-{name}", f"ag{os.getpid()}{name}"
        self.here = f"198.18.{os.getpid() % 250}.{number % 50 * 4 + 1}" if separate else f"127.0.0.{number}"
        self._there = f"198.18.{os.getpid() % 250}.{number % 50 * 4 + 2}"
        self._ways: list[Way] = []

    def __enter__(self) -> Machine:
        if self.separate:
            _ip("netns", "add", self._space)
            _ip("link", "add", self._link, "type", "veth", "peer", "name", "up0", "netns", self._space)
            _ip("addr", "add", f"{self.here}/30", "dev", self._link)
            _ip("link", "set", self._link, "up")
            for command in (["addr", "add", f"{self._there}/30", "dev", "up0"], ["link", "set", "up0", "up"],
                            ["link", "set", "lo", "up"]):
                _ip("-n", self._space, *command)
        return self

    def __exit__(self, *error: object) -> None:
        for way in self._ways:
            way.close()
        if self.separate:
            _ip("netns", "del", self._space)  # the link goes with it

    def way_to(self, target: tuple[str, int] | Path) -> str:
        """Return `host:port` by which the machine's processes reach a server of this machine."""
        self._ways.append(Way(self.here, target))
        self._ways[-1].start()
        return f"{self.here}:{self._ways[-1].port}"

    def command(self, argv: Sequence[str]) -> list[str]:
        """Return the command that runs `argv` there."""
        return ["ip", "netns", "exec", self._space, *argv] if self.separate else list(argv)

    def cut(self) -> None:
        """Take the line away: in a namespace silently, as a pulled cable; else every connection breaks."""
        self.cut_off = True
        if self.separate:
            _ip("link", "set", self._link, "down")
        else:
            for way in self._ways:
                way.stop()

    def mend(self) -> None:
        self.cut_off = False
        if self.separate:
            _ip("link", "set", self._link, "up")
        else:
            for way in self._ways:
                way.start()


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


@functools.cache
def why_no_namespaces() -> str:
    """Return why network namespaces cannot be made here; empty when they can."""
    if os.geteuid() != 0:
        return "only root may make network namespaces"
    if not shutil.which("ip"):
        return "there is no program `ip`"
    try:
        with network(changes=True), Machine("t", True):
            return ""
    except subprocess.CalledProcessError as error:
        return f"this machine makes no network namespaces: {str(error.stderr).strip()}"


@contextlib.contextmanager
def two_machines(separate: bool) -> Iterator[tuple[Machine, Machine]]:
    with Machine("a", separate) as first, Machine("b", separate) as second:
        yield first, second


def environment(machine: Machine, home: Path, base: Mapping[str, str], run_dir: Path, label_studio_port: int,
                token: str) -> dict[str, str]:
    """Return what a worker on `machine` gets: three addresses, a token, and an empty folder of its own."""
    home.mkdir()
    return dict(base) | {
        "ARGUS_HOME": str(home), "ARGUS_LABEL_STUDIO_TOKEN": token,
        "ARGUS_DATABASE_URL": f"postgresql://argus@{machine.way_to(run_dir / '.s.PGSQL.5432')}/argus",
        "ARGUS_REDIS_URL": f"redis://{machine.way_to(run_dir / 'valkey.sock')}",
        "ARGUS_LABEL_STUDIO_URL": f"http://{machine.way_to(('127.0.0.1', label_studio_port))}"}
