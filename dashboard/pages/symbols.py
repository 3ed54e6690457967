"""One share: its chart with what was filled in it, and beside it what is held and ordered."""

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from dashboard.live.symbol import bar_row
from dashboard.pages.access import scope_of
from dashboard.pages.base import page
from dashboard.pages.filters import SYMBOL
from engine.models import Instrument
from engine.selectors.candles import candles_of, intervals_offered, intervals_stored, source_of

BARS = 400  # of a chart
TABLE = 30  # of them, in the table
NONE_YET = "1m"  # what the page watches for where no bar is stored yet


@login_required
@require_safe
def symbol(request: HttpRequest, symbol: str) -> HttpResponse:
    scope, share = scope_of(request), _share(symbol)
    stored = intervals_stored(share.symbol)
    interval = _interval(request, stored)
    wanted = {"symbol": share.symbol, "interval": interval}
    found = _bars(share.symbol, interval, stored)
    return page(
        request,
        "symbol",
        scope,
        [scope.topic("symbol", **wanted), scope.topic("traded", **wanted)],
        page="positions",
        share=share,
        interval=interval,
        intervals=intervals_offered(stored),
        chart=found,
        table=[bar | {"began": datetime.fromtimestamp(bar["at"], UTC)} for bar in found["bars"][: -TABLE - 1 : -1]],
    )


@login_required
@require_safe
def symbol_bars(request: HttpRequest, symbol: str) -> JsonResponse:
    """The chart's bars anew, for a page that has slept."""
    share = _share(symbol)
    stored = intervals_stored(share.symbol)
    return JsonResponse(_bars(share.symbol, _interval(request, stored), stored))


def _share(symbol: str) -> Instrument:
    name = symbol.upper()
    share = Instrument.objects.filter(symbol=name).first() if SYMBOL.fullmatch(name) else None
    if share is None:
        raise Http404
    return share


def _interval(request: HttpRequest, stored: list[str]) -> str:
    """The one in the address, else the shortest that is stored."""
    wanted, offered = request.GET.get("interval", ""), intervals_offered(stored)
    return wanted if wanted in offered else next(iter(stored), NONE_YET)


def _bars(symbol: str, interval: str, stored: list[str]) -> dict[str, Any]:
    source = source_of(interval, stored)
    bars = candles_of(symbol, interval, source=source, limit=BARS) if source else []
    return {"interval": interval, "source": source, "bars": [bar_row(bar) for bar in bars]}
