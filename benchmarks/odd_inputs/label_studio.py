"""A real Label Studio below a path of a host, for cases, and what probes ask it with."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg.conninfo import make_conninfo

from benchmarks.odd_inputs.case import product
from benchmarks.odd_inputs.database import SUPERUSER, use


@dataclass(frozen=True)
class Below:
    """Label Studio and its PostgreSQL.

    Attributes:
        url: as browsers reach it: `http://host/ls`.
        inner: as the proxy in front reaches it, at the root of a port.
        files: folder whose files it may serve.
        api: this working tree's client.
    """

    url: str
    inner: str
    token: str
    server: str
    files: Any
    api: Any

    @property
    def version(self) -> str:
        return f"Label Studio {self.api.get('/api/version')['release']}"

    def given(self, url: str = "") -> dict[str, str]:
        """Return what `settings_for` takes; `url` is what the product calls."""
        return {"url": url or self.url, "public": self.url, "token": self.token, "server": self.server}


@contextmanager
def label_studio() -> Iterator[Below]:
    """Run one for a block."""
    from argus import home as argus_home
    from argus.labelstudio import LabelStudio
    from argus.settings import Settings
    from argus_cli.stack.stack import Stack
    from argus_cli.stack.template import copy_home, template_home, temporary_home
    from tests.label_studio_below import label_studio_below

    plain = Settings(_env_file=None)  # type: ignore[call-arg]  # pydantic-settings' own
    home = copy_home(template_home(plain), temporary_home())
    settings = Settings(_env_file=None, home=home)  # type: ignore[call-arg]
    with Stack(settings, {"postgres"}, durable=False) as stack, label_studio_below(stack.settings) as front:
        token = (home / "label-studio.token").read_text().strip()
        server = make_conninfo(stack.env["ARGUS_DATABASE_URL"], user=SUPERUSER)
        yield Below(front.url, front.inner, token, server, home / "files", LabelStudio(front.url, token))
    argus_home.forget(home)


def client(given: Mapping[str, str]) -> Any:
    """Return the product's client for `given`, in a probe; its settings and a database of its own are set."""
    os.environ |= {"ARGUS_LABEL_STUDIO_URL": given["url"], "ARGUS_LABEL_STUDIO_PUBLIC_URL": given["public"],
                   "ARGUS_LABEL_STUDIO_TOKEN": given["token"]}
    use(given["server"])
    product("argus.settings", "get_settings").cache_clear()
    return product("argus.labelstudio.client", "LabelStudio")(given["url"], given["token"])
