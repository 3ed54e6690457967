"""Trading again after a stop: asked for with a reason, looked at, and confirmed within a minute by the same hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core import signing
from django.db.models import Case, F, Sum, When

from engine.domain.enums import HaltScope, OrderStatus, Side
from engine.domain.events import EventType
from engine.models import Account, Event, Execution, Order, PendingEvent, Position, Strategy
from engine.services.errors import ServiceError
from engine.services.trading import Target, trading_resume

CONFIRM_SECONDS = 60
SALT = "trading-resume"


class NotReady(ServiceError):
    """Something must be put right before trading goes on."""


class NotConfirmed(ServiceError):
    """The confirmation is not, or no longer, good: ask anew."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at before trading goes on, and what was found, in words."""

    check: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What was found; and, where all of it is well, the token that confirms, good for a minute."""

    user_ids: list[str]
    findings: list[Finding]
    token: str | None


def resume_ask(*, user_ids: Sequence[str], target: Target, by: str, reason: str) -> Asked:
    """The first of two steps. Raises ServiceError without a reason."""
    if not reason.strip():
        raise ServiceError("resuming needs a reason: trading stays halted", field="reason")
    named = _accounts(user_ids, target)
    findings = look_before(named, target)
    ready = all(finding.passed for finding in findings)
    asked = [named, target.scope.value, target.name, by, reason, _latest_stop()]
    return Asked(named, findings, signing.dumps(asked, salt=SALT) if ready else None)


def resume_confirm(*, token: str, by: str, now: datetime) -> list[str]:
    """The second step: looks again, then resumes. Returns the accounts that were resumed.

    Raises NotConfirmed for a token that is older than a minute, of another hand, or from before a later stop; and NotReady.
    """
    try:
        user_ids, scope, name, asked_by, reason, stop_id = signing.loads(token, salt=SALT, max_age=CONFIRM_SECONDS)
    except signing.BadSignature:
        raise NotConfirmed(field="confirmation") from None
    if asked_by != by or stop_id != _latest_stop():
        raise NotConfirmed(field="confirmation")
    target = Target(HaltScope(scope), name)
    wrong = [finding.detail for finding in look_before(user_ids, target) if not finding.passed]
    if wrong:
        raise NotReady("; ".join(wrong))
    return trading_resume(user_ids=user_ids, by=by, reason=reason, now=now, target=target)


def _accounts(user_ids: Sequence[str], target: Target) -> list[str]:
    accounts = Account.objects.order_by("user_id")
    if target.scope is not HaltScope.GLOBAL:
        accounts = accounts.filter(user_id__in=user_ids)
    return list(accounts.values_list("user_id", flat=True))


def _latest_stop() -> int:
    return Event.objects.filter(type=EventType.EMERGENCY_STOP).order_by("-id").values_list("id", flat=True).first() or 0


def look_before(user_ids: Sequence[str], target: Target) -> list[Finding]:
    """Has the stop done its work, is no outcome unknown, are positions what the fills made, and which strategies go on?"""
    stopping = PendingEvent.objects.filter(stream__in=user_ids, event__type=EventType.EMERGENCY_STOP).count()
    dead = PendingEvent.objects.filter(stream__in=user_ids, dead_at__isnull=False).count()
    unknown = Order.objects.working().filter(account__in=user_ids, status=OrderStatus.UNKNOWN).count()
    differing = _positions_that_differ(user_ids)
    paused = Strategy.objects.filter(target.strategies(), account__in=user_ids, status="PAUSED").count()
    broken = Strategy.objects.filter(target.strategies(), account__in=user_ids, status="ERROR").count()
    return [
        Finding("stop", not stopping, "the stop has done its work" if not stopping else "the stop has not done its work yet"),
        Finding("dead_letters", not dead, f"{dead} events were given up and wait for an operator"),
        Finding("orders", not unknown, f"{unknown} orders whose outcome the broker has not told"),
        Finding("positions", not differing, f"positions that their fills do not explain: {', '.join(differing) or 'none'}"),
        Finding("strategies", not broken, f"{paused} strategies are paused, {broken} are in error"),
    ]


def _positions_that_differ(user_ids: Sequence[str]) -> list[str]:
    signed = Case(When(side=Side.BUY, then=F("quantity")), default=-F("quantity"))
    fills = Execution.objects.filter(account__in=user_ids).values_list("account_id", "symbol", "strategy_id")
    bought = {row[:3]: row[3] for row in fills.annotate(held=Sum(signed)).order_by() if row[3]}
    rows = Position.objects.open().filter(account__in=user_ids)
    held = {row[:3]: row[3] for row in rows.values_list("account_id", "symbol", "strategy_id", "quantity")}
    return sorted({key[1] for key in bought.keys() | held.keys() if bought.get(key) != held.get(key)})
