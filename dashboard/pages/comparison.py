"""What changed between two moments: figures, orders by state, positions, and how often each event happened."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from dashboard import figures
from dashboard.live.names import named
from engine.domain.enums import OrderStatus
from engine.selectors.moments import Moment, moment_order_counts, moment_positions, moment_summary

ZERO = Decimal(0)
FIGURES = (
    ("equity", "Equity", "money"),
    ("cash", "Cash", "money"),
    ("exposure", "Exposure", "money"),
    ("total_pnl", "P&L since the account opened", "pnl"),
    ("realized_pnl", "P&L booked, net of charges", "pnl"),
    ("unrealized_pnl", "P&L unrealised", "pnl"),
    ("day_pnl", "P&L of the day", "pnl"),
    ("drawdown_percent", "Drawdown", "percent"),
    ("positions_count", "Open positions", "quantity"),
    ("working_orders", "Working orders", "quantity"),
)
CELLS = (
    ("quantity", "quantity", ""),
    ("market_value", "money", "p3"),
    ("unrealized_pnl", "pnl", "p2"),
)  # and for how wide a screen
GAINS = {"equity", "total_pnl", "realized_pnl", "unrealized_pnl", "day_pnl"}  # more of them is better: they have a colour
SIGNED: dict[str, Callable[[Any], str]] = {"money": figures.pnl, "pnl": figures.pnl, "percent": figures.change}
Row = dict[str, Any]


def compared(earlier: Moment, later: Moment) -> dict[str, list[Row]]:
    before, after = moment_summary(earlier), moment_summary(later)
    return {
        "figures": [_row(words, before[name], after[name], form, is_gain=name in GAINS) for name, words, form in FIGURES],
        "states": [_row("Trading", before["trading_state"], after["trading_state"], "words")],
        "orders": _orders(earlier, later),
        "positions": _positions(earlier, later),
        "events": _events(earlier, later),
    }


def _row(name: str, before: Any, after: Any, form: str, *, is_gain: bool = False) -> Row:
    row = {"name": name, "before": figures.shown(before, form), "after": figures.shown(after, form), "same": before == after}
    if form == "words":
        return row | {"difference": "" if before == after else "changed", "sign": 0}
    difference = after - before
    text = SIGNED[form](difference) if form in SIGNED else figures.signed(difference)
    return row | {"difference": text, "sign": figures.sign(difference, text) if is_gain else 0}


def _orders(earlier: Moment, later: Moment) -> list[Row]:
    before, after = moment_order_counts(earlier), moment_order_counts(later)
    states = [state.value for state in OrderStatus if before[state.value] or after[state.value]]
    rows = [_row(figures.words(state), before[state], after[state], "quantity") for state in states]
    return [*rows, _row("All orders", before.total(), after.total(), "quantity")] if rows else []


def _positions(earlier: Moment, later: Moment) -> list[Row]:
    sides = [
        {(row["user_id"], row["symbol"], row["strategy_id"] or ""): row for row in moment_positions(moment)}
        for moment in (earlier, later)
    ]
    keys = sorted(sides[0] | sides[1], key=lambda key: key[1:])
    return list(named([_position(key, *(side.get(key) for side in sides)) for key in keys]))


def _position(key: tuple[str, str, str], before: Row | None, after: Row | None) -> Row:
    def of(row: Row | None, name: str) -> Any:
        return row[name] if row else ZERO

    cells = [
        _row(name, of(before, name), of(after, name), form, is_gain=name == "unrealized_pnl") | {"shy": shy}
        for name, form, shy in CELLS
    ]
    change = "opened" if before is None else "closed" if after is None else "" if cells[0]["same"] else "changed"
    return {"user_id": key[0], "symbol": key[1], "strategy_id": key[2], "change": change, "cells": cells}


def _events(earlier: Moment, later: Moment) -> list[Row]:
    counts = [
        {
            kind: sum(then.state.counts.get(kind, 0) for then in moment.accounts)
            for then in moment.accounts
            for kind in then.state.counts
        }
        for moment in (earlier, later)
    ]
    happened = {kind: number - counts[0].get(kind, 0) for kind, number in counts[1].items()}
    return [{"name": figures.words(kind.value), "number": number} for kind, number in sorted(happened.items()) if number]
