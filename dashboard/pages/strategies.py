"""Strategies: the list, a page each, and what can be done with one. What is deployed or changed has a form of its own."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.figures import quantity
from dashboard.live.strategies import DAYS
from dashboard.pages.access import Scope, scope_of, signed_in
from dashboard.pages.actions import REASON_LIMIT, Done, NotDone, View, require_still, require_word, text_of
from dashboard.pages.base import page
from dashboard.pages.confirmations import Choice, Confirmation, confirmed, require_reason
from dashboard.pages.strategy_forms import seen
from engine.domain.enums import StrategyStatus
from engine.domain.strategy_state import LIFE_CYCLE, StrategyTrigger
from engine.models import Order, Position, Strategy
from engine.selectors.strategies import strategy_performance
from engine.services import strategies as services

RETIRE_WORD = "RETIRE"
CLOSING = "close"
AS_BEFORE = "as-before"  # an undone pause leaves what the limits measure as it was
BACK = {StrategyTrigger.PAUSE: StrategyTrigger.RESUME, StrategyTrigger.RESUME: StrategyTrigger.PAUSE}
STOPPING = [
    Choice("positions", CLOSING, "Close what it holds, at the market", "radio", checked=True),
    Choice("positions", "keep", "Keep what it holds; its stops and targets stay", "radio"),
]


@login_required
@require_safe
def strategies(request: HttpRequest) -> HttpResponse:
    scope, retired = scope_of(request), request.GET.get("retired") == "yes"
    return page(request, "strategies", scope, [scope.topic("strategies", retired="yes" if retired else "")], retired=retired)


@login_required
@require_safe
def strategy(request: HttpRequest, strategy_id: str) -> HttpResponse:
    row = seen(request, strategy_id)
    scope = scope_of(request, owner=row.account_id)
    own = Scope(row.account_id, scope.user_ids_seen, scope.sees_all)  # one strategy is of one account, whatever was chosen
    topics = [own.topic("strategy", id=row.id)]
    context: dict[str, Any] = {"page": "strategies", "strategy": row, "days": DAYS}
    return page(request, "strategy", own, topics, **context)


@login_required
@require_safe
def strategy_curve(request: HttpRequest, strategy_id: str) -> JsonResponse:
    """What it earned so far, after each closed trade: Unix seconds and rupees."""
    points = strategy_performance(seen(request, strategy_id), days=DAYS, now=timezone.now())["equity_curve"]
    at, pnl = [int(point["at"].timestamp()) for point in points], [float(point["pnl"]) for point in points]
    return JsonResponse({"at": at, "pnl": pnl})


# --- steps -----------------------------------------------------------------------------------------------------------------
def _step(trigger: StrategyTrigger, act: Callable[[HttpRequest, Strategy], None], done: str, **asking: Any) -> View:
    """One step of a strategy's life: asked for by GET, taken by POST."""
    not_done = f"The strategy was not {done}."

    def ask(request: HttpRequest, strategy_id: str) -> Confirmation:
        row = _able(request, strategy_id, trigger)
        return Confirmation(
            title=f"{trigger.capitalize()} {row.name}?",
            back=f"{reverse('strategy', args=[row.id])}?account={row.account_id}",
            not_done=not_done,
            facts=_facts(row),
            **asking,
        )

    def take(request: HttpRequest, strategy_id: str) -> Done:
        row = _able(request, strategy_id, trigger)
        require_still(request, row.status)
        act(request, row)
        return Done(f"{row.name} is {done}.", _undo(row, trigger))

    return confirmed(not_done, ask, take)


def _able(request: HttpRequest, strategy_id: str, trigger: StrategyTrigger) -> Strategy:
    try:
        row = seen(request, strategy_id)
    except Http404:
        raise NotDone("There is no such strategy, or it is not yours; nothing was changed.", 404) from None
    if (StrategyStatus(row.status), trigger) not in LIFE_CYCLE:
        raise NotDone(f"{row.name} is {row.status}: it cannot {trigger}. Nothing was changed.", 409)
    return row


def _undo(row: Strategy, trigger: StrategyTrigger) -> dict[str, str] | None:
    """The step back, where it leads to the state that the strategy was in."""
    back, stands = BACK.get(trigger), LIFE_CYCLE[StrategyStatus(row.status), trigger]
    if back is None or LIFE_CYCLE.get((stands, back)) != row.status:
        return None
    reason = row.status_reason if back is StrategyTrigger.PAUSE else "its pause was taken back"
    step = {"url": reverse(f"strategy-{back}", args=[row.id]), "reason": reason, "still": stands}
    return step | ({"measures": AS_BEFORE} if back is StrategyTrigger.RESUME else {})


def _facts(row: Strategy) -> list[tuple[str, str]]:
    held = Position.objects.open().filter(account=row.account_id, strategy_id=row.id).count()
    working = Order.objects.working().filter(account=row.account_id, strategy_id=row.id).order_by().count()
    return [
        ("Account", row.account_id),
        ("State", row.status),
        ("Open positions", quantity(held)),
        ("Working orders", quantity(working)),
    ]


def _named(request: HttpRequest, reason: str) -> dict[str, Any]:
    return {"by": signed_in(request).get_username(), "reason": reason, "now": timezone.now()}


def _pause(request: HttpRequest, row: Strategy) -> None:
    services.strategy_pause(strategy_id=row.id, **_named(request, text_of(request, "reason", REASON_LIMIT)))


def _resume(request: HttpRequest, row: Strategy) -> None:
    named = _named(request, text_of(request, "reason", REASON_LIMIT))
    services.strategy_resume(strategy_id=row.id, afresh=request.POST.get("measures") != AS_BEFORE, **named)


def _stop(request: HttpRequest, row: Strategy) -> None:
    reason = require_reason(request, "The strategy was not stopped")
    services.strategy_stop(strategy_id=row.id, close_positions=_closes(request), **_named(request, reason))


def _retire(request: HttpRequest, row: Strategy) -> None:
    require_word(request, RETIRE_WORD, "The strategy was not retired")
    reason = require_reason(request, "The strategy was not retired")
    services.strategy_retire(strategy_id=row.id, close_positions=_closes(request), **_named(request, reason))


def _closes(request: HttpRequest) -> bool:
    return request.POST.get("positions", CLOSING) == CLOSING


pause = _step(
    StrategyTrigger.PAUSE,
    _pause,
    "paused",
    text="It makes no new trades until somebody resumes it. What it holds, and its exits, stay.",
    button="Pause",
    icon="pause",
    reason="Why does it pause?",
)
resume = _step(
    StrategyTrigger.RESUME,
    _resume,
    "resumed",
    text="It trades again from its next signal on. What its limits measure begins anew.",
    button="Resume",
    icon="play",
    reason="What has been put right?",
)
stop = _step(
    StrategyTrigger.STOP,
    _stop,
    "stopped",
    text="Its working orders are cancelled, and it makes no new trades. It can be resumed later.",
    button="Stop the strategy",
    icon="stop",
    danger=True,
    choices=STOPPING,
    reason="Why is it stopped?",
    reason_required=True,
)
retire = _step(
    StrategyTrigger.RETIRE,
    _retire,
    "retired",
    text="It ends for good: its working orders are cancelled, and it cannot be resumed. Its history stays.",
    button="Retire the strategy",
    icon="stop",
    danger=True,
    choices=STOPPING,
    reason="Why does it end?",
    reason_required=True,
    word=RETIRE_WORD,
)
