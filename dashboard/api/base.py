"""What every API view shares: strict requests in, JSON out, every error in one shape."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.http import HttpRequest
from pydantic import BaseModel, ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from dashboard.api.errors import ApiError, Invalid, fault, faults_of
from dashboard.api.identity import Credentials, OwnSession
from dashboard.api.schemas import MISSING
from dashboard.api.throttles import PerCaller
from dashboard.api.wire import JsonOnly, JsonRenderer, StrictJsonParser
from engine import metrics

M = TypeVar("M", bound=BaseModel)


class ApiView(APIView):
    authentication_classes = [Credentials, OwnSession]
    parser_classes = [StrictJsonParser]
    renderer_classes = [JsonRenderer]
    content_negotiation_class = JsonOnly
    throttle_classes = [PerCaller]
    http_method_names = ["get", "post", "delete", "head"]  # a bare OPTIONS is 405; a preflight never comes this far

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        metrics.pending.count("api_calls_count")
        return super().initialize_request(request, *args, **kwargs)


def query_of(request: Request, model: type[M]) -> M:
    """The query's parameters; of one that is repeated, the last. Raises Invalid, and ApiError for two accounts."""
    if len({name for name in request.query_params.getlist("user_id") if name.strip() not in MISSING}) > 1:
        raise ApiError("The request names more than one user_id", code="USER_ID_CONFLICT")
    return validated(model, request.query_params.dict(), ["query"])


def body_of(request: Request, model: type[M], *, required: bool = True) -> M:
    """The JSON body. Raises Invalid."""
    value = raw_body(request)
    if value is None:
        if required:
            raise Invalid([fault("missing", ["body"], "Field required", None)])
        value = {}
    return validated(model, value, ["body"])


def raw_body(request: Request) -> Any:
    """The JSON body as it came; None where there is none."""
    http_request = request._request
    if not http_request.META.get("CONTENT_LENGTH") and http_request.headers.get("Transfer-Encoding"):
        return StrictJsonParser().parse(http_request)  # a chunked body states no length, and would be taken for none
    data = request.data
    return None if data == {} and not _has_body(http_request) else data


def validated(model: type[M], value: Any, where: list[str]) -> M:
    try:
        return model.model_validate(value if isinstance(value, Mapping) else _refuse(value, where))
    except ValidationError as error:
        raise Invalid(faults_of(error, where)) from None


def _refuse(value: Any, where: list[str]) -> Any:
    message = "Input should be a valid dictionary or object to extract fields from"
    raise Invalid([fault("model_attributes_type", where, message, value)])


def _has_body(request: HttpRequest) -> bool:
    return request.META.get("CONTENT_LENGTH", "") not in ("", "0")
