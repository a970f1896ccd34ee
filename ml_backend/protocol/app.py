"""The Flask application of the ML backend."""

from __future__ import annotations

from flask import Flask

from argus.settings import Settings
from argus.web import app_hooks, problems
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
    # Label Studio shows a person the body as it is when a backend is connected; of a smart tool's failure it passes on
    # only the status line.
    problems.install(app, in_status_line=True)
    return app
