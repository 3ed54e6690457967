"""The blotter's columns, and which of them a reader wants to see: remembered in the browser, in a cookie of its own."""

from typing import NamedTuple

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

COOKIE = "quantumleap-columns"
YEAR = 365 * 24 * 3600  # seconds


class Column(NamedTuple):
    """`css` is what the cells bear beside their name: alignment, and up from which width they show while nobody chose."""

    name: str
    label: str
    css: str = ""
    at_first: bool = True


COLUMNS = (
    Column("account", "Account", "p2"),
    Column("type", "Type", "p2"),
    Column("product", "Product", "p3", at_first=False),
    Column("validity", "Validity", "p3", at_first=False),
    Column("filled", "Filled", "n"),
    Column("price", "Limit", "n p3"),
    Column("trigger", "Trigger", "n p3"),
    Column("average", "Average", "n p2"),
    Column("charges", "Charges", "n p4"),
    Column("strategy", "Strategy", "p3"),
    Column("verdict", "Risk", "p5"),
    Column("reason", "Reason", "p5"),
    Column("updated", "Updated", "p3", at_first=False),
    Column("broker", "Broker's id", "p3", at_first=False),
)
NAMES = frozenset(column.name for column in COLUMNS)
HIDDEN_AT_FIRST = tuple(column.name for column in COLUMNS if not column.at_first)


def hidden_columns(request: HttpRequest) -> tuple[str, ...] | None:
    """Those that the reader chose not to see; None where nobody chose."""
    kept = request.COOKIES.get(COOKIE)
    return None if kept is None else tuple(name for name in kept.split(".") if name in NAMES)


@login_required
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """What the chooser does without JavaScript; with it, the page's script writes the same cookie."""
    shown = set(request.POST.getlist("column"))
    back = request.POST.get("back", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    response = redirect(back if safe else "orders")
    kept = ".".join(column.name for column in COLUMNS if column.name not in shown)
    response.set_cookie(COOKIE, kept or "-", max_age=YEAR, samesite="Lax", secure=request.is_secure())
    return response
