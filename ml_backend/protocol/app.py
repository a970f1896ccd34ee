"""The Flask application of the ML backend."""

from __future__ import annotations

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from argus.errors import CATALOGUE, ArgusError, as_argus_error
from argus.settings import Settings
from argus.web import app_hooks
from ml_backend.protocol.metrics import Metrics
from ml_backend.protocol.predict import Predictor
from ml_backend.protocol.routes import make_blueprint

MAX_BODY = 256 * 2**20  # Label Studio sends every selected task in one request, with earlier results when interactive


def create_app(settings: Settings) -> Flask:
    """Return the application. It opens the database and the queue when a request first needs them."""
    app = Flask("ml_backend", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app_hooks.install(app, "ml-backend", lambda: settings)
    app.register_blueprint(make_blueprint(settings, Predictor(settings), Metrics()))
    app.register_error_handler(ArgusError, _problem)
    app.register_error_handler(HTTPException, _http_problem)
    app.register_error_handler(Exception, _crash)
    return app


def _problem(error: ArgusError) -> Response:
    """Answer as an RFC 9457 problem. Label Studio shows a person the body as it is when a backend is connected; of a
    smart tool's failure it passes on only the status line, so the sentence stands there too."""
    response = jsonify(error.to_problem())
    response.status, response.mimetype = f"{error.kind.status} {_reason(error.message)}", "application/problem+json"
    if wait := error.details.get("retry_after"):
        response.headers["Retry-After"] = str(wait)
    return response


def _reason(message: str) -> str:
    """Return `message` as it may stand in a status line: one line of Latin-1, 200 characters."""
    line = " ".join(message.encode("latin-1", "replace").decode("latin-1").split())
    return "".join(sign for sign in line if sign.isprintable())[:200]


def _http_problem(error: HTTPException) -> Response:
    code = "not_found" if error.code == 404 else "bad_request"
    response = _problem(ArgusError(code, error.description or error.name))
    response.status_code = error.code or CATALOGUE[code].status
    return response


def _crash(error: Exception) -> Response:
    return _problem(as_argus_error(error, method=request.method, path=request.path))
