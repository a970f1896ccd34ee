"""Label Studio's ML protocol, route by route. Nothing here waits but `/predict`."""

from __future__ import annotations

import base64
import contextlib
import hmac
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from pydantic import JsonValue

from argus.errors import ArgusError
from argus.labelstudio.types import Task
from argus.settings import Settings
from argus.web import problems, server_state
from argus.web.metrics_endpoint import CONTENT_TYPE, exposition
from label_studio_config import engine_store, projects
from label_studio_config.projects import ProjectRow
from label_studio_config.recipe import plan_for
from ml_backend.protocol.metrics import Metrics
from ml_backend.protocol.model import Sam3Backend
from ml_backend.protocol.predict import Predictor
from ml_backend.runs import scheduling

_MAX_TASKS = 10_000


def make_blueprint(settings: Settings, predictor: Predictor, metrics: Metrics) -> Blueprint:
    """Return the protocol's routes, behind Basic auth when the settings have a user."""
    routes = Blueprint("ml", __name__)

    @routes.before_request
    def authorize() -> Response | None:
        # Label Studio's own webhooks carry no Basic auth; they have no effect here either.
        return None if request.path == "/webhook" or _authorized(settings) else _unauthorized()

    @routes.route("/predict", methods=["POST"])
    def predict() -> Response:
        body = _body()
        tasks = _tasks(body.get("tasks"))
        params = body.get("params")
        context = params.get("context") if isinstance(params, Mapping) else None
        project = _remember(_project_id(body), body.get("label_config"), begin=not context)
        backend = Sam3Backend(project, predictor)
        with metrics.predict(interactive=bool(context)) as seen:
            results = backend.predict(tasks, context=context)
            seen(len(results), sum(1 for r in results if r))
        return jsonify(results=results, model_version=backend.model_version)

    @routes.route("/webhook", methods=["POST"])
    def webhook() -> Response:
        secret = settings.webhook_secret.get_secret_value()
        if secret and not _same(request.headers.get("X-Argus-Secret", "").encode("latin-1"), secret):
            raise ArgusError("unauthorized", "The webhook's secret is missing or wrong.")
        return jsonify(status="ignored")

    @routes.route("/metrics", methods=["GET"])
    def show_metrics() -> Response:
        return Response(exposition(metrics.registry), content_type=CONTENT_TYPE)

    for path in ("/", "/health"):
        routes.add_url_rule(path, view_func=health)
    routes.add_url_rule("/setup", view_func=setup, methods=["POST"])
    routes.add_url_rule("/versions", view_func=versions, methods=["GET", "POST"])
    return routes


def health() -> Response:
    """Say that this is an ML backend, and of which class."""
    return jsonify(status="UP", model_class=Sam3Backend.__name__, refused=server_state.codes())


def setup() -> Response:
    """Take the labelling config of a project and answer the version of its predictions."""
    body = _body()
    # Label Studio asks this whenever somebody looks at its page of models.
    project = _remember(_project_id(body), body.get("schema"), begin=False)
    plan = plan_for(project)  # Label Studio reads the version only; the rest is for people and `argus doctor`
    return jsonify(model_version=project["model_version"], fills=plan.fills, notes=plan.notes,
                   warnings=plan.warnings)


def versions() -> Response:
    """List the versions of a project's predictions: the one, or none while it is not known."""
    body = request.get_json(silent=True)
    try:
        project = projects.load(_project_id(body)) if isinstance(body, Mapping) and body.get("project") else None
    except ArgusError:
        project = None
    return jsonify(versions=[project["model_version"]] if project and project["model_version"] else [])


def _authorized(settings: Settings) -> bool:
    if not settings.basic_auth_user:
        return True
    user, password = _given()
    # Both are compared whatever the first says, in time that does not tell where they differ.
    known = _same(user, settings.basic_auth_user)
    return _same(password, settings.basic_auth_password.get_secret_value()) and known


def _given() -> tuple[bytes, bytes]:
    """Return user and password of the request, empty without Basic auth."""
    scheme, _, code = request.headers.get("Authorization", "").partition(" ")
    try:
        user, _, password = base64.b64decode(code.strip() if scheme.lower() == "basic" else "").partition(b":")
    except ValueError:
        return b"", b""
    return user, password


def _same(given: bytes, expected: str) -> bool:
    """Compare in UTF-8, which browsers send, and in Latin-1, which Label Studio's client sends where it can."""
    forms = [expected.encode()]
    with contextlib.suppress(UnicodeEncodeError):
        forms.append(expected.encode("latin-1"))
    return any([hmac.compare_digest(given, form) for form in forms])  # a list: every form is compared


def _unauthorized() -> Response:
    error = ArgusError("unauthorized", "User or password is wrong.",
                       "Set them in Label Studio's settings of the ML backend.")
    return problems.answer(error, challenge='Basic realm="Argus"')


def _body() -> Mapping[str, JsonValue]:
    body = request.get_json(silent=True)  # as application/json only, which no other site's page may send unasked
    if not isinstance(body, Mapping):
        raise ArgusError("bad_request", "The request's body must be a JSON object, sent as application/json.")
    return body


def _project_id(body: Mapping[str, Any]) -> int:
    """Return the project's id: Label Studio sends `<id>.<creation time>`."""
    number = str(body.get("project") or "").split(".", 1)[0]
    if not number.isascii() or not number.isdigit() or not 0 < int(number[:20]) < 2**31:
        raise ArgusError("bad_request", "The request names no project.")
    return int(number)


def _remember(project_id: int, label_config: Any, *, begin: bool) -> ProjectRow:
    """Record the config that came along, `begin` as of `projects.remember`; without one, use what is known."""
    if label_config is None:
        return projects.load(project_id)
    if not isinstance(label_config, str):
        raise ArgusError("bad_request", "The labelling config must be text.")
    project = projects.remember(project_id, label_config, begin=begin)
    if begin and engine_store.has_old_versions(project):
        try:
            scheduling.enqueue_cleanup(project_id)
        except ArgusError as error:
            current_app.logger.warning("older predictions stay for now: %s", error.message)
    return project


def _tasks(value: Any) -> list[Task]:
    if not isinstance(value, list) or len(value) > _MAX_TASKS:
        raise ArgusError("bad_request", f"`tasks` must be a list of at most {_MAX_TASKS} tasks.")
    for task in value:
        number = task.get("id") if isinstance(task, Mapping) else None
        if isinstance(number, bool) or not isinstance(number, int) or not 0 < number < 2**63:
            raise ArgusError("bad_request", "Every task needs an id.")
    return value
