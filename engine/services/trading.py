"""The emergency stop, and the way back. The halt stands from the moment the call returns; the engine then clears the floor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction

from engine import bus, log, topics
from engine.domain.enums import Lane, TradingState
from engine.domain.events import EventType, new_event
from engine.models import Account, PendingEvent, Stream
from engine.services.errors import ServiceError, UnknownAccount


@dataclass(frozen=True, slots=True)
class StopResult:
    """Which accounts the stop halted now; those that were halted already are left as they are."""

    stop_id: UUID
    user_ids: list[str]


@transaction.atomic
def emergency_stop(*, user_ids: Sequence[str], by: str, reason: str, now: datetime) -> StopResult:
    """Halt the accounts durably, at once; the engine cancels their working orders and pauses their strategies.

    Takes each stream's lock first, so that no batch that began before the stop places an order after it.
    """
    accounts = _locked(user_ids)
    resuming = _resuming(user_ids)
    halting = [a for a in accounts if a.trading_state != TradingState.HALTED or a.user_id in resuming]
    stop_id = uuid4()
    Account.objects.filter(user_id__in=[account.user_id for account in halting]).update(
        trading_state=TradingState.HALTED, trading_state_reason=reason[:200], updated_at=now
    )
    _append(EventType.EMERGENCY_STOP, halting, {"stop_id": stop_id, "by": by, "reason": reason}, now)
    return StopResult(stop_id, [account.user_id for account in halting])


@transaction.atomic
def trading_resume(*, user_ids: Sequence[str], by: str, reason: str, now: datetime) -> list[str]:
    """Let halted accounts trade again, and the strategies that the stop paused. Returns the accounts that were resumed."""
    if not reason.strip():
        raise ServiceError("resuming needs a reason: trading stays halted", field="reason")
    resuming = [account for account in _locked(user_ids) if account.trading_state != TradingState.ACTIVE]
    _append(EventType.TRADING_RESUMED, resuming, {"by": by, "reason": reason}, now)
    return [account.user_id for account in resuming]


def _locked(user_ids: Sequence[str]) -> list[Account]:
    locked = list(Stream.objects.select_for_update().filter(name__in=user_ids).order_by("name"))
    accounts = list(Account.objects.filter(user_id__in=[stream.name for stream in locked]))
    if missing := sorted(set(user_ids) - {account.user_id for account in accounts}):
        raise UnknownAccount(f"there is no account {', '.join(missing)}: nothing was changed")
    return accounts


def _resuming(user_ids: Sequence[str]) -> set[str]:
    """The accounts that stand halted, but whose resuming is on its way to the engine."""
    waiting = PendingEvent.objects.filter(
        stream__in=user_ids, event__type=EventType.TRADING_RESUMED, lane=Lane.HIGH_PRIORITY, dead_at__isnull=True
    )
    return set(waiting.values_list("stream", flat=True))


def _append(event_type: EventType, accounts: Sequence[Account], data: dict[str, object], now: datetime) -> None:
    log.append([new_event(event_type, account.user_id, now, data) for account in accounts], now=now)
    bus.announce_after_commit({topics.account_topic(account.user_id) for account in accounts} | {topics.SYSTEM})
