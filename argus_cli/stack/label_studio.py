"""Label Studio from an environment of its own (its pins conflict with ours), on the embedded PostgreSQL."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psycopg
import requests

from argus import dialling
from argus.errors import ArgusError
from argus.settings import Settings
from argus_cli.stack.access_token import ensure_access_token
from argus_cli.stack.postgres import connect
from argus_cli.stack.service import PROCESS, Command, Progress, Service

# What a child may inherit of our environment. Label Studio reads a hundred variables, also without its prefix (HOST,
# PORT, DEBUG, CI, …): a stray one must not change it.
INHERITED = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE")


class LabelStudio(Service):
    """The embedded Label Studio: loopback only, an account from the settings, files under `home`/label-studio.

    `LABEL_STUDIO_HOST` stays unset on purpose: it would be written into the address of every task, and a start on
    another port would lose all images.
    """

    name, title = "label-studio", "Label Studio"
    restarts = True  # what it keeps is in PostgreSQL; Argus waits for it meanwhile
    ready_seconds = 600.0  # the first start makes 300 tables; 60 to 90 s on two cores

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.python = find_python(settings.label_studio_python)
        self.data = settings.home / "label-studio"
        self.files = settings.home / "files"
        self.url = f"http://127.0.0.1:{settings.label_studio_port}"
        self._asked = 0.0

    def prepare(self, progress: Progress) -> None:
        if not self.data.exists():
            progress("Label Studio: first start, this takes a minute or two")
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.files.mkdir(parents=True, exist_ok=True)

    def command(self) -> Command:
        argv = [str(self.python), "-m", "label_studio.server", "start", "--no-browser", "--internal-host", "127.0.0.1",
                "--port", str(self.settings.label_studio_port), "--log-level", "INFO"]
        return Command(argv, self.environment(), cwd=self.data)

    def environment(self) -> dict[str, str]:
        """Return the variables Label Studio starts with."""
        settings = self.settings
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return inherited | PROCESS | {
            "LABEL_STUDIO_BASE_DATA_DIR": str(self.data),
            "LABEL_STUDIO_USERNAME": settings.label_studio_user,
            "LABEL_STUDIO_PASSWORD": settings.label_studio_password.get_secret_value(),
            "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
            "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true",
            "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(self.files),
            "DJANGO_DB": "default", "POSTGRE_HOST": str(settings.run_dir), "POSTGRE_PORT": "5432",
            "POSTGRE_USER": "labelstudio", "POSTGRE_NAME": "labelstudio", "POSTGRE_PASSWORD": "",
            # It refuses ML backends and webhooks on private addresses; ours are on 127.0.0.1.
            "ML_BLOCK_LOCAL_IP": "false", "SSRF_PROTECTION_ENABLED": "false",
            # Imports of predictions touch the tasks they are for; without it, every task of the project, each time.
            "fflag_fix_back_4620_memory_efficient_predictions_import_08012025_short": "true",
            # It calls nobody.
            "COLLECT_ANALYTICS": "false", "SENTRY_DSN": "", "FRONTEND_SENTRY_DSN": "", "LATEST_VERSION_CHECK": "false",
        }

    def is_ready(self) -> bool:
        now = time.monotonic()
        if now - self._asked < 0.5:
            return False
        self._asked = now
        try:
            answer = dialling.ask("GET", f"{self.url}/health/", timeout=5)
            return answer.ok and answer.json().get("status") == "UP"
        except (requests.RequestException, ValueError):
            return False

    def state(self, log: str) -> str:
        if f"Port {self.settings.label_studio_port} is in use" in log:  # it goes on, on the next port
            raise ArgusError("port_in_use", f"Port {self.settings.label_studio_port}, which Label Studio needs, was "
                             "taken while it started.", "Start again, or set ARGUS_LABEL_STUDIO_PORT to a free port.")
        try:
            with connect(self.settings.run_dir, "labelstudio") as database:
                row = database.execute("SELECT count(*) FROM django_migrations").fetchone()
        except psycopg.Error:
            return ""
        return f"{row[0]} migrations done" if row else ""

    def finish(self, progress: Progress) -> None:
        """Make sure there is a personal access token that works."""
        if not self.settings.label_studio_token.get_secret_value():
            ensure_access_token(self.settings, self.url, progress)


def find_python(setting: Path) -> Path:
    """Return the Python of Label Studio's environment; a relative path is looked up here and beside the package.

    Raises:
        ArgusError: `missing_package` when there is no such environment.
    """
    for base in (Path.cwd(), Path(__file__).parents[2]):
        # Not resolved: a virtual environment's python is a link, and knows its environment by the link's place.
        if (python := base / setting).exists():
            return python
    raise ArgusError("missing_package", f"Label Studio's environment is missing: there is no {setting}.",
                     "Run make install, or set ARGUS_LABEL_STUDIO_PYTHON, or use your own Label Studio "
                     "with ARGUS_LABEL_STUDIO_URL and argus up --no-label-studio.")
