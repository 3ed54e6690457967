"""`manage.py serve`, with a positions topic of 200 rows that all move four times a second: what the busiest page would show."""

import os
import sys
from itertools import count
from typing import Any

import daphne.server  # first: it installs Twisted's asyncio reactor
import django
from django.core.management import execute_from_command_line

POSITIONS, HZ = 200, 4
moves = count(1)


def moving(topic: Any) -> Any:
    """The real state, with the rows of the positions made up."""
    state = registry.compute(topic)
    if topic.kind == "positions":
        move = next(moves)
        state["positions"] = {f"position-{number}": row(number, move) for number in range(POSITIONS)}
    return state


def row(number: int, move: int) -> dict[str, Any]:
    price = 1000 + number + (number * 37 + move * 13) % 50 / 10
    gain = round((price - 1002 - number) * 10, 2)
    return {
        "id": f"position-{number}",
        "user_id": "asha",
        "symbol": f"SHARE{number:03d}",
        "sector": "Energy",
        "side": "LONG",
        "quantity": 10,
        "average_price": 1002.0 + number,
        "current_price": round(price, 2),
        "stop_loss": 950.0,
        "market_value": round(price * 10, 2),
        "unrealized_pnl": gain,
        "unrealized_pnl_percent": round(gain / 100, 2),
        "realized_pnl": 0.0,
        "charges": 12.5,
        "take_profit": None,
        "strategy_id": "momentum",
        "closed_at": None,
        "opened_at": "2026-01-05T04:00:00.000000Z",
        "sort": f"SHARE{number:03d}",
        "held_for": "momentum",
        "net_pnl": -12.5,
        "symbol_url": f"/symbols/SHARE{number:03d}/?account=asha",
        "kind": "position",
        "trail": "",
        "close_url": f"/positions/{number}/close/",
        "exits_url": f"/positions/{number}/exits/",
    }


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quantumleap.settings")
    django.setup()
    from dashboard import hub
    from dashboard.live import registry
    from dashboard.pages import base

    assert daphne.server
    hub.compute = base.compute = moving
    hub.POLL = 1 / HZ
    execute_from_command_line(sys.argv)
