"""The emergency stop, and the way back. The halt stands from the moment the call returns; the engine then clears the floor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Q

from engine import alerts, bus, log, topics
from engine.domain.alerts import AlertRaised
from engine.domain.book import block_key, state_after
from engine.domain.enums import AlertLevel, Component, HaltScope, Lane, StrategyStatus, TradingState
from engine.domain.events import EventType, new_event
from engine.models import Account, DeskState, Order, PendingEvent, Position, Strategy, Stream
from engine.services.errors import ServiceError, UnknownAccount

DESK_HALTED = "halt:everybody"  # the alert's fingerprint


@dataclass(frozen=True, slots=True)
class Target:
    """What a stop or a resuming is about. `name` is a strategy's id or a symbol."""

    scope: HaltScope = HaltScope.ACCOUNT
    name: str = ""

    def __post_init__(self) -> None:
        if bool(self.name) is not (self.scope in (HaltScope.STRATEGY, HaltScope.SYMBOL)):
            raise ServiceError("a strategy or a symbol has a name, and nothing else has", field="name")

    def __str__(self) -> str:
        return f"{self.scope} {self.name}".strip()

    def as_data(self) -> dict[str, str]:
        """What events say of it. An account, the usual case, says nothing."""
        named = {"name": self.name} if self.name else {}
        return {} if self.scope is HaltScope.ACCOUNT else {"scope": self.scope.value, **named}

    def orders(self) -> Q:
        """Which orders, or positions, it is about."""
        if self.scope is HaltScope.SYMBOL:
            return Q(symbol=self.name)
        return Q(strategy_id=self.name) if self.scope is HaltScope.STRATEGY else Q()

    def strategies(self) -> Q:
        if self.scope is HaltScope.SYMBOL:
            return Q(pk__in=[])
        return Q(id=self.name) if self.scope is HaltScope.STRATEGY else Q()


THE_ACCOUNT = Target()


@dataclass(frozen=True, slots=True)
class StopResult:
    """Which accounts the stop halted now (those that were halted already are left as they are), and what it ends there."""

    stop_id: UUID
    user_ids: list[str]
    orders_cancelled: int = 0
    strategies_paused: int = 0
    positions_closing: int = 0
    drill: bool = False


@transaction.atomic
def emergency_stop(
    *,
    user_ids: Sequence[str],
    by: str,
    reason: str,
    now: datetime,
    target: Target = THE_ACCOUNT,
    state: TradingState = TradingState.HALTED,
    flatten: bool = False,
    drill: bool = False,
) -> StopResult:
    """Halt durably, at once; the engine cancels working orders, pauses strategies and, to flatten, closes positions.

    Takes each stream's lock first, so that no batch that began before the stop places an order after it. With `flatten`, or
    REDUCING as the state, exits go on. A drill says what would happen, and changes nothing.
    """
    if state is TradingState.ACTIVE:
        raise ServiceError("a stop does not let trading go on: resume it", field="state")
    accounts = _locked(_everybody() if target.scope is HaltScope.GLOBAL else user_ids)
    state = TradingState.REDUCING if flatten else state
    halting = _halting(accounts, target, state, flatten)
    result = _outcome([account.user_id for account in halting], target, flatten, drill)
    everywhere = target.scope is HaltScope.GLOBAL
    if drill or not (halting or (everywhere and _desk_state().severity < state.severity)):
        return result
    if everywhere:
        _set_desk(state, reason, by, now)
    else:
        _halt_now(halting, target, reason, now)
    data = {"stop_id": result.stop_id, "by": by, "reason": reason, **target.as_data()}
    data |= {"state": state} if state is not TradingState.HALTED else {}
    _append(EventType.EMERGENCY_STOP, halting, data | ({"flatten": True} if flatten else {}), now)
    return result


def _everybody() -> list[str]:
    return list(Account.objects.values_list("user_id", flat=True))


def _halting(accounts: Sequence[Account], target: Target, state: TradingState, flatten: bool) -> list[Account]:
    """Those that the stop is not in force for, or will not be once what is on its way is handled; to flatten, also those that
    hold something."""
    coming, desk = _on_its_way([account.user_id for account in accounts], target), _desk_state()
    held = set(Position.objects.open().filter(target.orders()).values_list("account_id", flat=True)) if flatten else set()
    return [
        account
        for account in accounts
        if coming.get(account.user_id, _stands_at(account, target, desk)).severity < state.severity or account.user_id in held
    ]


def _desk_state() -> TradingState:
    row = DeskState.objects.select_for_update().filter(id=DeskState.THE_ONE).first()
    return TradingState(row.state) if row else TradingState.HALTED


def _stands_at(account: Account, target: Target, desk: TradingState) -> TradingState:
    if target.scope is HaltScope.GLOBAL:
        return desk
    if target.scope is HaltScope.ACCOUNT:
        return TradingState(account.trading_state)
    return TradingState(account.trading_blocks.get(block_key(target.scope, target.name), TradingState.ACTIVE))


def _outcome(user_ids: Sequence[str], target: Target, flatten: bool, drill: bool) -> StopResult:
    orders = Order.objects.working().filter(target.orders(), account__in=user_ids)
    strategies = Strategy.objects.filter(target.strategies(), account__in=user_ids, status=StrategyStatus.ACTIVE)
    positions = Position.objects.open().filter(target.orders(), account__in=user_ids)
    return StopResult(
        stop_id=uuid4(),
        user_ids=list(user_ids),
        orders_cancelled=orders.count(),
        strategies_paused=strategies.count(),
        positions_closing=positions.count() if flatten else 0,
        drill=drill,
    )


def _halt_now(accounts: Sequence[Account], target: Target, reason: str, now: datetime) -> None:
    """HALTED from this transaction's commit on, whether or not the engine runs; it says REDUCING once it closes positions."""
    for account in accounts:
        account.updated_at = now
        if target.scope is HaltScope.ACCOUNT:
            account.trading_state, account.trading_state_reason = TradingState.HALTED, reason[:200]
        else:
            account.trading_blocks[block_key(target.scope, target.name)] = TradingState.HALTED.value
    Account.objects.bulk_update(accounts, ["trading_state", "trading_state_reason", "trading_blocks", "updated_at"])


def _set_desk(state: TradingState, reason: str, by: str, now: datetime) -> None:
    DeskState.objects.update_or_create(
        id=DeskState.THE_ONE, defaults={"state": state, "reason": reason[:200], "changed_by": by[:150], "changed_at": now}
    )
    if state is TradingState.ACTIVE:
        alerts.alerts_clear([DESK_HALTED], now=now, note=reason)
    else:
        halted = AlertRaised(
            level=AlertLevel.CRITICAL,
            title="Trading halted: everybody",
            message=f"{by}: {reason}"[:1000],
            component=Component.RISK_ENGINE,
            fingerprint=DESK_HALTED,
        )
        alerts.alerts_raise([halted], now=now)
    bus.announce_after_commit({topics.ALERTS, topics.SYSTEM})


@transaction.atomic
def trading_resume(*, user_ids: Sequence[str], by: str, reason: str, now: datetime, target: Target = THE_ACCOUNT) -> list[str]:
    """Let what was halted trade again, and the strategies that the stop paused. Returns the accounts that were resumed."""
    if not reason.strip():
        raise ServiceError("resuming needs a reason: trading stays halted", field="reason")
    accounts = _locked(_everybody() if target.scope is HaltScope.GLOBAL else user_ids)
    desk = _desk_state()
    resuming = [account for account in accounts if _stands_at(account, target, desk) is not TradingState.ACTIVE]
    if target.scope is HaltScope.GLOBAL and desk is not TradingState.ACTIVE:
        _set_desk(TradingState.ACTIVE, reason, by, now)
    _append(EventType.TRADING_RESUMED, resuming, {"by": by, "reason": reason, **target.as_data()}, now)
    return [account.user_id for account in resuming]


def halted_among(user_ids: Sequence[str], target: Target) -> list[str]:
    """The accounts, of these, that do not trade freely at the target's scope: what a resuming would resume."""
    row = DeskState.objects.filter(id=DeskState.THE_ONE).first()
    desk = TradingState(row.state) if row else TradingState.HALTED
    accounts = Account.objects.filter(user_id__in=user_ids)
    return [account.user_id for account in accounts if _stands_at(account, target, desk) is not TradingState.ACTIVE]


def _locked(user_ids: Sequence[str]) -> list[Account]:
    locked = list(Stream.objects.select_for_update().filter(name__in=user_ids).order_by("name"))
    accounts = list(Account.objects.filter(user_id__in=[stream.name for stream in locked]))
    if missing := sorted(set(user_ids) - {account.user_id for account in accounts}):
        raise UnknownAccount(f"there is no account {', '.join(missing)}: nothing was changed")
    return accounts


def _on_its_way(user_ids: Sequence[str], target: Target) -> dict[str, TradingState]:
    """Where the accounts will stand once the stops and resumings at this target that wait for the engine are handled."""
    kinds = (EventType.TRADING_RESUMED, EventType.EMERGENCY_STOP)
    waiting = PendingEvent.objects.filter(
        stream__in=user_ids, event__type__in=kinds, lane=Lane.HIGH_PRIORITY, dead_at__isnull=True
    )
    wanted = target.as_data()
    return {
        stream: TradingState.ACTIVE if kind == EventType.TRADING_RESUMED else state_after(data)
        for stream, kind, data in waiting.order_by("event_id").values_list("stream", "event__type", "event__data")
        if {name: data[name] for name in ("scope", "name") if name in data} == wanted
    }


def _append(event_type: EventType, accounts: Sequence[Account], data: dict[str, Any], now: datetime) -> None:
    log.append([new_event(event_type, account.user_id, now, data) for account in accounts], now=now)
    bus.announce_after_commit({topics.account_topic(account.user_id) for account in accounts} | {topics.SYSTEM})
