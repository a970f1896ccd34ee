"""The REST API described by OpenAPI 3.1, made from the models of requests and answers and the table of endpoints."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import NotRequired, TypedDict

from pydantic import BaseModel, JsonValue
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from argus import __version__
from argus.answers.base import Problem
from argus.errors import CATALOGUE
from search_service.api.answer_examples import ANSWERS
from search_service.api.endpoint import Endpoint
from search_service.api.endpoints import ENDPOINTS
from search_service.api.examples import BODIES, PARAMETERS

_REFERENCE = "#/components/schemas/{model}"
_TEXTS = frozenset({"upload_id"})  # variables of paths that are no numbers


# A JSON schema, as far as requests and answers use it.
Schema = TypedDict("Schema", {
    "$ref": str, "enum": Sequence[JsonValue], "const": JsonValue, "anyOf": list["Schema"], "type": str | list[str],
    "items": "Schema", "properties": dict[str, "Schema"], "required": list[str], "description": str,
    "default": JsonValue, "minimum": float, "maximum": float, "maxLength": int, "maxItems": int, "format": str,
    "contentMediaType": str, "contentSchema": "Schema"}, total=False)
Parameter = TypedDict("Parameter", {"name": str, "in": str, "required": bool, "schema": Schema,
                                    "example": NotRequired[JsonValue]})


_PATH_TEXT: Schema = {"type": "string"}


class Content(TypedDict):
    """A body in one media type."""

    schema: Schema
    example: NotRequired[JsonValue]


class Body(TypedDict):
    """What a request carries, by media type."""

    required: bool
    content: dict[str, Content]


class Answered(TypedDict):
    """An answer, by media type."""

    description: str
    content: dict[str, Content]


class Operation(TypedDict):
    """A method of a path; `responses` by status."""

    operationId: str
    summary: str
    tags: list[str]
    parameters: list[Parameter]
    responses: dict[str, Answered]
    requestBody: NotRequired[Body]


class Info(TypedDict):
    """What the API is."""

    title: str
    version: str
    description: str


class Components(TypedDict):
    """What operations refer to by name."""

    schemas: dict[str, Schema]
    securitySchemes: dict[str, dict[str, str]]


class Document(TypedDict):
    """An OpenAPI document; `paths` by path and method."""

    openapi: str
    info: Info
    paths: dict[str, dict[str, Operation]]
    servers: list[dict[str, str]]
    security: list[dict[str, list[str]]]
    components: Components


def document() -> Document:
    """Return the OpenAPI document, JSON-ready."""
    asked: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (model, "validation") for endpoint in ENDPOINTS for model in (endpoint.body, endpoint.query) if model]
    answered: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (endpoint.answer, "serialization") for endpoint in ENDPOINTS if endpoint.answer]
    _, found = models_json_schema([*asked, *answered, (Problem, "validation")], ref_template=_REFERENCE)
    schemas: dict[str, Schema] = found["$defs"]
    schemas["Problem"]["properties"]["code"]["enum"] = sorted(CATALOGUE)
    paths: dict[str, dict[str, Operation]] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(endpoint.path, {})[endpoint.method] = _operation(endpoint)
    about: Info = {"title": "Argus", "version": __version__, "description":
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


def _operation(endpoint: Endpoint) -> Operation:
    name = re.sub(r"\W+", "_", endpoint.path.removeprefix("/api/v1/").replace("{", "").replace("}", ""))
    content: Content = {"schema": {"type": "string", "format": "binary"}}
    if endpoint.answer:
        content = {"schema": {"$ref": _REFERENCE.format(model=endpoint.answer.__name__)},
                   "example": ANSWERS[endpoint.answer].model_dump(mode="json")}
    if endpoint.media == "text/event-stream":  # the schema is one event's
        content = {"schema": {"type": "object", "required": ["data"], "properties": {"data": {
            "type": "string", "contentMediaType": "application/json", "contentSchema": content["schema"]}}},
            "example": {"data": json.dumps(content["example"])}}
    operation: Operation = {
        "operationId": f"{endpoint.method}_{name}", "summary": endpoint.summary, "tags": [_topic(endpoint.path)],
        "parameters": _parameters(endpoint),
        "responses": {str(endpoint.status): {"description": "Done.",
                                             "content": {endpoint.media: content} if endpoint.media else {}},
                      "default": {"description": "What went wrong (RFC 9457).", "content": {
                          "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}}}
    if endpoint.body:
        given: Content = {"schema": {"$ref": f"#/components/schemas/{endpoint.body.__name__}"}}
        if endpoint.body in BODIES:
            given["example"] = BODIES[endpoint.body]
        operation["requestBody"] = {"required": True, "content": {"application/json": given}}
    elif endpoint.takes:
        operation["requestBody"] = {"required": True, "content": {endpoint.takes: {"schema": {
            "type": "string", "format": "binary"}}}}
    return operation


def _parameters(endpoint: Endpoint) -> list[Parameter]:
    found: list[Parameter] = [
        {"name": name, "in": "path", "required": True, "schema": _PATH_TEXT if name in _TEXTS else {
            "type": "integer", "minimum": 1}}
        for name in re.findall(r"{(\w+)}", endpoint.path)]
    if endpoint.query:
        schema = endpoint.query.model_json_schema(ref_template=_REFERENCE)
        for name, field in schema["properties"].items():
            found.append({"name": name, "in": "query", "required": name in schema.get("required", []),
                          "schema": field})
    for entry in found:
        if entry["name"] in PARAMETERS:
            entry["example"] = PARAMETERS[entry["name"]]
    return found


def _topic(path: str) -> str:
    """Return the heading an operation belongs under: what follows the project in its path."""
    if not path.startswith("/api/"):
        return "service"
    steps = [step for step in path.removeprefix("/api/v1/").split("/") if not step.startswith("{")]
    return steps[1] if steps[0] == "projects" and len(steps) > 1 else steps[0]
