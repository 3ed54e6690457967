"""A desk with a past: so many events, written by SQL in the shapes of real ones, five to a signal, with its order."""

from bench.inside import desk
from bench.limits import signal_rows as rows

from django.db import connection, transaction  # isort: skip

EVENTS_A_SIGNAL = 5
KINDS = [("signal_received", rows.SIGNAL, 3), *rows.FOLLOWING]

NUMBERS = "with recursive numbers(i) as (select {first} union all select i + 1 from numbers where i < {last})"
UID = {"postgresql": "md5({0} || '{1}')::uuid", "sqlite": "substr('0000000000000000000000000000000' || ({0} * 8 + {1}), -32)"}
AT = {
    "postgresql": "timestamptz '2026-01-05 04:00:00+00' + i * interval '1 second'",
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f', '2026-01-05 04:00:00', '+' || i || ' seconds')",
}


def write(events: int, *, accounts: int, symbols: int) -> None:
    """Handled, all of them: `seq` goes on from the accounts' opening."""
    signals = events // EVENTS_A_SIGNAL
    with transaction.atomic(), connection.cursor() as cursor:
        for step in range(EVENTS_A_SIGNAL):
            cursor.execute(event_statement(step, signals, accounts, symbols))
        cursor.execute(order_statement(signals, accounts, symbols))
        seq = signals // accounts * EVENTS_A_SIGNAL + 1
        cursor.execute("update engine_stream set seq = %s where name like 'bench-%%'", [seq])
    with connection.cursor() as cursor:
        cursor.execute("analyze")


def event_statement(step: int, signals: int, accounts: int, symbols: int) -> str:
    kind, data, priority = KINDS[step]
    cause = uid(step - 1) if step else "null"
    columns = (
        "uid, type, stream, seq, data, symbol, priority, correlation_id, causation_id, created_at, processed_at, duration_us, "
        "attempts"
    )
    at = AT[connection.vendor]
    return (
        f"insert into engine_event ({columns}) {numbered(signals)} select {uid(step)}, '{kind}', {account_of(accounts)}, "
        f"i / {accounts} * {EVENTS_A_SIGNAL} + {step + 2}, {as_json(data)}, {symbol_of(symbols)}, {priority}, "
        f"{uid(0)}, {cause}, "
        f"{at}, {at}, 50, 0 from numbers"
    )


def order_statement(signals: int, accounts: int, symbols: int) -> str:
    at = AT[connection.vendor]
    columns, symbol = ", ".join(rows.ORDER), symbol_of(symbols)
    return (
        f"insert into engine_order ({columns}) {numbered(signals)} select {uid(6)}, {account_of(accounts)}, {symbol}, 'BUY', "
        f"'MARKET', 'MIS', 'DAY', 10, 'FILLED', '', '', '10 shares as the signal asks', {as_json(rows.CHECKS)}, 10, 1061, "
        f"0.44, 'PAPER-' || i, '', {uid(0)}, {uid(0)}, {at}, {at}, {at}, {at}, 'PAPER' from numbers"
    )


def numbered(count: int) -> str:
    return NUMBERS.format(first=0, last=count - 1)


def uid(step: int) -> str:
    return UID[connection.vendor].format("i", step)


def padded(number: str) -> str:
    return f"substr('00' || ({number}), -3)" if connection.vendor == "sqlite" else f"lpad(({number})::text, 3, '0')"


def account_of(accounts: int) -> str:
    return f"'bench-' || {padded(f'i % {accounts}')}"


def symbol_of(symbols: int) -> str:
    return f"'S' || {padded(f'i % {symbols}')}"


def as_json(text: str) -> str:
    return f"'{text}'::jsonb" if connection.vendor == "postgresql" else f"'{text}'"


if __name__ == "__main__":
    given = desk.options(events=10_000, accounts=50, symbols=50)
    write(given.events, accounts=given.accounts, symbols=given.symbols)
    desk.answer(events=given.events)
