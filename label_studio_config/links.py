"""The two links from Label Studio to Argus that a connected project has: the ML backend and the webhook."""

from __future__ import annotations

from dataclasses import dataclass, field

from argus import addresses
from argus.answers.projects import Connection
from argus.errors import ArgusError
from argus.labelstudio.client import LabelStudio
from argus.labelstudio.types import MlBackend, MlBackendSettings, Webhook, WebhookSettings
from argus.settings import Settings, get_settings
from label_studio_config.projects import ProjectRow

WEBHOOK_PATH = "/webhooks/label-studio"
# Annotations are read when they are needed; each further action would cost the person who saves one a request.
WEBHOOK_ACTIONS = ("TASKS_CREATED", "TASKS_DELETED", "PROJECT_UPDATED")
_SSRF_HINT = ("Label Studio's defaults refuse private addresses. Start it with ML_BLOCK_LOCAL_IP=false and "
              "SSRF_PROTECTION_ENABLED=false, or with USE_DEFAULT_BANNED_SUBNETS=false.")


@dataclass
class ConnectReport:
    """What `connect` did, thing by thing, in sentences; with `dry_run`, what it would do.

    `project_id` is None only when a dry run would create the project.
    """

    project_id: int | None
    title: str
    dry_run: bool
    labels: list[str] = field(default_factory=list)
    model_version: str = ""
    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    fills: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)

    def answer(self) -> Connection:
        """Return it as the API and scripts get it."""
        return Connection(**vars(self))


class Links:
    """The ML backend and the webhooks of one project."""

    def __init__(self, ls: LabelStudio, project_id: int | None, row: ProjectRow | None, report: ConnectReport) -> None:
        self._ls, self._project, self._report = ls, project_id, report
        self._known = (row["ml_backend_id"], row["webhook_id"]) if row else (None, None)
        self._settings = get_settings()
        self._hooks: list[Webhook] | None = None

    def backend(self) -> int | None:
        """Create or correct the ML backend; return its id (None in a dry run that would create it)."""
        wanted = backend_body(self._settings, self._project, self._report.model_version)
        there: list[MlBackend] = self._ls.get("/api/ml", project=self._project) if self._project else []
        ours = [backend for backend in there
                if addresses.same(backend["url"], wanted["url"]) or backend["id"] == self._known[0]]
        foreign = [b for b in there if b not in ours]
        if foreign:
            self._report.notes.append(
                f"Another ML backend is connected ({foreign[0]['url']}). When a person retrieves predictions, Label "
                "Studio asks only the one that was connected first.")
        if not ours:
            self._report.created.append(f"ML backend {wanted['url']}, title {wanted['title']}")
            return None if self._report.dry_run else self._send("POST", "/api/ml", wanted)
        return self._correct_backend(ours[0], wanted)

    def _correct_backend(self, backend: MlBackend, wanted: MlBackendSettings) -> int:
        # A password cannot be read back, so with basic auth the backend is always written.
        known = {key: value for key, value in wanted.items() if key not in ("basic_auth_pass", "project")}
        wrong = [key for key, value in known.items() if backend.get(key) != value]
        if backend.get("readable_state") != "Connected":
            wrong.append("was not connected, asked again")
        if not wrong and "basic_auth_pass" not in wanted:
            self._report.kept.append(f"ML backend {wanted['url']}")
            return int(backend["id"])
        self._report.changed.append(f"ML backend {wanted['url']}: {', '.join(wrong) or 'password'}")
        if not self._report.dry_run:
            self._send("PATCH", f"/api/ml/{backend['id']}", wanted)
        return int(backend["id"])

    def _send(self, method: str, path: str, body: MlBackendSettings) -> int:
        try:
            return int(self._ls.request(method, path, json=body)["id"])
        except ArgusError as error:
            raise _explain(error, f"ML backend at {self._settings.ml_backend_url}") from error

    def webhook(self) -> int | None:
        """Create or correct the webhook of the search service; return its id."""
        secret = self._settings.webhook_secret.get_secret_value()
        wanted: WebhookSettings = {
            "url": self._settings.search_service_url.rstrip("/") + WEBHOOK_PATH, "is_active": True,
            "send_payload": True, "send_for_all_actions": False, "actions": sorted(WEBHOOK_ACTIONS),
            "headers": {"X-Argus-Secret": secret} if secret else {}}
        ours = [hook for hook in self._webhooks()
                if addresses.same(hook["url"], wanted["url"]) or hook["id"] == self._known[1]]
        if not ours:
            self._report.created.append(f"webhook {wanted['url']}")
            return None if self._report.dry_run else self._send_webhook("POST", "/api/webhooks/",
                                                                        wanted | {"project": self._project})
        there = ours[0] | {"actions": sorted(ours[0]["actions"])}
        wrong = [key for key, value in wanted.items() if there.get(key) != value]
        if not wrong:
            self._report.kept.append(f"webhook {wanted['url']}")
        else:
            self._report.changed.append(f"webhook {wanted['url']}: {', '.join(wrong)}")
            if not self._report.dry_run:
                self._send_webhook("PATCH", f"/api/webhooks/{there['id']}/", wanted)
        return int(there["id"])

    def _send_webhook(self, method: str, path: str, body: WebhookSettings) -> int:
        try:
            return int(self._ls.request(method, path, json=body)["id"])
        except ArgusError as error:
            raise _explain(error, f"webhook to {self._settings.search_service_url}") from error

    def quiet_backend_webhook(self) -> None:
        """Switch off the webhook that Label Studio makes for an ML backend.

        It posts every event of the project to `<backend>/webhook`, which ignores them: each would cost the person who
        saves an annotation a request, and carry the annotation without authentication. It is not deleted, because its
        presence is what keeps Label Studio from making it again.
        """
        url = self._settings.ml_backend_url.rstrip("/") + "/webhook"
        self._hooks = None
        for hook in self._webhooks():
            if addresses.same(hook["url"], url) and hook["is_active"]:
                self._report.changed.append(f"Label Studio's webhook {url}: switched off, the backend ignores events")
                if not self._report.dry_run:
                    self._ls.patch(f"/api/webhooks/{hook['id']}/", {"is_active": False})

    def _webhooks(self) -> list[Webhook]:
        if self._hooks is None:
            self._hooks = self._ls.get("/api/webhooks/", project=self._project) if self._project else []
        return self._hooks


def backend_body(settings: Settings, project_id: int | None, model_version: str) -> MlBackendSettings:
    body: MlBackendSettings = {"project": project_id, "url": settings.ml_backend_url.rstrip("/"),
                               "title": model_version, "is_interactive": True, "auth_method": "NONE"}
    if settings.basic_auth_user:
        body |= {"auth_method": "BASIC_AUTH", "basic_auth_user": settings.basic_auth_user,
                 "basic_auth_pass": settings.basic_auth_password.get_secret_value()}
    return body


def _explain(error: ArgusError, what: str) -> ArgusError:
    """Turn what Label Studio answered about a link into the cause and its fix."""
    said = error.message
    if "reserved network address" in said or "not allowed" in said:
        return ArgusError("label_studio_refused", f"Label Studio may not call the {what}: it is a private address.",
                          _SSRF_HINT, status=error.details.get("status"))
    if "resolve hostname" in said:
        return ArgusError("label_studio_refused", f"Label Studio does not know the host of the {what}.",
                          "Set ARGUS_ML_BACKEND_URL and ARGUS_SEARCH_SERVICE_URL as Label Studio reaches them.")
    if "authentication parameters" in said:
        return ArgusError("label_studio_refused", f"The {what} refused Label Studio's credentials.",
                          "ARGUS_BASIC_AUTH_USER and ARGUS_BASIC_AUTH_PASSWORD must be the same for both.")
    if "health check failed" in said or "valid ML backend" in said:
        return ArgusError("label_studio_refused", f"Label Studio cannot reach the {what}.",
                          "Start it (`argus up`), or set ARGUS_ML_BACKEND_URL as Label Studio reaches it.")
    return error
