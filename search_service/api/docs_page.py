"""The API's documentation as one page of plain HTML, made from the OpenAPI document: it needs no script."""

from __future__ import annotations

import json
import shlex
from html import escape
from itertools import groupby
from urllib.parse import urlencode

from search_service.api.openapi import Document, Operation, Parameter, Schema

METHODS = ("get", "post", "put", "patch", "delete")


def page(document: Document, address: str) -> str:
    """Return the page.

    Args:
        document: as `search_service.api.openapi.document` makes it.
        address: `scheme://host` of this service, for the examples.
    """
    found = [(operation["tags"][0], method, path, operation) for path, methods in document["paths"].items()
             for method, operation in methods.items() if method in METHODS]
    groups = [(tag, list(members)) for tag, members in groupby(found, key=lambda entry: entry[0])]
    links = "".join(f'<li><a href="#{escape(tag)}">{escape(tag)}</a></li>' for tag, _ in groups)
    parts = "".join(f'<section id="{escape(tag)}"><h2>{escape(tag)}</h2>'
                    + "".join(_operation(document, address, method, path, operation)
                              for _, method, path, operation in members) + "</section>" for tag, members in groups)
    title = escape(f"{document['info']['title']} {document['info']['version']}")
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}: API</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="/web/icon.svg">'
            '<link rel="stylesheet" href="/web/css/api.css"></head><body><main>'
            f'<h1>{title}: API</h1><p>{escape(document["info"]["description"])} The same as OpenAPI '
            f'{document["openapi"]}: <a href="/openapi.json">/openapi.json</a>. <a href="/">Back to Argus</a>.</p>'
            f'<nav aria-label="Topics"><ul>{links}</ul></nav>{parts}</main></body></html>\n')


def _operation(document: Document, address: str, method: str, path: str, operation: Operation) -> str:
    rows = "".join(_parameter(document, entry) for entry in operation.get("parameters", []))
    body = operation.get("requestBody", {}).get("content", {})
    for media, content in body.items():
        schema = _resolved(document, content["schema"])
        rows += "".join(_row(name, f"body, {media}", _type(document, field), name in schema.get("required", []),
                             field.get("description", "")) for name, field in schema.get("properties", {}).items())
        if not schema.get("properties"):
            rows += _row("the file", f"body, {media}", "file", True, "")
    table = ('<div class="scroll" tabindex="0"><table><thead><tr><th>name</th><th>in</th><th>type</th><th>meaning</th>'
             f"</tr></thead><tbody>{rows}</tbody></table></div>") if rows else ""
    answers = "; ".join(f"{escape(status)}: {escape(', '.join(answer.get('content', {})) or 'no body')}"
                        for status, answer in operation["responses"].items())
    return (f'<article id="{operation["operationId"]}"><h3><b class="{method}">{method.upper()}</b> '
            f"<code>{escape(path)}</code></h3><p>{escape(operation['summary'])}</p>{table}"
            f'<pre tabindex="0"><code>{escape(_curl(address, method, path, operation))}</code></pre>'
            f'<p class="answers">Answers {answers}.</p></article>')


def _parameter(document: Document, entry: Parameter) -> str:
    schema = entry["schema"]
    default = f" Default: {json.dumps(schema['default'], ensure_ascii=False)}." if schema.get("default") not in (
        None, "") else ""
    return _row(entry["name"], entry["in"], _type(document, schema), entry["required"],
                schema.get("description", "") + default)


def _row(name: str, place: str, kind: str, required: bool, meaning: str) -> str:
    return (f"<tr><td><code>{escape(name)}</code>{' (required)' if required else ''}</td><td>{escape(place)}</td>"
            f"<td>{escape(kind)}</td><td>{escape(meaning)}</td></tr>")


def _resolved(document: Document, schema: Schema) -> Schema:
    if reference := schema.get("$ref"):
        return document["components"]["schemas"][str(reference).rsplit("/", 1)[-1]]
    return schema


def _type(document: Document, schema: Schema) -> str:
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[-1] if "properties" in _resolved(document, schema) else _type(
            document, _resolved(document, schema))
    if "enum" in schema:
        return " or ".join(json.dumps(value) for value in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "anyOf" in schema:
        return " or ".join(_type(document, option) for option in schema["anyOf"])
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_type(document, schema.get('items', {}))}"
    given = {**schema}
    bounds = ", ".join(f"{word} {given[key]}" for key, word in (
        ("minimum", "from"), ("maximum", "to"), ("maxLength", "at most"), ("maxItems", "at most")) if key in given)
    return (" or ".join(kind) if isinstance(kind, list) else kind) + (f" ({bounds})" if bounds else "")


def _curl(address: str, method: str, path: str, operation: Operation) -> str:
    values = {entry["name"]: entry["example"] for entry in operation.get("parameters", []) if "example" in entry}
    places = {entry["name"]: entry["in"] for entry in operation.get("parameters", [])}
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", str(value))
    required = {entry["name"] for entry in operation.get("parameters", []) if entry["required"]} | {"q"}
    asked = {name: value for name, value in values.items() if places[name] == "query" and name in required}
    url = address + path + (f"?{urlencode(asked)}" if asked else "")
    words = ["curl"] + (["-X", method.upper()] if method not in ("get", "post") else [])
    lines = [" ".join([*words, shlex.quote(url)])]
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        lines.append(f"-H 'Content-Type: {media}'")
        lines.append(f"-d {shlex.quote(json.dumps(content['example'], ensure_ascii=False))}" if "example" in content
                     else "--data-binary @image.jpg")
    if method == "post" and len(lines) == 1:
        lines[0] = lines[0].replace("curl", "curl -X POST", 1)
    answer = next(iter(operation["responses"].values())).get("content", {})
    if any(kind.startswith(("image/", "application/zip")) for kind in answer):
        lines.append("-o " + ("picture.jpg" if any(kind.startswith("image/") for kind in answer) else "export.zip"))
    return " \\\n  ".join(lines)
