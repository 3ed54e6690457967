"""The OpenAPI description, and a page of our own that shows it: no script, nothing from elsewhere."""

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.generic import View
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import patched_settings

from dashboard.api.glossary import explain
from dashboard.api.wire import to_json

METHODS = ("get", "post", "put", "delete")


class CredentialsScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "dashboard.api.identity.Credentials"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`Token <your token>`"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "dashboard.api.identity.OwnSession"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "our pages' own; writes need X-CSRFToken"}


@cache
def schema() -> dict[str, Any]:
    """The description. It depends on the code alone, so it is made once."""
    from dashboard.api.urls import described_patterns  # noqa: PLC0415 - the urls import this module

    # pydantic speaks 3.1, and names its own enumerations
    with patched_settings({"OAS_VERSION": "3.1.0", "POSTPROCESSING_HOOKS": []}):
        generator = SchemaGenerator(patterns=described_patterns)  # type: ignore[no-untyped-call]
        described: dict[str, Any] = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    explain(described)
    return described


class SchemaView(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(to_json(schema()), content_type="application/vnd.oai.openapi+json")


class DocsView(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "api/docs.html", {"info": schema()["info"], "groups": _groups(), "shapes": _shapes()})


def _groups() -> dict[str, list[dict[str, Any]]]:
    """Operations by tag, in the order of their addresses."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for address, operations in schema()["paths"].items():
        for method in METHODS:
            if method in operations:
                operation = operations[method]
                groups.setdefault(operation["tags"][0], []).append(_operation(address, method, operation))
    return groups


def _operation(address: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    return {
        "address": address,
        "method": method.upper(),
        "summary": operation.get("summary", ""),
        "parameters": [parameter | {"type": _type(parameter["schema"])} for parameter in operation.get("parameters", [])],
        "body": body and _type(body),
        "responses": {
            status: _type(response["content"]["application/json"]["schema"])
            for status, response in operation["responses"].items()
        },
    }


def _shapes() -> dict[str, list[dict[str, Any]]]:
    return {name: _fields(shape) for name, shape in sorted(schema()["components"]["schemas"].items()) if "properties" in shape}


def _fields(shape: dict[str, Any]) -> list[dict[str, Any]]:
    required = shape.get("required", [])
    return [
        {"name": name, "type": _type(field), "needed": name in required, "description": field.get("description", "")}
        for name, field in shape["properties"].items()
    ]


def _type(schema: dict[str, Any]) -> str:
    """A JSON schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema or "oneOf" in schema:
        return " or ".join(_type(choice) for choice in schema.get("anyOf") or schema["oneOf"])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "const" in schema:
        return repr(schema["const"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    return str(schema.get("format") or schema.get("type") or "any")
