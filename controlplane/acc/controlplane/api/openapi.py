"""The OpenAPI document, made from what the code itself goes by.

Paths, methods and query parameters come from the routes; request bodies are the types that bodies are decoded into;
answers are the description's fields; problems are the error codes. Nothing here says what something is a second time.
"""

import re
from collections.abc import Iterable, Sequence
from importlib.metadata import version

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from acc.controlplane.api.caller import OPEN
from acc.controlplane.api.calls import Call, call_of
from acc.controlplane.api.listing import MAX_PAGE
from acc.controlplane.api.problems import KINDS
from acc.controlplane.service.shape import Json
from acc.wire.directory.index import BY_TYPE
from acc.wire.errors import Code
from acc.wire.resources import Exposure, Field, Resource, Shape

PATH = "/v1/openapi.json"

_SCHEMAS = "#/components/schemas/"
_TEXTS: Json = {"type": "array", "items": {"type": "string"}}

_SHAPES: dict[Shape, Json] = {
    Shape.TEXT: {"type": "string"},
    Shape.INTEGER: {"type": "integer"},
    Shape.FLAG: {"type": "boolean"},
    Shape.TIME: {"type": "string", "format": "date-time"},
    Shape.TEXTS: _TEXTS,
    Shape.INTEGERS: {"type": "array", "items": {"type": "integer"}},
    Shape.TAGS: {"type": "object", "additionalProperties": _TEXTS},
    Shape.OBJECT: {"type": "object"},
    Shape.OBJECTS: {"type": "array", "items": {"type": "object"}},
}

_FLAG: Json = {"enum": ["true", "false"]}
_PARAMETERS: dict[str, Json] = {
    "recursive": _FLAG,
    "include_terminated": _FLAG,
    "page_size": {"type": "integer", "minimum": 0, "maximum": MAX_PAGE},
}

_STATUSES = {
    400: "What was asked cannot be understood.",
    401: "Who asks is not known.",
    403: "Who asks may see this, and not do it.",
    404: "There is none, or it is hidden.",
    409: "It has another version, its name is taken or means several, or it is not ready.",
    413: "The body is too large.",
    429: "Too much at once.",
    500: "The controller failed.",
    503: "Something that is needed does not answer.",
}

_FIELD: Json = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "description": {"type": "string"}},
    "required": ["name", "description"],
    "additionalProperties": False,
}

_HEADERS: dict[str, Json] = {
    "RateLimit": {
        "description": "What the tightest limit leaves (r), and the seconds in which it fills up, or to wait (t).",
        "required": True,
        "schema": {"type": "string", "pattern": '^"[a-z_]+";r=[0-9]+;t=[0-9]+$'},
    },
    "RateLimit-Policy": {
        "description": "That limit: so many requests (q) in so many seconds (w).",
        "required": True,
        "schema": {"type": "string", "pattern": '^"[a-z_]+";q=[0-9]+;w=[0-9]+$'},
    },
    "X-Request-Id": {
        "description": "What the controller's log calls the request.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
    },
    "Retry-After": {
        "description": "The seconds to wait.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    },
}

_PROBLEM: Json = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"enum": [code.value for code in Code if code.http]},
        "detail": {"type": "string"},
        "hint": {"type": "string"},
        "kind": {"enum": sorted(set(KINDS.values()))},
        "message": {"type": "string"},
        "details": {
            "type": "object",
            "properties": {"request_fields": {"type": "array", "items": _FIELD}},
            "required": ["request_fields"],
            "additionalProperties": False,
        },
        "request_id": {"type": "string"},
    },
    "required": ["type", "title", "status", "code", "detail", "hint", "kind", "message", "request_id"],
    "additionalProperties": False,
}


def openapi_route(handlers: Iterable[HTTPRouteHandler]) -> HTTPRouteHandler:
    """The route that serves the document of `handlers`."""
    text = msgspec.json.encode(document(handlers))

    @get(PATH)
    async def openapi() -> Response[bytes]:
        return Response(text, media_type="application/json")

    return openapi


def document(handlers: Iterable[HTTPRouteHandler]) -> Json:
    """The document."""
    calls = [(handler, call) for handler in handlers if (call := call_of(handler))]
    types = list({call.body: None for _, call in calls if call.body})
    bodies, components = msgspec.json.schema_components(types, ref_template=_SCHEMAS + "{name}")
    refs = dict(zip(types, bodies, strict=True))
    paths: dict[str, Json] = {}
    for handler, call in calls:
        for path in handler.paths:
            operation = _operation(call, path, refs[call.body] if call.body else None)
            paths.setdefault(public(path), {}).update({method.lower(): operation for method in handler.http_methods})
    resources = {call.resource.type: call.resource for _, call in calls}.values()
    items = {_name(resource): _object(_shown(resource), _always(resource)) for resource in resources}
    return {
        "openapi": "3.1.0",
        "info": {"title": "acc controller", "version": version("acc-access")},
        "paths": paths,
        "components": {
            "schemas": {**components, **items, "Problem": _PROBLEM},
            "headers": _HEADERS,
            "securitySchemes": {"login": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"login": []}],
    }


def public(path: str) -> str:
    """A route's path as a client writes it."""
    return re.sub(r"\{\w+:str\}", "{id}", path).replace("/:", ":")


def _operation(call: Call, path: str, body: Json | None) -> Json:
    in_path: list[Json] = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}]
    in_query: list[Json] = [
        {"name": name, "in": "query", "schema": _PARAMETERS.get(name, {"type": "string"})} for name in call.query
    ]
    operation: Json = {
        "tags": [call.resource.plural],
        "operationId": f"{call.resource.plural}:{call.action}",
        "parameters": [*(in_path if "{" in path else ()), *in_query],
        "responses": _answers(call),
    }
    if body is not None:
        content = {"application/json": {"schema": body}}
        operation["requestBody"] = {"required": not call.optional, "content": content}
    if call.action == "authenticate":
        operation["security"] = []
    if path in OPEN and call.action == "list":
        operation["security"] = [{}, {"login": []}]
    return operation


def _answers(call: Call) -> Json:
    problem = {"content": {"application/problem+json": {"schema": _ref("Problem")}}}
    answers: Json = {
        str(status): {"description": words, "headers": _headers(status), **problem}
        for status, words in _STATUSES.items()
        if call.body or status != 413
    }
    if call.action == "delete":
        return answers | {"204": {"description": "It is gone.", "headers": _headers(204)}}
    content = {"application/json": {"schema": _answer(call)}}
    return answers | {"200": {"description": "Done.", "headers": _headers(200), "content": content}}


def _headers(status: int) -> Json:
    return {
        name: {"$ref": f"#/components/headers/{name}"} for name in _HEADERS if name != "Retry-After" or status == 429
    }


def _answer(call: Call) -> Json:
    action = next((one for one in call.resource.domain if one.name == call.action), None)
    if call.action == "list":
        return _page(call.resource)
    if action is not None and action.lists:
        return _page(BY_TYPE[action.lists])
    if action is not None and action.gives:
        return _object(action.gives, ())
    if action is not None and action.on_collection:
        return _object(call.resource.fields, ())
    return _ref(_name(call.resource))


def _page(resource: Resource) -> Json:
    properties: Json = {
        "items": {"type": "array", "items": _ref(_name(resource))},
        "response_type": {"enum": ["delta", "complete"]},
        "list_token": {"type": "string"},
        "sort_by": {"type": "string"},
        "sort_dir": {"type": "string"},
        "est_item_count": {"type": "integer"},
    }
    return _closed(properties, tuple(properties))


def _shown(resource: Resource) -> Iterable[Field]:
    """The fields that are ever shown of a thing that is there."""
    return (field for field in resource.fields if field.exposure is not Exposure.SECRET)


def _always(resource: Resource) -> Sequence[str]:
    """Those that are never left out."""
    return [field.name for field in resource.fields if field.name in {"id", "created_time", "authorized_actions"}]


def _object(fields: Iterable[Field], required: Sequence[str]) -> Json:
    schemas: dict[str | None, Json] = {None: {}}
    for field in fields:
        schemas.setdefault(field.inside, {})[field.name] = _SHAPES[field.shape] | {"description": field.says}
    held = {name: _closed(properties, ()) for name, properties in schemas.items() if name is not None}
    return _closed(schemas[None] | held, required)


def _closed(properties: Json, required: Sequence[str]) -> Json:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _name(resource: Resource) -> str:
    return "".join(word.capitalize() for word in resource.type.split("-"))


def _ref(name: str) -> Json:
    return {"$ref": _SCHEMAS + name}
