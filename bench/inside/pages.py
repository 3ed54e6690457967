"""A busy account for its pages to show: orders with their fills, positions open and closed, and a curve of its equity."""

from bench.inside import desk
from bench.inside.history import account_of, as_json, numbered, order_statement, padded, symbol_of, uid
from bench.limits import signal_rows as rows

from django.db import connection, transaction  # isort: skip

OPEN, CLOSED, POINTS = 200, 5_000, 20_000
LATER = {
    "postgresql": "timestamptz '2026-01-05 04:00:00+00' + i * interval '{step} seconds'",
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S', '2026-01-05 04:00:00', '+' || (i * {step}) || ' seconds')",
}


def write(orders: int, *, symbols: int) -> None:
    """All of them the first account's; a month has a quarter of its fills."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(order_statement(orders, 1, symbols))
        cursor.execute(fill_statement(orders, symbols))
        cursor.execute(position_statement("OPEN", OPEN, symbols))
        cursor.execute(position_statement("CLOSED", min(CLOSED, orders), symbols))
        cursor.execute(curve_statement(min(POINTS, orders)))
    with connection.cursor() as cursor:
        cursor.execute("analyze")


def fill_statement(count: int, symbols: int) -> str:
    columns = (
        "id, order_id, account_id, symbol, side, quantity, price, charges, charge_breakdown, realized_pnl, strategy_id, "
        "broker_execution_id, executed_at"
    )
    return (
        f"insert into engine_execution ({columns}) {numbered(count)} select {uid(7)}, {uid(6)}, {account_of(1)}, "
        f"{symbol_of(symbols)}, 'BUY', 10, 106.1, 0.44, {as_json(rows.CHARGES)}, i % 7 - 3, 'strategy-' || {padded('i % 5')}, "
        f"'PAPER-' || i, {_at(100)} from numbers"
    )


def position_statement(status: str, count: int, symbols: int) -> str:
    """Open ones differ in symbol or strategy."""
    columns = (
        "id, account_id, symbol, strategy_id, product, status, quantity, cost, average_price, realized_pnl, charges, "
        "opened_at, updated_at, closed_at"
    )
    is_open = status == "OPEN"
    held = "10, 1061" if is_open else "0, 0"
    return (
        f"insert into engine_position ({columns}) {numbered(count)} select {uid(5 if is_open else 4)}, {account_of(1)}, "
        f"{symbol_of(symbols)}, 'strategy-' || {padded(f'i / {symbols}')}, 'MIS', '{status}', {held}, 106.1, i % 7 - 3, 0.44, "
        f"{_at(100)}, {_at(100)}, {'null' if is_open else _at(20)} from numbers"
    )


def curve_statement(count: int) -> str:
    return (
        f"insert into engine_equitypoint (account_id, at, equity, cash, exposure, day_pnl) {numbered(count)} "
        f"select {account_of(1)}, {_at(10)}, 1000000 + i % 997, 500000, 500000, i % 997 from numbers"
    )


def _at(step: int) -> str:
    """`step` seconds from one to the next."""
    return LATER[connection.vendor].format(step=step)


if __name__ == "__main__":
    given = desk.options(orders=100_000, symbols=50)
    write(given.orders, symbols=given.symbols)
    desk.answer(orders=given.orders, account=desk.account_named(0))
