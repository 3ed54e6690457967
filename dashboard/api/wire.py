"""JSON as it goes over the wire: strict in what is read, always valid in what is written."""

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn
from uuid import UUID

from django.conf import settings
from pydantic import BaseModel
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from dashboard.api.errors import BodyTooLarge, Invalid, fault

MAX_DEPTH = 20  # levels of nesting; our own bodies have four
# an escaped NUL or half of a surrogate pair: the only ways in which valid JSON brings text that no database takes
_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


# --- reading ---------------------------------------------------------------------------------------------------------------
class StrictJsonParser(BaseParser):
    """Reads a JSON body, or refuses it with 422 (413 for one that is too large); never anything else."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw: bytes = stream.read(limit + 1)
        if len(raw) > limit:
            raise BodyTooLarge(limit)
        return parse_json(raw)


def parse_json(raw: bytes) -> Any:
    """The value of a JSON text. Raises Invalid for what is not JSON, ambiguous, or not storable."""
    try:
        value = json.loads(
            raw.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_unambiguous
        )
    except json.JSONDecodeError as error:
        raise _not_json(error.msg, error.pos) from None
    except UnicodeDecodeError as error:
        raise _not_json("The body is not UTF-8", error.start) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        raise _not_json(str(error).partition(":")[0], 0) from None
    _check(value, check_text=_SUSPECT.search(raw) is not None)
    return value


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError("A number is too large")
    return value


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two values under one name are no order: which of them was meant?"""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("A name stands twice in one object")
    return value


def _check(value: Any, *, check_text: bool) -> None:
    """Walk the value once: only its containers, unless there is text to doubt."""
    kinds = (dict, list, str) if check_text else (dict, list)
    waiting = [(value, 1)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise _too_deep()
        if isinstance(node, str) and not is_storable(node):
            raise Invalid([fault("string_unicode", ["body"], "Text may hold neither NUL nor half a surrogate pair", node)])
        items = [*node, *node.values()] if isinstance(node, dict) else node if isinstance(node, list) else []
        waiting += [(item, depth + 1) for item in items if isinstance(item, kinds)]


def is_storable(text: str) -> bool:
    """Whether every database takes the text: PostgreSQL refuses NUL, and UTF-8 has no lone surrogates."""
    if "\x00" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _not_json(problem: str, position: int) -> Invalid:
    return Invalid([fault("json_invalid", ["body", position], "JSON decode error", {}, {"error": problem})])


def _too_deep() -> Invalid:
    return _not_json(f"More than {MAX_DEPTH} levels of nesting", 0)


# --- writing ---------------------------------------------------------------------------------------------------------------
class JsonRenderer(BaseRenderer):
    """Compact JSON: decimals as numbers, times in UTC with `Z` and six digits, never NaN."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return b"" if data is None else to_json(data)


def to_json(data: Any) -> bytes:
    try:
        text = json.dumps(data, default=_plain, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except ValueError:  # a NaN has slipped in from somewhere: null is the honest word for it
        text = json.dumps(_without_nan(data), default=_plain, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "replace")


def to_time(value: datetime) -> str:
    """ISO 8601 in UTC, with `Z` and six digits; a naive time is taken as UTC."""
    aware = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return aware.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return float(value) if value.is_finite() else None
        case datetime():
            return to_time(value)
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
        case timedelta():
            return value.total_seconds()
        case BaseModel():
            return value.model_dump()
        case set() | frozenset() | tuple():
            return list(value)
    return str(value)


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    return value


class JsonOnly(BaseContentNegotiation):
    """JSON in, JSON out, whatever `Accept` says, as the old API did."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        kind = (request.content_type or "").partition(";")[0].strip().lower()
        is_json = not kind or kind == "application/json" or kind.endswith("+json")
        return parsers[0] if is_json else None

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> tuple[Any, str]:
        return renderers[0], renderers[0].media_type
