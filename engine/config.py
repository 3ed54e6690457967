"""The settings that an operator may change while the engine runs: nine keys, each with its type and range.

They stand in the database and are read anew for each batch: a change is in force at once, in every process.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.db import transaction

from engine import bus, log
from engine.domain.events import SYSTEM_STREAM, EventType, new_event
from engine.models import ConfigChange, ConfigEntry
from engine.topics import SYSTEM

DAY_SECONDS = 86_400
WORDS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
SECRETS = ("database_url", "log_file", "kite_api_key", "kite_api_secret")
FIXED = ("database_pool_size", "log_level")  # shown, but set where the process is started


@dataclass(frozen=True, slots=True)
class Config:
    """The settings in force. Limits are the defaults of accounts that set none of their own."""

    max_concurrent_orders: int = 10
    order_timeout_seconds: int = 30
    risk_check_enabled: bool = True
    emergency_stop_enabled: bool = True
    max_position_size_percent: Decimal = Decimal("10.0")  # of equity, in one symbol
    max_portfolio_exposure_percent: Decimal = Decimal("80.0")  # of equity, gross
    max_sector_exposure_percent: Decimal = Decimal("25.0")  # of equity, gross, in one sector
    default_stop_loss_percent: Decimal = Decimal("5.0")  # away from the entry price
    market_data_refresh_seconds: int = 5
    # further limits: settable, and not among the nine that GET /config has always shown. None is no limit
    max_order_value: Decimal | None = None
    max_leverage: Decimal | None = None
    max_orders_per_minute: int | None = None
    max_orders_per_day: int | None = None
    daily_loss_limit_percent: Decimal | None = None
    max_drawdown_percent: Decimal | None = None
    minimum_balance: Decimal | None = None
    price_collar_percent: Decimal | None = None
    duplicate_signal_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class UpdateResult:
    """Which keys were set and which were not; `errors` says why not, per key."""

    updated_keys: list[str] = field(default_factory=list)
    failed_keys: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)


class InvalidValue(ValueError):
    """The value does not fit the setting's type or range."""


def _whole(least: int, most: int, message: str) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        number = _number(value, message)
        if number != number.to_integral_value() or not least <= number <= most:
            raise InvalidValue(message)
        return int(number)

    return parse


def _percent(key: str) -> Callable[[Any], Decimal]:
    message = f"{key} must be between 0 and 100"

    def parse(value: Any) -> Decimal:
        number = _number(value, message)
        if not 0 < number <= 100:
            raise InvalidValue(message)
        rounded = round(number, 4)  # as many places as an account's own limit has
        if not rounded:
            raise InvalidValue(message)
        return rounded

    return parse


def _amount(key: str, most: Decimal) -> Callable[[Any], Decimal]:
    message = f"{key} must be more than 0 and at most {most:,}"

    def parse(value: Any) -> Decimal:
        number = _number(value, message)
        if not 0 < number <= most or not round(number, 4):
            raise InvalidValue(message)
        return round(number, 4)

    return parse


def _or_none(parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Nothing, or the word `none`, is no limit."""

    def parse_or_none(value: Any) -> Any:
        return None if value is None or (isinstance(value, str) and value.strip().lower() == "none") else parse(value)

    return parse_or_none


def _switch(key: str) -> Callable[[Any], bool]:
    def parse(value: Any) -> bool:
        if isinstance(value, bool):
            return value
        word = WORDS.get(str(value).strip().lower()) if isinstance(value, str | int) else None
        if word is None:
            raise InvalidValue(f"{key} must be true or false")
        return word

    return parse


def _number(value: Any, message: str) -> Decimal:
    """A finite number, or a text that is one. True is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str) or len(str(value)[:64]) == 64:
        raise InvalidValue(message)
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise InvalidValue(message) from None
    if not math.isfinite(number):
        raise InvalidValue(message)
    return number


PARSERS: dict[str, Callable[[Any], Any]] = {
    "max_concurrent_orders": _whole(1, 1000, "max_concurrent_orders must be a whole number from 1 to 1000"),
    "order_timeout_seconds": _whole(1, DAY_SECONDS, "order_timeout_seconds must be positive"),
    "risk_check_enabled": _switch("risk_check_enabled"),
    "emergency_stop_enabled": _switch("emergency_stop_enabled"),
    "max_position_size_percent": _percent("max_position_size_percent"),
    "max_portfolio_exposure_percent": _percent("max_portfolio_exposure_percent"),
    "max_sector_exposure_percent": _percent("max_sector_exposure_percent"),
    "default_stop_loss_percent": _percent("default_stop_loss_percent"),
    "market_data_refresh_seconds": _whole(1, DAY_SECONDS, "market_data_refresh_seconds must be positive"),
}
KEYS = tuple(PARSERS)
RISK_PARSERS: dict[str, Callable[[Any], Any]] = {
    "max_order_value": _or_none(_amount("max_order_value", Decimal(10) ** 11)),
    "max_leverage": _or_none(_amount("max_leverage", Decimal(100))),
    "max_orders_per_minute": _or_none(_whole(1, 100_000, "max_orders_per_minute must be a whole number from 1 to 100000")),
    "max_orders_per_day": _or_none(_whole(1, 10_000_000, "max_orders_per_day must be a whole number from 1 to 10000000")),
    "daily_loss_limit_percent": _or_none(_percent("daily_loss_limit_percent")),
    "max_drawdown_percent": _or_none(_percent("max_drawdown_percent")),
    "minimum_balance": _or_none(_amount("minimum_balance", Decimal(10) ** 11)),
    "price_collar_percent": _or_none(_percent("price_collar_percent")),
    "duplicate_signal_seconds": _or_none(_whole(1, DAY_SECONDS, "duplicate_signal_seconds must be from 1 to 86400")),
}
RISK_KEYS = tuple(RISK_PARSERS)  # defaults of accounts' limits
DEFAULTS = {setting.name: setting.default for setting in fields(Config)}


def current() -> Config:
    """The settings in force: one small SELECT. A stored value that does not hold (see `checked`) counts as not set."""
    values, _ = _stored()
    return Config(**values)


def checked() -> tuple[Config, list[str]]:
    """The settings in force, and what is wrong with the stored ones, in words."""
    values, wrong = _stored()
    return Config(**values), wrong


def public_view() -> dict[str, Any]:
    """What GET /config shows. No secret is in it: clients expect the two broker keys, which are always empty."""
    values, _ = _stored()
    options = settings.DATABASES["default"].get("OPTIONS", {})
    shown = {key: _as_json(value) for key, value in (DEFAULTS | values).items() if key in KEYS}
    return shown | {
        "database_pool_size": options.get("pool", {}).get("max_size", 1),
        "log_level": settings.LOGGING["root"]["level"],
        "kite_api_key": None,
        "kite_api_secret": None,
    }


def settings_described() -> list[dict[str, Any]]:
    """Every setting: the value in force, its default, and who changed it last, and when."""
    values, _ = _stored()
    stored = {entry.key: entry for entry in ConfigEntry.objects.all()}
    return [
        {
            "key": key,
            "value": _as_json(values.get(key, default)),
            "default": _as_json(default),
            "updated_at": stored[key].updated_at if key in stored else None,
            "updated_by": stored[key].updated_by if key in stored else None,
        }
        for key, default in DEFAULTS.items()
    ]


def changes_latest(limit: int) -> list[dict[str, Any]]:
    """The audit of the settings, newest first."""
    return [dict(row) for row in ConfigChange.objects.values("id", "key", "old", "new", "by", "at")[:limit]]


def _stored() -> tuple[dict[str, Any], list[str]]:
    values, wrong = {}, []
    for key, value in ConfigEntry.objects.values_list("key", "value"):
        try:
            values[key] = _parsed(key, value)
        except InvalidValue as error:
            wrong.append(str(error))
    return values, wrong


def _parsed(key: str, value: Any) -> Any:
    if key in SECRETS or key in FIXED:
        raise InvalidValue(f"{key} is set where the process is started, not here")
    parse = PARSERS.get(key) or RISK_PARSERS.get(key)
    if parse is None:
        raise InvalidValue(f"{key[:40]} is not a known setting")
    return parse(value)


def _as_json(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def config_update(values: Mapping[str, Any], *, by: str, now: datetime) -> UpdateResult:
    """Set what is valid of `values` and say what is not. What really changes is audited, in one transaction with the change."""
    result, parsed = UpdateResult(), {}
    for key, value in values.items():
        try:
            parsed[key] = _parsed(key, value)
            result.updated_keys.append(key)
        except InvalidValue as error:
            result.failed_keys.append(key)
            result.errors[key] = str(error)
    if parsed:
        with transaction.atomic():
            _save(parsed, by, now)
    return result


def _save(parsed: Mapping[str, Any], by: str, now: datetime) -> None:
    changes = [
        ConfigChange(key=key, old=_as_json(old), new=_as_json(parsed[key]), by=by, at=now)
        for key, old in _locked(sorted(parsed), by, now).items()
        if old != parsed[key]
    ]
    if not changes:
        return
    for change in changes:
        ConfigEntry.objects.filter(key=change.key).update(value=change.new, updated_at=now, updated_by=by)
    ConfigChange.objects.bulk_create(changes)
    data = {"by": by, "changes": {change.key: {"old": change.old, "new": change.new} for change in changes}}
    log.append([new_event(EventType.CONFIG_UPDATED, SYSTEM_STREAM, now, data)], now=now)
    bus.announce_after_commit([SYSTEM])


def _locked(keys: list[str], by: str, now: datetime) -> dict[str, Any]:
    """The keys' values, locked until the transaction ends: two changes at once are audited one after the other."""
    unset = [ConfigEntry(key=key, value=_as_json(DEFAULTS[key]), updated_at=now, updated_by=by) for key in keys]
    ConfigEntry.objects.bulk_create(unset, ignore_conflicts=True)
    rows = ConfigEntry.objects.select_for_update().filter(key__in=keys).order_by("key")
    values = {}
    for key, value in rows.values_list("key", "value"):
        try:
            values[key] = _parsed(key, value)
        except InvalidValue:  # edited by hand: whatever comes now is a change
            values[key] = value
    return values
