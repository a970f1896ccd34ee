"""The REST API described by OpenAPI 3.1, made from the models of requests and answers and the table of endpoints."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from argus import __version__
from argus.answers.base import Problem
from argus.errors import CATALOGUE
from search_service.api.answer_examples import ANSWERS
from search_service.api.endpoints import ENDPOINTS, Endpoint
from search_service.api.examples import BODIES, PARAMETERS

_REFERENCE = "#/components/schemas/{model}"


def document() -> dict[str, Any]:
    """Return the OpenAPI document, JSON-ready."""
    asked: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (model, "validation") for endpoint in ENDPOINTS for model in (endpoint.body, endpoint.query) if model]
    answered: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (endpoint.answer, "serialization") for endpoint in ENDPOINTS if endpoint.answer]
    _, found = models_json_schema([*asked, *answered, (Problem, "validation")], ref_template=_REFERENCE)
    schemas: dict[str, Any] = found["$defs"]
    schemas["Problem"]["properties"]["code"]["enum"] = sorted(CATALOGUE)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(endpoint.path, {})[endpoint.method] = _operation(endpoint)
    about = {"title": "Argus", "version": __version__, "description":
             "Errors are RFC 9457 problems with a stable code, a sentence and a hint. Where ARGUS_API_TOKEN is set, "
             "requests carry Authorization: Bearer <token>. A request with the caller's own personal access token of "
             "Label Studio in X-Label-Studio-Token reaches only projects that this person can open there, does only "
             "what they may do in them (403 `forbidden` says who may), and annotations that it makes carry their name. "
             "Where ARGUS_REQUIRE_PERSON is set, every request needs that header."}
    return {"openapi": "3.1.0", "info": about, "paths": paths, "servers": [{"url": "/"}],
            "security": [{}, {"token": []}, {"caller": []}, {"token": [], "caller": []}],
            "components": {"schemas": schemas, "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "caller": {"type": "apiKey", "in": "header", "name": "X-Label-Studio-Token"}}}}


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    name = re.sub(r"\W+", "_", endpoint.path.removeprefix("/api/v1/").replace("{", "").replace("}", ""))
    content: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
    if endpoint.answer:
        content = {"schema": {"$ref": _REFERENCE.format(model=endpoint.answer.__name__)},
                   "example": ANSWERS[endpoint.answer].model_dump(mode="json")}
    if endpoint.media == "text/event-stream":  # the schema is one event's
        content = {"schema": {"type": "object", "required": ["data"], "properties": {"data": {
            "type": "string", "contentMediaType": "application/json", "contentSchema": content["schema"]}}},
            "example": {"data": json.dumps(content["example"])}}
    operation: dict[str, Any] = {
        "operationId": f"{endpoint.method}_{name}", "summary": endpoint.summary, "tags": [_topic(endpoint.path)],
        "parameters": _parameters(endpoint),
        "responses": {str(endpoint.status): {"description": "Done.", "content": {endpoint.media: content}},
                      "default": {"description": "What went wrong (RFC 9457).", "content": {
                          "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}}}
    if endpoint.body:
        reference = {"$ref": f"#/components/schemas/{endpoint.body.__name__}"}
        given = {"example": BODIES[endpoint.body]} if endpoint.body in BODIES else {}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": reference} | given}}
    elif endpoint.takes:
        operation["requestBody"] = {"required": True, "content": {endpoint.takes: {"schema": {
            "type": "string", "format": "binary"}}}}
    return operation


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    found = [{"name": name, "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
             for name in re.findall(r"{(\w+)}", endpoint.path)]
    if endpoint.query:
        schema = endpoint.query.model_json_schema(ref_template=_REFERENCE)
        for name, field in schema["properties"].items():
            found.append({"name": name, "in": "query", "required": name in schema.get("required", []),
                          "schema": field})
    return [entry | ({"example": PARAMETERS[entry["name"]]} if entry["name"] in PARAMETERS else {}) for entry in found]


def _topic(path: str) -> str:
    """Return the heading an operation belongs under: what follows the project in its path."""
    if not path.startswith("/api/"):
        return "service"
    steps = [step for step in path.removeprefix("/api/v1/").split("/") if not step.startswith("{")]
    return steps[1] if steps[0] == "projects" and len(steps) > 1 else steps[0]
