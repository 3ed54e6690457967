"""Everybody, an account, a strategy or a symbol halted, after a drill if wanted; and the emergency stop."""

from collections.abc import Sequence
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from dashboard.figures import quantity
from dashboard.live.risk import WHAT
from dashboard.pages.access import accounts_to_act_on, may_handle, scope_of, signed_in
from dashboard.pages.actions import REASON_LIMIT, Done, NotDone, action, require_word, signed_in_only, text_of, to_each
from dashboard.pages.confirmations import Choice, Confirmation, confirmed, require_reason
from dashboard.pages.filters import SYMBOL
from engine.domain.enums import HaltScope
from engine.models import Account, Instrument, Position, Strategy
from engine.services.trading import THE_ACCOUNT, StopResult, Target, emergency_stop

HALT_WORD, STOP_WORD = "HALT", "STOP"
NOT_HALTED = "Nothing was halted."
NOT_STOPPED = "Trading was not stopped"
FLATTEN = "yes"


def ask_halt(request: HttpRequest) -> Confirmation:
    """What the stop would end, found by a drill; with `drill` in the address that is all."""
    target, user_ids = wanted(request, request.GET)
    flatten = request.GET.get("flatten") == FLATTEN
    result = _stop(request, target, user_ids, "drill", flatten=flatten, drill=True)
    back = f"{reverse('risk')}?{scope_of(request).query}"
    facts, hidden = _facts(result, target, user_ids, flatten), fields_of(target)
    if request.GET.get("drill"):
        query = {name: text for name, text in request.GET.items() if name != "drill" and text}
        return Confirmation(
            title=f"Drill: halt {named(target, user_ids)}",
            text="This is what a halt would end at this moment. Nothing was changed.",
            button="",
            back=back,
            not_done=NOT_HALTED,
            facts=facts,
            onward=(f"{reverse('risk-halt')}?{urlencode(query)}", "Halt…"),
        )
    return Confirmation(
        title=f"Halt {named(target, user_ids)}?",
        text="From now on its new orders are refused and its working orders are cancelled. It stays so, also over a restart, "
        "until somebody resumes it.",
        button="Halt",
        back=back,
        not_done=NOT_HALTED,
        danger=True,
        icon="stop",
        facts=facts,
        hidden=hidden,
        choices=[Choice("flatten", FLATTEN, "Close the open positions too, at the market", checked=flatten)],
        reason="What made you stop?",
        reason_required=True,
        word=HALT_WORD,
    )


def halt_now(request: HttpRequest) -> str | Done:
    require_word(request, HALT_WORD, NOT_HALTED.rstrip("."))
    reason = require_reason(request, NOT_HALTED.rstrip("."))
    target, user_ids = wanted(request, request.POST)
    flatten = request.POST.get("flatten") == FLATTEN
    result = _stop(request, target, user_ids, reason, flatten=flatten, drill=False)
    about = named(target, user_ids)
    if not result.user_ids:
        return f"{about[:1].upper()}{about[1:]}: halted already, nothing had to be done."
    return Done(f"Halted: {about}. {_ended(result, flatten)}", each=_accounts_of(result, user_ids))


halt = confirmed(NOT_HALTED, ask_halt, halt_now)


# --- the emergency stop ----------------------------------------------------------------------------------------------------
@action
def stop(request: HttpRequest) -> Done:
    require_word(request, STOP_WORD, NOT_STOPPED)
    user_ids = accounts_to_act_on(request, scope_of(request))
    if not user_ids:
        raise NotDone(f"{NOT_STOPPED}: you have no account to do that in.", 403)
    reason = text_of(request, "reason", REASON_LIMIT) or "Emergency stop from the dashboard"
    result = _stop(request, THE_ACCOUNT, user_ids, reason, flatten=False, drill=False)
    said = f"Emergency stop: trading is halted in {whose(user_ids)}. {_ended(result, flatten=False)}"
    return Done(said, each=_accounts_of(result, user_ids))


@signed_in_only(f"{NOT_STOPPED}.")
@require_http_methods(["GET", "HEAD", "POST"])
def emergency_stop_page(request: HttpRequest) -> HttpResponse:
    """Where the button leads without JavaScript; with it, the form stands ready in each page."""
    if request.method == "POST":
        return stop(request)
    return render(request, "emergency_stop.html", {"page": "confirm", "scope": scope_of(request), "word": STOP_WORD})


def _ended(result: StopResult, flatten: bool) -> str:
    """What the stop ends."""
    counted = {"Working orders cancelled": result.orders_cancelled, "strategies paused": result.strategies_paused}
    counted |= {"positions being closed": result.positions_closing} if flatten else {}
    return ", ".join(f"{what}: {quantity(number)}" for what, number in counted.items()) + "."


def _accounts_of(result: StopResult, user_ids: Sequence[str]) -> list[str]:
    halted = set(result.user_ids)
    return to_each(user_ids, lambda user_id: f"{user_id}: {'halted' if user_id in halted else 'halted already'}")


# --- what it is about ------------------------------------------------------------------------------------------------------
def wanted(request: HttpRequest, given: QueryDict, usual: str = "") -> tuple[Target, list[str]]:
    """The target and the accounts that it is about; `usual` is the scope of who names none.

    Raises NotDone for what is not there or not the visitor's.
    """
    try:
        scope = HaltScope(given.get("scope", usual).strip().lower())
    except ValueError:
        raise NotDone("Say what is to be halted: a symbol, a strategy, the account or everybody.") from None
    name = given.get("name", "").replace("\0", "").strip() or given.get(scope.value, "").replace("\0", "").strip()
    if scope is HaltScope.GLOBAL:
        if not signed_in(request).is_staff:
            raise NotDone("Only staff may halt or resume everybody; nothing was changed.", 403)
        return Target(scope), list(Account.objects.order_by("user_id").values_list("user_id", flat=True))
    if scope is HaltScope.STRATEGY:
        return _strategy(request, name)
    user_ids = accounts_to_act_on(request, scope_of(request))
    if not user_ids:
        raise NotDone("You have no account to do that in; nothing was changed.", 403)
    if scope is HaltScope.ACCOUNT:
        return Target(scope), user_ids
    symbol = name.upper()
    if not SYMBOL.fullmatch(symbol) or not Instrument.objects.filter(symbol=symbol).exists():
        raise NotDone(f"There is no symbol {symbol[:32] or 'without a name'}; nothing was changed.", 404)
    return Target(scope, symbol), user_ids


def _strategy(request: HttpRequest, strategy_id: str) -> tuple[Target, list[str]]:
    row = Strategy.objects.filter(id=strategy_id[:64]).first()
    if row is None or not may_handle(signed_in(request), row.account_id):
        raise NotDone("There is no such strategy, or it is not yours; nothing was changed.", 404)
    return Target(HaltScope.STRATEGY, row.id), [row.account_id]


def _stop(request: HttpRequest, target: Target, user_ids: list[str], reason: str, *, flatten: bool, drill: bool) -> StopResult:
    by = signed_in(request).get_username()
    return emergency_stop(
        user_ids=user_ids, by=by, reason=reason, now=timezone.now(), target=target, flatten=flatten, drill=drill
    )


def named(target: Target, user_ids: list[str]) -> str:
    """What it is about, in words: the symbol TCS in demo."""
    if target.scope is HaltScope.GLOBAL:
        return f"everybody ({len(user_ids)} accounts)"
    if target.scope is HaltScope.ACCOUNT:
        return f"all trading of {whose(user_ids)}"
    return f"the {WHAT[target.scope].lower()} {target.name} in {whose(user_ids)}"


def whose(user_ids: Sequence[str]) -> str:
    return ", ".join(user_ids) if len(user_ids) <= 3 else f"{len(user_ids)} accounts"


def _facts(result: StopResult, target: Target, user_ids: list[str], flatten: bool) -> list[tuple[str, str]]:
    held = Position.objects.open().filter(target.orders(), account__in=user_ids).count()
    return [
        ("Accounts", quantity(len(user_ids))),
        ("Working orders to cancel", quantity(result.orders_cancelled)),
        ("Strategies to pause", quantity(result.strategies_paused)),
        ("Open positions", f"{quantity(held)}, {'to be closed' if flatten else 'which stay open'}" if held else "0"),
    ]


def fields_of(target: Target) -> list[tuple[str, str]]:
    return [("scope", target.scope.value), *([("name", target.name)] if target.name else [])]
