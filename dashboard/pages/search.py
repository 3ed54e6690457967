"""What the command palette finds beside the pages and actions that it knows by itself: symbols, orders, strategies."""

from collections.abc import Iterator

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from dashboard import figures
from dashboard.pages.access import Scope, scope_of
from engine.models import Order, Strategy
from engine.selectors.instruments import instruments_search
from engine.selectors.search import orders_named, strategies_named

EACH = 6  # results of a kind
LONGEST = 64  # characters looked for

Found = dict[str, str]


@login_required
@require_safe
def search(request: HttpRequest) -> JsonResponse:
    """`?q=` at least two characters, `?account=` as on every page: {"results": [{kind, label, note, url}]}."""
    scope = scope_of(request)
    text = request.GET.get("q", "").strip()[:LONGEST]
    sought = len(text) >= 2 and text.isprintable() and bool(scope.chosen)
    return JsonResponse({"results": [*_results(text, scope)] if sought else []})


def _results(text: str, scope: Scope) -> Iterator[Found]:
    for row in instruments_search(text, limit=EACH):
        note = " · ".join(filter(None, (row["name"], row["sector"], figures.shown(row["last_price"], "price"))))
        yield _found("Symbols", row["symbol"], note, f"{reverse('symbol', args=[row['symbol']])}?{scope.query}")
    for order in orders_named(text, scope.user_ids, limit=EACH):
        yield _found("Orders", _title(order), _note(order), reverse("order", args=[order.id]))
    for strategy in strategies_named(text, scope.user_ids, limit=EACH):
        yield _found("Strategies", strategy.name or strategy.id, _about(strategy), reverse("strategy", args=[strategy.id]))


def _title(order: Order) -> str:
    return f"{order.side} {figures.quantity(order.quantity)} {order.symbol}"


def _note(order: Order) -> str:
    return f"{figures.words(order.status)} · {figures.moment(order.created_at)} · {order.account_id} · {str(order.id)[:8]}"


def _about(strategy: Strategy) -> str:
    return f"{figures.words(strategy.status)} · {strategy.account_id} · {strategy.id}"


def _found(kind: str, label: str, note: str, url: str) -> Found:
    return {"kind": kind, "label": label, "note": note, "url": url}
