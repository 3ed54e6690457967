"""Risk at a glance, what an order would meet, and the halts at every scope."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from pydantic import ValidationError

from dashboard.api.errors import faults_of
from dashboard.api.schemas import OrderRequest
from dashboard.live.checks import check_row
from dashboard.live.state import wire, wire_value
from dashboard.pages import fragments
from dashboard.pages.access import Scope, accounts_to_act_on, scope_of
from dashboard.pages.base import page
from engine.domain.enums import HaltScope, OrderType, Product, Side, StrategyStatus
from engine.models import Instrument, Strategy
from engine.selectors.equity import equity_curve, equity_known
from engine.services.errors import InvalidOrder, UnknownInstrument
from engine.whatif import what_if

SCOPES = {
    HaltScope.SYMBOL: "a symbol",
    HaltScope.STRATEGY: "a strategy",
    HaltScope.ACCOUNT: "the account",
    HaltScope.GLOBAL: "everybody",
}
LONGEST_LINE = 3600  # seconds of market time that two points are joined over: not a night
MOST_STRATEGIES = 200  # in the list to choose from


@login_required
@require_safe
def risk(request: HttpRequest) -> HttpResponse:
    scope = scope_of(request)
    context = halting(request, scope) | {"order": order_form({}), "has_curve": equity_known(scope.user_ids)}
    return page(request, "risk", scope, [scope.topic("risk")], **context)


def halting(request: HttpRequest, scope: Scope) -> dict[str, Any]:
    """What can be halted: scopes, and the names to choose from."""
    strategies = Strategy.objects.filter(account__in=accounts_to_act_on(request, scope)).exclude(status=StrategyStatus.RETIRED)
    may = {name: label for name, label in SCOPES.items() if name is not HaltScope.GLOBAL or scope.sees_all}
    return {
        "scopes": [(name.value, label) for name, label in may.items()],
        "strategies": list(strategies.order_by("name").values_list("id", "name", "account_id")[:MOST_STRATEGIES]),
        "symbols": list(Instrument.objects.order_by("symbol").values_list("symbol", flat=True)),
    }


# --- the drawdown ----------------------------------------------------------------------------------------------------------
@login_required
@require_safe
def drawdown_points(request: HttpRequest) -> JsonResponse:
    return JsonResponse(_curve(scope_of(request)))


def _curve(scope: Scope) -> dict[str, list[Any]]:
    """How far equity stood below its highest so far: market time in Unix seconds, percent below zero."""
    at: list[int] = []
    fallen: list[float | None] = []
    peak = 0.0
    for point in equity_curve(scope.user_ids) if scope.chosen else []:
        equity = float(point["equity"])
        peak = max(peak, equity)
        now = int(point["at"].timestamp())
        if at and now - at[-1] > LONGEST_LINE and len(at) > 1 and fallen[-2] is not None:
            at.append(at[-1] + 1)
            fallen.append(None)
        at.append(now)
        fallen.append(round((equity / peak - 1) * 100, 4) if peak > 0 else 0.0)
    return {"at": at, "drawdown": fallen}


# --- what if ---------------------------------------------------------------------------------------------------------------
@login_required
@require_safe
def what_if_page(request: HttpRequest) -> HttpResponse:
    """The verdict on an order that nobody sends: in a page of its own, or alone for our script."""
    scope = scope_of(request)
    form = order_form(request.GET)
    asked = bool(request.GET.get("symbol") and request.GET.get("quantity"))
    context = {"order": form, **(verdict(scope, request.GET) if asked else {})}
    if fragments.is_wanted(request):
        response = render(request, "partials/what_if_result.html", context | {"scope": scope})
    else:
        symbols = list(Instrument.objects.order_by("symbol").values_list("symbol", flat=True))
        response = page(request, "what_if", scope, [], symbols=symbols, **context | {"page": "risk"})
    return fragments.answer(request, response)


def order_form(query: QueryDict | dict[str, str]) -> dict[str, Any]:
    """The fields of the question, as they stand in the address."""
    names = ("symbol", "side", "quantity", "order_type", "price", "product")
    given = {name: str(query.get(name, "")).replace("\0", "").strip()[:40] for name in names}
    return (
        {"product": Product.MIS.value}
        | {name: text for name, text in given.items() if text}
        | {
            "sides": [side.value for side in Side],
            "types": [(OrderType.MARKET.value, "Market"), (OrderType.LIMIT.value, "Limit")],
            "products": [product.value for product in Product],
        }
    )


def verdict(scope: Scope, query: QueryDict) -> dict[str, Any]:
    """What the rules say, or why they cannot: `problem`."""
    if scope.is_everybody:
        return {"problem": "Choose an account first: each has limits of its own."}
    given: dict[str, Any] = {name: text for name, text in order_form(query).items() if isinstance(text, str) and text}
    given = {name: _number(text) if name in ("quantity", "price") else text for name, text in given.items()}
    try:
        order = OrderRequest.model_validate(given).as_input()
        found = what_if(user_id=scope.chosen, order=order, now=timezone.now())
    except ValidationError as error:
        return {"problem": "; ".join(f"{fault['loc'][-1]}: {fault['msg']}" for fault in faults_of(error, ["query"]))}
    except (UnknownInstrument, InvalidOrder) as error:
        return {"problem": str(error)}
    rooms = {check["rule"]: check["room_shares"] for check in found.checks}
    checks = [check_row(wire(check)) | {"room": rooms[check["rule"]]} for check in found.checks]
    return {
        "found": {
            "passes": found.would_pass,
            "room": found.room_shares,
            "price": found.price,
            "value": found.value,
            "charges": found.charges["total"] if found.charges else None,
            "breakdown": wire_value(found.charges or {}),
            "checks": sorted(checks, key=lambda check: check["passed"]),
            "denied": sum(not check["passed"] for check in checks),
        }
    }


def _number(text: str) -> Any:
    """A whole number or another; what is none stays as it was written, for the schema to refuse."""
    plain = text.replace(",", "")
    for kind in (int, float):
        try:
            return kind(plain)
        except ValueError:
            continue
    return text
