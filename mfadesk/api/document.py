"""The API's own description: OpenAPI 3.1 as JSON, and the same as a page that a person reads. Both come from one document."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mfadesk.api.door import Bearer
from mfadesk.api.resources import api
from mfadesk.kernel.errors import Broken
from mfadesk.operations.answers import PROBLEM_TYPE
from mfadesk.operations.api_tokens import SCOPES

BASE = "/api/v1/"

_FAILURES = {
    "401": "No token, or one that opens nothing.",
    "403": "The token lacks the scope.",
    "404": "There is no such thing.",
    "422": "Something in the request cannot be taken.",
    "429": "Too many wrong tokens from one address, or too many requests of one token.",
    "503": "The desk cannot answer just now.",
}
_PROBLEM_SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "description": "A failure. Source: RFC 9457.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "what_to_do"],
    "properties": {
        "type": {"type": "string", "description": "Stable: test this, and not the sentence."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong, in a sentence."},
        "what_to_do": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["where", "sentence"],
                "properties": {"where": {"type": "string"}, "sentence": {"type": "string"}},
            },
        },
    },
}


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """Return the API as an OpenAPI 3.1 document: each operation with its scope and every way it can fail."""
    made: dict[str, Any] = dict(api.get_openapi_schema(path_prefix=BASE))
    made["info"] = {**made["info"], "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}}
    # A relative address, so that the document says nothing about where this desk stands.
    made["servers"] = [{"url": "/"}]
    made["components"]["schemas"]["Problem"] = _PROBLEM_SCHEMA
    made["components"]["securitySchemes"]["Bearer"]["description"] = "A token of `mfadesk api token`."
    scopes = scopes_by_operation()
    for methods in made["paths"].values():
        for told in methods.values():
            told["security"] = [{"Bearer": [scopes[told["operationId"]]]}]
            for status, words in _FAILURES.items():
                told["responses"][status] = {
                    "description": words,
                    "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
            told["responses"] = {str(status): answer for status, answer in told["responses"].items()}
    return made


def scopes_by_operation() -> dict[str, str]:
    """Return the scope that each operation asks for, by its id."""
    found = {}
    for view in api.default_router.path_operations.values():
        for operation in view.operations:
            (door,) = operation.auth_callbacks
            if not isinstance(door, Bearer):
                raise Broken(f"{operation.operation_id} asks for no scope")
            found[str(operation.operation_id)] = door.scope
    return found


@dataclass(frozen=True, slots=True)
class FieldLine:
    """A field or parameter on the page."""

    name: str
    kind: str
    words: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class OperationLine:
    """An operation on the page."""

    id: str
    path: str
    title: str
    words: str
    scope: str
    parameters: tuple[FieldLine, ...]
    answer: str


@dataclass(frozen=True, slots=True)
class ShapeLine:
    """A shape on the page: what an answer or a part of one holds."""

    name: str
    words: str
    fields: tuple[FieldLine, ...]


@require_safe
def openapi(request: HttpRequest) -> JsonResponse:
    """Answer the document, to whoever asks: it says what can be read, and nothing that was."""
    return JsonResponse(document(), json_dumps_params={"indent": 1})


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Answer the same for a person to read."""
    told = document()
    groups: dict[str, list[OperationLine]] = {}
    for path, methods in told["paths"].items():
        operation = methods["get"]
        groups.setdefault(operation["tags"][0], []).append(_operation(path, operation))
    shapes = [_shape(name, shape) for name, shape in sorted(told["components"]["schemas"].items())]
    return render(
        request, "api/reference.html",
        {"intro": told["info"]["description"], "version": told["info"]["version"], "groups": groups, "shapes": shapes, "scopes": SCOPES},
    )  # fmt: skip


def _operation(path: str, told: dict[str, Any]) -> OperationLine:
    title, _, words = told["description"].partition("\n\n")
    answer, link = _kind(told["responses"]["200"]["content"]["application/json"]["schema"])
    return OperationLine(
        id=told["operationId"], path=path, title=title.strip(), words=" ".join(words.split()),
        scope=told["security"][0]["Bearer"][0], answer=link or answer,
        parameters=tuple(
            FieldLine(
                one["name"], _kind(one["schema"])[0].removesuffix(" or null"), one.get("description", ""), "in the address" if one["in"] == "path" else ""
            )
            for one in told["parameters"]
        ),
    )  # fmt: skip


def _shape(name: str, told: dict[str, Any]) -> ShapeLine:
    fields = []
    for field, schema in told.get("properties", {}).items():
        kind, link = _kind(schema)
        fields.append(FieldLine(field, kind, schema.get("description", ""), link))
    return ShapeLine(name, told.get("description", ""), tuple(fields))


def _kind(schema: dict[str, Any]) -> tuple[str, str]:
    """Return a schema's kind in words, and the name of the shape that it leads to, if any."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return name, name
    if "anyOf" in schema:
        kinds = [_kind(one) for one in schema["anyOf"]]
        return " or ".join(words for words, _ in kinds), next((link for _, link in kinds if link), "")
    if schema.get("type") == "array":
        words, link = _kind(schema.get("items", {}))
        return f"list of {words}", link
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"]), ""
    bounds = [f"{schema[key]} {words}" for key, words in (("minimum", "at least"), ("maximum", "at most")) if key in schema]
    words = "time" if schema.get("format") == "date-time" else str(schema.get("type", "anything"))
    return ", ".join([words, *bounds]), ""
