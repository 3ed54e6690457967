"""What was earned in a day, a week or a month: by day, strategy, sector and symbol; trades and charges. CSV, and to print."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard import figures
from dashboard.live.names import named, strategy_names
from dashboard.pages.access import Scope, scope_of
from dashboard.pages.base import page
from dashboard.pages.periods import DAY, MONTH, WEEK, NoPeriod, Period
from dashboard.spreadsheets import csv_response
from engine.domain.intervals import IST
from engine.domain.reports import OTHER, PARTS, Total, to_the_paisa
from engine.selectors.reports import Booked, booked, first_fill_day, period_bounds, trades_all, trades_closed, trades_page

TRADES_SHOWN = 100
MOST_TRADES = 5_000  # on a page that is to be printed; a file has no limit
CHARGES = {"stt": "STT", "sebi": "SEBI fee", "gst": "GST", "exchange": "Exchange", OTHER: "Other"}
Row = dict[str, Any]
BY_HAND = "By hand"
GROUPS: dict[str, tuple[str, Callable[[Booked], dict[str, Total]]]] = {
    "strategies": ("Strategy", lambda sums: {name or BY_HAND: total for name, total in sums.strategies.items()}),
    "sectors": ("Sector", lambda sums: sums.sectors),
    "symbols": ("Symbol", lambda sums: sums.symbols),
}
LINE_COLUMNS = ("Fills", "Turnover", "Gross", "Charges", "Net")
TRADE_COLUMNS = (
    "Closed (IST)", "Opened (IST)", "Held seconds", "Account", "Symbol", "Sector", "Strategy", "Direction", "Gross", "Charges",
    "Net", "Result",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A named line of a table."""

    name: str
    total: Total


@login_required
@require_safe
def reports(request: HttpRequest) -> HttpResponse:
    scope, now = scope_of(request), timezone.now()
    today = now.astimezone(IST).date()
    problem = ""
    try:
        period = Period.read(request.GET, today)
    except NoPeriod as error:
        problem, period = str(error), Period.around(MONTH, today)
    if not scope.chosen:
        return page(request, "reports", scope, [])
    tables = _tables(period, _booked(scope, period, now))
    context = tables | _trades(request, scope, period) | _chooser(scope, period, now.astimezone(IST).date())
    context["lines"]["strategies"] = by_name(*context["lines"]["strategies"])
    response = page(request, "reports", scope, [], problem=problem, period=period, generated_at=now, **context)
    response.status_code = 400 if problem else 200
    return response


@login_required
@require_safe
def table_csv(request: HttpRequest, table: str) -> StreamingHttpResponse:
    """One of the report's tables as a file: the same lines, of all trades."""
    scope = scope_of(request)
    now = timezone.now()
    try:
        period = Period.read(request.GET, now.astimezone(IST).date())
    except NoPeriod as error:
        raise BadRequest(f"No file was made. {error}") from None
    name = f"{table}-{scope.chosen.replace('*', 'all')}-{period.first}-{period.last}.csv"
    if table == "trades":
        since, until = period_bounds(period.first, period.last)
        trades = trades_all(scope.user_ids, since=since, until=until)
        return csv_response(name, TRADE_COLUMNS, map(_trade_cells, trades))
    tables = _tables(period, _booked(scope, period, now))
    if table == "charges":
        return csv_response(name, ("Charge", "Amount"), [(charge["name"], charge["amount"]) for charge in tables["charges"]])
    if table not in tables["lines"]:
        raise Http404
    head, lines = tables["lines"][table]
    return csv_response(name, (head, *LINE_COLUMNS), map(_line_cells, lines))


def _booked(scope: Scope, period: Period, now: datetime) -> Booked:
    since, until = period_bounds(period.first, period.last)
    return booked(scope.user_ids, since=since, until=until, by_hour=period.by_hour, now=now)


def _tables(period: Period, sums: Booked) -> dict[str, Any]:
    whole = to_the_paisa({"": sums.whole})[""]
    times = to_the_paisa(sums.starts)
    words = figures.hour if period.by_hour else figures.day
    days = [Line(words(start), times[start]) for start in sorted(times)]
    groups = {name: (head, _best_first(lines_of(sums))) for name, (head, lines_of) in GROUPS.items()}
    return {
        "whole": whole,
        "lines": {"days": ("Hour" if period.by_hour else "Day", days), **groups},
        "charges": _charges(whole),
        "chart": _chart(times),
    }


def _best_first(totals: dict[str, Total]) -> list[Line]:
    lines = [Line(name, total) for name, total in to_the_paisa(totals).items()]
    return sorted(lines, key=lambda line: (-line.total.net, line.name))


def by_name(head: str, lines: Sequence[Line]) -> tuple[str, list[Line]]:
    """Strategies under their names; the file has their ids, which are what stays the same."""
    names = strategy_names(line.name for line in lines)
    return head, [Line(names.get(line.name, line.name), line.total) for line in lines]


def _charges(whole: Total) -> list[Row]:
    """Each part with its share of all charges, in percent."""
    return [
        {
            "name": CHARGES.get(name) or figures.words(name),
            "amount": whole.parts[name],
            "share": whole.parts[name] / whole.charges * 100 if whole.charges else None,
        }
        for name in PARTS
        if name != OTHER or whole.parts[name]
    ]


def _chart(times: dict[Any, Total]) -> dict[str, list[Any]]:
    """Unix seconds; net rupees of each day or hour, and earned so far."""
    starts, earned, sums = sorted(times), 0.0, []
    for start in starts:
        earned = round(earned + float(times[start].net), 2)
        sums.append(earned)
    nets = [float(times[start].net) for start in starts]
    return {"at": [int(start.timestamp()) for start in starts], "net": nets, "earned": sums}


def _trades(request: HttpRequest, scope: Scope, period: Period) -> dict[str, Any]:
    since, until = period_bounds(period.first, period.last)
    limit = MOST_TRADES if request.GET.get("trades") == "all" else TRADES_SHOWN
    found = trades_page(scope.user_ids, since=since, until=until, limit=limit)
    closed = trades_closed(scope.user_ids, since=since, until=until)
    held = closed["average_held"]
    return {
        "trades": [trade | {"duration": figures.duration(trade["held"])} for trade in named(found.rows)],
        "trades_left": found.next is not None,
        "closed": closed | {"average_held": figures.duration(held) if held else None, "win_percent": closed["win_rate"] * 100},
    }


def _chooser(scope: Scope, period: Period, today: Any) -> dict[str, Any]:
    def at(chosen: Period) -> str:
        account = {"account": scope.chosen} if scope.chosen else {}
        return f"{reverse('reports')}?{urlencode(account | chosen.query)}"

    day = min(max(period.first, min(today, period.last)), period.last)
    first, later = first_fill_day(scope.user_ids), period.neighbour(1)
    return {
        "kinds": [(kind, kind.capitalize(), at(Period.around(kind, day))) for kind in (DAY, WEEK, MONTH)],
        "earlier_url": at(period.neighbour(-1)) if first and first < period.first else "",
        "later_url": at(later) if later.first <= today else "",
        "today_url": at(Period.around(DAY, today)),
        "page_query": urlencode(({"account": scope.chosen} if scope.chosen else {}) | period.query),
    }


def _line_cells(line: Line) -> Iterable[Any]:
    total = line.total
    return line.name, total.fills, total.turnover, total.gross, total.charges, total.net


def _trade_cells(trade: Row) -> Iterable[Any]:
    yield from (trade["closed_at"], trade["opened_at"], int(trade["held"].total_seconds()), trade["user_id"], trade["symbol"])
    yield from (trade["sector"], trade["strategy_id"] or BY_HAND, trade["direction"])
    yield from (trade["gross"], trade["charges"], trade["net"], trade["result"])
