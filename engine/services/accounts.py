"""Accounts: opened with their first money, and limited."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from engine import bus, config, log, topics
from engine.domain.events import EventType, new_event
from engine.domain.intervals import IST
from engine.models import Account, Stream
from engine.services.errors import ServiceError, UnknownAccount

MOST_CASH = Decimal(10) ** 11
LIMITS = (
    "confidence_threshold",
    "allow_short",
    "when_closed",
    "max_position_size_percent",
    "max_portfolio_exposure_percent",
    "max_sector_exposure_percent",
    "max_concurrent_orders",
    *config.RISK_KEYS,
    "sizing_model",
)


def account_open(*, user_id: str, now: datetime, cash: Decimal | None = None, members: Iterable[User] = ()) -> Account:
    """The account, opened with `cash` rupees where there is none yet. Raises ServiceError for an impossible id or amount."""
    account = Account.objects.filter(user_id=user_id).first() or _open(user_id, now, cash)
    account.members.add(*members)
    return account


def _open(user_id: str, now: datetime, cash: Decimal | None) -> Account:
    cash = settings.PAPER_OPENING_CASH if cash is None else cash
    if not cash.is_finite() or not 0 <= cash <= MOST_CASH:
        raise ServiceError(f"an account opens with 0 to {MOST_CASH:,} rupees: nothing was opened", field="cash")
    day = now.astimezone(IST).date()
    account = Account(
        user_id=user_id,
        cash=cash,
        initial_cash=cash,
        trading_day=day,
        day_start_equity=cash,
        peak_equity=cash,
        created_at=now,
        updated_at=now,
    )
    try:
        account.clean_fields(exclude=["confidence_threshold"])
    except ValidationError as error:
        raise ServiceError(
            f"{user_id[:80]!r} cannot be an account's id: {'; '.join(error.messages)}", field="user_id"
        ) from error
    opened = new_event(EventType.ACCOUNT_OPENED, user_id, now, {"cash": cash, "trading_day": day.isoformat()})
    try:
        with transaction.atomic():
            account.save(force_insert=True)
            Stream.objects.create(name=user_id, seq=1)
            log.record(opened, seq=1)
    except IntegrityError:
        if not Account.objects.filter(user_id=user_id).exists():
            raise
        # else somebody opened it in the same moment
    return Account.objects.get(user_id=user_id)


@transaction.atomic
def account_update_limits(*, user_id: str, limits: dict[str, Any], by: str, now: datetime) -> Account:
    """Change an account's limits, with an audit event. Raises ServiceError for what is no limit or out of range."""
    account = Account.objects.select_for_update().filter(user_id=user_id).first()
    if account is None:
        raise UnknownAccount(f"there is no account {user_id}")
    if unknown := set(limits) - set(LIMITS):
        raise ServiceError(f"no limits of an account: {', '.join(sorted(unknown))}")
    changes = {}
    for name, value in limits.items():
        if getattr(account, name) != value:
            changes[name] = {"old": getattr(account, name), "new": value}
            setattr(account, name, value)
    if not changes:
        return account
    account.updated_at = now
    try:
        account.full_clean()
    except ValidationError as error:
        raise ServiceError("; ".join(error.messages)) from error
    account.save(update_fields=[*changes, "updated_at"])
    log.append([new_event(EventType.ACCOUNT_UPDATED, user_id, now, {"limits": changes, "by": by})], now=now)
    bus.announce_after_commit({topics.account_topic(user_id)})
    return account
