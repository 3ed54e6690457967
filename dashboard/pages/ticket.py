"""The order ticket: what an order would meet, told while it is written; and the order, placed once by the API's service."""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from dashboard import figures
from dashboard.live.checks import check_rows
from dashboard.live.order_life import CHARGE_WORDS
from dashboard.live.state import wire_value
from dashboard.pages.access import Scope, accounts_to_act_on, scope_of, signed_in
from dashboard.pages.actions import engine_away, from_script, signed_in_only
from dashboard.pages.fragments import form_page
from dashboard.pages.order_forms import DEFAULTS, LONGEST, PRICED, STRATEGY_LENGTH, Ticket, in_words
from engine.domain.enums import OrderType, Product, Side, StrategyStatus, Validity
from engine.models import Strategy
from engine.selectors.accounts import account_is_open_to
from engine.selectors.brokers import is_live
from engine.selectors.instruments import instruments_search
from engine.services import idempotency
from engine.services.errors import ServiceError
from engine.services.orders import OrderInput, order_place
from engine.whatif import WhatIf, what_if

LISTED = 500  # symbols in the plain list
KEY_LIMIT = 100
LARGE = Decimal("0.25")  # of equity: who sends that much is asked whether they mean it
CHOICES = {
    "sides": tuple(Side),
    "order_types": tuple(OrderType),
    "products": ((Product.MIS, "Intraday (MIS)"), (Product.CNC, "Delivery (CNC)"), (Product.NRML, "Carried forward (NRML)")),
    "validities": ((Validity.DAY, "Day"), (Validity.IOC, "Immediate or cancel"), (Validity.GTC, "Until cancelled")),
}
AGAIN = "This form was sent before, as another order. Look at your orders; then send this one with the button below."
IN_FLIGHT = "Your first click is still being worked on: nothing was sent a second time."


@dataclass(frozen=True, slots=True)
class SecondLook:
    """Why an order is not sent by a single key. `seen` is what a tick confirms: this form for these reasons, at any price."""

    reasons: list[str]
    seen: str


NOTHING = SecondLook([], "")


class Unconfirmed(Exception):
    """The order needs a second look first."""

    def __init__(self, look: SecondLook) -> None:
        super().__init__("; ".join(look.reasons))
        self.look = look


@signed_in_only("No order was sent.")
@require_http_methods(["GET", "HEAD", "POST"])
def order_new(request: HttpRequest) -> HttpResponse:
    scope = scope_of(request)
    if request.method != "POST":
        return _form(request, scope, _given(request.GET.dict()))
    ticket = Ticket.read(request.POST.dict())
    user_id = _account(request, scope, ticket)
    if "check" in request.POST:
        return _form(request, scope, ticket)
    if ticket.order is None or not user_id:
        return _not_sent(request, scope, ticket, "No order was sent: look at the fields that are marked.")
    try:
        placed = json.loads(_placed_once(request, user_id, ticket, ticket.order))
    except Unconfirmed as error:
        return _not_sent(request, scope, ticket, "Not sent yet: confirm it first.", look=error.look)
    except idempotency.KeyReused:
        return _not_sent(request, scope, ticket, AGAIN, key=uuid4().hex)
    except idempotency.KeyInFlight:
        return _not_sent(request, scope, ticket, IN_FLIGHT, status=409)
    except ServiceError as error:
        ticket.errors[error.field if error.field in DEFAULTS else "symbol"] = in_words(error)
        return _not_sent(request, scope, ticket, f"No order was sent: {in_words(error)}.")
    return _sent(request, ticket.order, placed["order_id"])


def _placed_once(request: HttpRequest, user_id: str, ticket: Ticket, order: OrderInput) -> str:
    """The answer to the form, with the key that was made with it: sent twice it is one order, and the same answer."""
    user, now = signed_in(request), timezone.now()
    wanted = {"user_id": user_id, "order": wire_value({name: getattr(order, name) for name in OrderInput.__dataclass_fields__})}

    def effect() -> str:
        look = second_look(user_id, ticket, what_if(user_id=user_id, order=order, now=now))
        if look.reasons and not (request.POST.get("confirmed") and request.POST.get("seen") == look.seen):
            raise Unconfirmed(look)
        placed = order_place(user_id=user_id, order=order, now=now, by=user.get_username())
        return json.dumps({"order_id": str(placed.id)})

    key = request.POST.get("key", "")
    if not 0 < len(key) <= KEY_LIMIT or not key.isascii() or not key.isprintable():
        return effect()
    return idempotency.once(scope=f"ticket:{user.pk}", key=key, request=wanted, now=now, effect=effect)


def second_look(user_id: str, ticket: Ticket, found: WhatIf) -> SecondLook:
    """Why this order is not sent by a single key: it is real money, a large part of the account, or will be refused."""
    reasons = {}
    if is_live(user_id):
        reasons["live"] = "This is real money."
    if found.value is not None and found.equity > 0 and found.value >= LARGE * found.equity:
        reasons["large"] = f"It is worth {figures.percent(100 * found.value / found.equity)} of the account's equity."
    if not found.would_pass:
        reasons["refused"] = "The risk check would refuse it as things stand."
    if not reasons:
        return NOTHING
    confirms = json.dumps([user_id, ticket.values, list(reasons)])
    return SecondLook(list(reasons.values()), sha256(confirms.encode()).hexdigest()[:32])


@login_required
@require_safe
def order_what_if(request: HttpRequest) -> JsonResponse:
    """What the ticket's order would meet, as the ticket shows it: for who may see the account. Nothing is sent."""
    scope, ticket = scope_of(request), Ticket.read(request.GET.dict())
    user_id = _account(request, scope, ticket)
    verdict, look = None, NOTHING
    if ticket.order is not None and user_id:
        try:
            found = what_if(user_id=user_id, order=ticket.order, now=timezone.now())
        except ServiceError as error:
            ticket.errors[error.field if error.field in DEFAULTS else "symbol"] = in_words(error)
        else:
            verdict, look = verdict_of(found, ticket.order), second_look(user_id, ticket, found)
    context = {"verdict": verdict, "instrument": ticket.instrument}
    answer = {
        "html": render_to_string("partials/ticket_verdict.html", context, request),
        "errors": ticket.errors,
        "confirm": look.reasons,
        "seen": look.seen,
        "label": label(ticket.order) if ticket.order else "",
        "would_pass": verdict["would_pass"] if verdict else None,
    }
    response = JsonResponse(answer)
    response["Cache-Control"] = "no-store"
    return response


@login_required
@require_safe
def order_symbols(request: HttpRequest) -> JsonResponse:
    """Instruments for the symbol's field, as somebody types. They are nobody's secret."""
    text = request.GET.get("q", "").strip()[:40]
    return JsonResponse({"symbols": wire_value(instruments_search(text if text.isprintable() else ""))})


def verdict_of(found: WhatIf, order: OrderInput) -> dict[str, Any]:
    """Gross, charges part by part and net in rupees; the rules that deny first."""
    charges = found.charges or {}
    total = charges.get("total")
    rows = sorted(check_rows(found.checks).values(), key=lambda row: row["passed"])
    sign = 1 if order.side is Side.BUY else -1
    return {
        "would_pass": found.would_pass,
        "denied": sum(not row["passed"] for row in rows),
        "checks": rows,
        "room_shares": found.room_shares,
        "quantity": order.quantity,
        "price": found.price,
        "value": found.value,
        "total": total,
        "net": None if found.value is None or total is None else found.value + sign * total,
        "buys": order.side is Side.BUY,
        "charges": [
            (CHARGE_WORDS.get(name, name.capitalize()), amount)
            for name, amount in charges.items()
            if amount and name != "total"
        ],
        "cash": found.cash,
        "equity": found.equity,
        "share": 100 * found.value / found.equity if found.value is not None and found.equity > 0 else None,
    }


def label(order: OrderInput) -> str:
    """What the button does: Buy 10 RELIANCE at the market."""
    if order.order_type in PRICED and order.price is not None:
        at = f"at {figures.price(order.price)}"
    elif order.stop_price is not None:
        at = f"at a trigger of {figures.price(order.stop_price)}"
    else:
        at = "at the market"
    return f"{figures.words(order.side)} {figures.quantity(order.quantity)} {order.symbol} {at}"


def _given(query: dict[str, str]) -> Ticket:
    """The form as a link fills it in: what it leaves out is as usual."""
    values = {name: query.get(name, default)[:LONGEST] for name, default in DEFAULTS.items()}
    side = values["side"].upper()
    values["side"] = side if side in Side.__members__ else Side.BUY.value
    return Ticket(values | {"symbol": values["symbol"].upper()})


def _account(request: HttpRequest, scope: Scope, ticket: Ticket) -> str:
    """The account that the order is for; none, with a word in the form, where several are in sight and nobody said which."""
    user_id = request.POST.get("for") or request.GET.get("for") or ("" if scope.is_everybody else scope.chosen)
    if not user_id.isprintable() or not account_is_open_to(signed_in(request), user_id):
        ticket.errors["for"] = "Choose the account that the order is for"
        return ""
    return user_id


def _form(
    request: HttpRequest,
    scope: Scope,
    ticket: Ticket,
    *,
    status: int = 200,
    look: SecondLook = NOTHING,
    key: str = "",
) -> HttpResponse:
    chosen = request.POST.get("for") or request.GET.get("for") or ("" if scope.is_everybody else scope.chosen)
    context = {
        "form": ticket,
        "choices": CHOICES,
        "account": chosen,
        "key": key or request.POST.get("key", "")[:KEY_LIMIT] or uuid4().hex,
        "listed": instruments_search(limit=LISTED),
        "strategies": _strategies(request, scope),
        "strategy_length": STRATEGY_LENGTH,
        "confirm": look.reasons,
        "seen": look.seen,
        "verdict": _verdict_shown(request, chosen, ticket, timezone.now()),
        "instrument": ticket.instrument,
    }
    return form_page(request, "order_new", scope, status=status, **context)


def _strategies(request: HttpRequest, scope: Scope) -> list[tuple[str, str]]:
    """The ids and names of those that an order may be booked under; others can be written."""
    rows = Strategy.objects.filter(account__in=accounts_to_act_on(request, scope)).exclude(status=StrategyStatus.RETIRED)
    return list(rows.order_by("name").values_list("id", "name")[:LISTED])


def _verdict_shown(request: HttpRequest, user_id: str, ticket: Ticket, now: datetime) -> dict[str, Any] | None:
    """Without JavaScript the form comes back with what it would meet."""
    if ticket.order is None or not user_id or not account_is_open_to(signed_in(request), user_id):
        return None
    try:
        return verdict_of(what_if(user_id=user_id, order=ticket.order, now=now), ticket.order)
    except ServiceError:
        return None  # its word stands beside the field already


def _not_sent(
    request: HttpRequest,
    scope: Scope,
    ticket: Ticket,
    text: str,
    *,
    status: int = 422,
    look: SecondLook = NOTHING,
    key: str = "",
) -> HttpResponse:
    if from_script(request):
        answer = {"done": False, "message": text, "errors": ticket.errors, "key": key}
        return JsonResponse(
            answer | {"confirm": look.reasons, "seen": look.seen}
        )  # what somebody mistyped is no failure of the page
    messages.error(request, text)
    return _form(request, scope, ticket, status=status, look=look, key=key)


def _sent(request: HttpRequest, order: OrderInput, order_id: str) -> HttpResponse:
    text, url = f"Sent: {label(order)}.", reverse("order", args=[order_id])
    if from_script(request):
        return JsonResponse({"done": True, "message": text, "url": url, "waits": engine_away()})
    messages.success(request, f"{text} {engine_away()}".rstrip())
    return redirect(url)
