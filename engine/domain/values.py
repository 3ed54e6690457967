"""Event data crosses JSON: these give a value its type back, whether it comes from memory or from the log."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID


def as_uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


def as_decimal(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def as_time(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def decimal_or_none(value: Any) -> Decimal | None:
    return None if value is None else as_decimal(value)


def uuid_or_none(value: Any) -> UUID | None:
    return None if value is None else as_uuid(value)


def as_json(value: Any) -> Any:
    """`json.dumps(default=...)`: amounts as numbers (exact up to 15 digits, all that a table holds), the rest as text."""
    if isinstance(value, Decimal):
        whole = int(value)
        return whole if whole == value else float(value)
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} does not belong in event data")


def iso(at: datetime) -> str:
    """UTC, six digits, Z."""
    utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    return f"{utc.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
