"""The server's time for each page of an account with 100,000 orders: beside a trivial Django view on the same server."""

from bench.load.http import load
from bench.places import Desk, child, desk_database
from bench.result import Result, Scale, at_most, in_turn
from bench.servers import daphne, served

ACCOUNT = "account=bench-000"
MOST = 60  # ms
MONTH = "period=month&on=2026-01-15"
PAGES = {
    "Overview": "/?{}",
    "Orders": "/orders/?{}",
    "Orders, a text that is nowhere": "/orders/?{}&text=nowhere",
    "Positions": "/positions/?{}",
    "Positions by sector": "/positions/?{}&by=sector",
    "Positions by strategy": "/positions/?{}&by=strategy",
    "Strategies": "/strategies/?{}",
    "Risk": "/risk/?{}",
    "the drawdown's curve": "/charts/drawdown/?{}",
    "Alerts": "/alerts/?{}",
    "Events": "/events/?{}",
    "Time travel": "/time/?{}",
    "Reports, a month": f"/reports/?{{}}&{MONTH}",
    "System": "/system/?{}",
}


def sqlite(scale: Scale) -> list[Result]:
    return _measured(scale, "sqlite", "SQLite")


def postgres(scale: Scale) -> list[Result]:
    return _measured(scale, "postgres", "PostgreSQL")


def _measured(scale: Scale, kind: str, title: str) -> list[Result]:
    orders = scale.of(100_000, 1_000)
    with desk_database(kind) as desk:
        child("bench.inside.pages", "--orders", orders, database_url=desk.url)
        with served(desk.url, "--no-engine") as server, daphne("bench.limits.trivial_view:application") as bare:
            what = f"with {orders:,} orders, p50, {title}"
            return [
                _page(scale, f"{name} {what}", server.url + path.format(ACCOUNT), desk, bare) for name, path in PAGES.items()
            ]


def _page(scale: Scale, what: str, url: str, desk: Desk, bare: str) -> Result:
    runs, limits = in_turn(
        scale,
        lambda: load(url, seconds=1, connections=1, session=desk.session).p50,
        lambda: load(bare, seconds=1, connections=1).p50,
    )
    result = Result(what, "ms", runs, (), "a trivial sync Django view on Daphne", limits)
    return result.judged(at_most(result.ours, MOST, "ms"))
