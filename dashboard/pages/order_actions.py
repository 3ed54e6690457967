"""What is done to orders that work: one is cancelled or changed, or all are cancelled, by the API's own services."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from dashboard import figures
from dashboard.live import orders as order_rows
from dashboard.live.order_filters import FILTERS, OrderFilters
from dashboard.pages.access import Scope, accounts_to_act_on, scope_of, signed_in
from dashboard.pages.actions import (
    REASON_LIMIT,
    Done,
    NotDone,
    action,
    engine_away,
    from_script,
    require_still,
    signed_in_only,
    text_of,
    to_each,
)
from dashboard.pages.filters import left_out
from dashboard.pages.fragments import form_page
from dashboard.pages.order_forms import PRICED, TRIGGERED, Terms, in_words, plain
from engine.selectors.accounts import account_is_open_to
from engine.selectors.orders import order_get, orders_counted
from engine.services.errors import InvalidOrder, OrderNotWorking
from engine.services.order_changes import OrderTerms, order_modify, orders_cancel_all
from engine.services.orders import order_cancel

WAYS = ["GET", "HEAD", "POST"]
Row = dict[str, Any]


@action
def cancel(request: HttpRequest, order_id: UUID) -> str:
    order, by = own_order(request, order_id), signed_in(request).get_username()
    reason = text_of(request, "reason", REASON_LIMIT)
    if not order_cancel(order_id=order_id, now=timezone.now(), by=by, reason=reason):
        state = figures.words((order_get(order_id) or order)["status"]).lower()
        raise NotDone(f"Not cancelled: the order is {state} already. Nothing was changed.", 409)
    return f"{named(order)} is being cancelled."


@signed_in_only("The order was not cancelled.")
@require_http_methods(WAYS)
def order_cancel_form(request: HttpRequest, order_id: UUID) -> HttpResponse:
    if request.method == "POST":
        return cancel(request, order_id)
    order = own_order(request, order_id)
    return form_page(request, "order_cancel", _scope(request, order), order=order, title=named(order), back=_back(request))


@action
def cancel_all(request: HttpRequest) -> Done:
    scope, filters = scope_of(request), OrderFilters.read(request.POST)
    if wrong := left_out(request.POST, filters.as_query(), FILTERS):
        raise NotDone(f"No order was cancelled: {wrong}.")
    accounts = accounts_to_act_on(request, scope)
    if not accounts:
        raise NotDone("No order was cancelled: you have no account to do that in.", 403)
    cancelled: list[UUID] = []
    for user_id in accounts:
        cancelled += orders_cancel_all(
            user_id=user_id,
            now=timezone.now(),
            by=signed_in(request).get_username(),
            symbol=filters.symbol or None,
            side=filters.side or None,  # type: ignore[arg-type] # one of its words, as the table has it
            strategy_id=filters.strategy or None,
        )
    if not cancelled:
        raise NotDone("No order was cancelled: none is at work.", 409)
    count = len(cancelled)
    return Done(f"{count} {'order is' if count == 1 else 'orders are'} being cancelled.", each=to_each(cancelled, _cancelled))


def _cancelled(order_id: UUID) -> str:
    order = order_get(order_id)
    return f"{named(order)} in {order['user_id']}: being cancelled" if order else str(order_id)


@signed_in_only("No order was cancelled.")
@require_http_methods(WAYS)
def orders_cancel_all_form(request: HttpRequest) -> HttpResponse:
    """Of the blotter's filters those of symbol, side and strategy bound it; the others are about what is over."""
    if request.method == "POST":
        return cancel_all(request)
    scope, filters = scope_of(request), OrderFilters.read(request.GET)
    bounds = OrderFilters(symbol=filters.symbol, side=filters.side, strategy=filters.strategy)
    count = working_count(scope, bounds)
    return form_page(request, "orders_cancel_all", scope, bounds=bounds, count=count, back=_back(request))


def working_count(scope: Scope, bounds: OrderFilters) -> int:
    return orders_counted(scope.user_ids, working=True, symbol=bounds.symbol, side=bounds.side, strategy_id=bounds.strategy)


@signed_in_only("The order was not changed.")
@require_http_methods(WAYS)
def order_modify_form(request: HttpRequest, order_id: UUID) -> HttpResponse:
    order = own_order(request, order_id)
    if request.method != "POST":
        return _modify_page(request, order, Terms.of(order))
    form = Terms.read(request.POST, order)
    text = "The order was not changed: look at the fields that are marked."
    if form.terms is not None:
        try:
            require_still(request, str(Terms.of(order)))
            order_modify(order_id=order_id, terms=form.terms, now=timezone.now(), by=signed_in(request).get_username())
        except InvalidOrder as error:
            form.errors[error.field or "quantity"] = in_words(error)
        except OrderNotWorking as error:
            text = f"The order was not changed: {error}."
        except NotDone as error:
            text = str(error)
        else:
            return _modified(request, order, form.terms)
    if from_script(request):
        return JsonResponse({"done": False, "message": text, "errors": form.errors})
    messages.error(request, text)
    return _modify_page(request, order, form, status=422)


def _modified(request: HttpRequest, order: Row, terms: OrderTerms) -> HttpResponse:
    """A script is told how to put the terms back, where each that changed had a value; a plain form is led to the order."""
    text, url = f"The new terms of {named(order)} are with the risk check.", reverse("order", args=[order["id"]])
    if not from_script(request):
        messages.success(request, f"{text} {engine_away()}".rstrip())
        return redirect(url)
    before = {name: plain(order[name]) for name in terms.given()}
    undo = {"url": request.path, **before, "still": str(Terms.of(order | terms.given()))}
    told = {"done": True, "message": text, "url": url, "waits": engine_away()}
    return JsonResponse(told | ({"undo": undo} if all(before.values()) else {}))


def _modify_page(request: HttpRequest, order: Row, form: Terms, status: int = 200) -> HttpResponse:
    context = {"has_price": order["order_type"] in PRICED, "has_trigger": order["order_type"] in TRIGGERED, "form": form}
    changeable = order_rows.is_changeable(order)
    scope = _scope(request, order)
    return form_page(
        request, "order_modify", scope, status=status, order=order, title=named(order), changeable=changeable, **context
    )


def own_order(request: HttpRequest, order_id: UUID) -> Row:
    """An order of an account that the visitor may trade in. Another's looks the same as none."""
    order = order_get(order_id)
    if order is None or not account_is_open_to(signed_in(request), order["user_id"]):
        raise Http404
    return order


def named(order: Row) -> str:
    """Buy 10 RELIANCE, limit at 1,532.00."""
    terms = figures.words(order["order_type"]).lower()
    at = f" at {figures.price(order['price'])}" if order["price"] is not None else ""
    trigger = f", trigger {figures.price(order['stop_price'])}" if order["stop_price"] is not None else ""
    return f"{figures.words(order['side'])} {figures.quantity(order['quantity'])} {order['symbol']}, {terms}{at}{trigger}"


def _scope(request: HttpRequest, order: Row) -> Scope:
    return scope_of(request, owner=order["user_id"])


def _back(request: HttpRequest) -> str:
    return request.GET.get("back", "")[:500]
