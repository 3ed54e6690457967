"""One line per view for the OpenAPI description: what it does, takes, answers and refuses."""

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import BaseModel, Field

F = TypeVar("F", bound=Callable[..., Any])
Model = type[BaseModel]

X_USER_ID = OpenApiParameter("X-User-ID", str, OpenApiParameter.HEADER, description="the account, where nothing else names it")
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="your own name for this request, up to 200 characters: sent again, it has no second effect, for 24 hours",
)


IN_ADDRESS = {
    "user_id": "the account",
    "alert_id": "the alert's id, as it was listed",
    "order_id": "the order's id",
    "strategy_id": "the strategy's id",
    "id": "an account, or a strategy's id",
    "symbol": "the instrument, as the NSE spells it",
}


class OneNameAddress(AutoSchema):
    """An operation is named by its whole address, for aliases differ in nothing else; parts of the address are described."""

    def get_operation_id(self) -> str:
        return "_".join([self.method.lower(), *re.findall(r"\w+", self.path.removeprefix("/api/"))])

    def _get_parameters(self) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super()._get_parameters()
        for parameter in parameters:
            if parameter["in"] == "path" and parameter["name"] in IN_ADDRESS:
                parameter["description"] = IN_ADDRESS[parameter["name"]]
        return parameters


# a credential that is not known, too many requests, our own fault, no database
EVERYWHERE = (401, 429, 500, 503)


class Problem(BaseModel):
    """What every error answers."""

    detail: str | list[dict[str, Any]] = Field(description="a text; for 422 a list of {type, loc, msg, input, ctx?}")
    message: str = Field(description="one line")
    error: str = Field(description="the same line")
    code: str = Field(description="for programs, such as VALIDATION_ERROR")
    needs_reauth: bool = Field(description="always false")


def described(
    summary: str,
    *,
    response: Model,
    tag: str,
    query: Model | None = None,
    body: Model | None = None,
    headers: Sequence[OpenApiParameter] = (),
    errors: Sequence[int] = (),
) -> Callable[[F], F]:
    parameters: list[Any] = [*([query] if query else []), *headers]
    faults = {*EVERYWHERE, *errors, *([400, 422] if query or headers else []), *([413, 415, 422] if body else [])}
    responses: dict[int, Any] = {200: response} | dict.fromkeys(sorted(faults), Problem)
    return extend_schema(summary=summary, parameters=parameters, request=body, responses=responses, tags=[tag])
