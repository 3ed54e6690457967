"""The rows that a signal bought on paper costs, made as cheaply as Python can: constant texts in the real shapes, fresh ids.

Per signal: five events (the first waits on its lane until it is handled), a signal, an order, an execution, a position; per
batch: the accounts, the streams and the metrics that it touched.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

Row = tuple[Any, ...]
ACCOUNTS_A_BATCH = 16  # as many as the engine claims, so that both update as many accounts and streams
AT = "2026-01-05 04:00:00.123456"
ORDER_ID = "34fa8778-fff0-45fc-9618-747486f6a34b"
RULES = ("trading_state", "strategy_active", "price_known", "price_fresh", "short_allowed", "position_size",
         "portfolio_exposure", "sector_exposure", "concurrent_orders")  # fmt: skip
CHARGES_BY_NAME = {"brokerage": 0.32, "stt": 0, "exchange": 0.03, "sebi": 0, "stamp_duty": 0.03, "gst": 0.06, "total": 0.44}


def text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


SIGNAL = text({"symbol": "S006", "signal_type": "BUY", "confidence_score": 0.9, "target_price": None, "stop_loss": None,
               "position_size": 10, "strategy_id": ""})  # fmt: skip
CHECKS = text([{"rule": rule, "passed": True, "limit": "ACTIVE", "value": 3.18, "reason": ""} for rule in RULES])
CREATED = text({"order_id": ORDER_ID, "symbol": "S006", "side": "BUY", "order_type": "MARKET", "product": "MIS",
                "validity": "DAY", "quantity": 10, "sizing": "10 shares as the signal asks", "strategy_id": "",
                "signal_id": ORDER_ID, "signal_type": "BUY", "confidence_score": 0.9, "stop_loss": None, "take_profit": None,
                "created_from": "signal_processing"})  # fmt: skip
SUBMITTED = text({"order_id": ORDER_ID, "symbol": "S006", "broker_order_id": "PAPER-34FA8778FFF045FC9618",
                  "risk_checks": json.loads(CHECKS)})  # fmt: skip
CHARGES = text(CHARGES_BY_NAME)
EXECUTED = text({"order_id": ORDER_ID, "symbol": "S006", "side": "BUY", "executed_quantity": 10, "executed_price": 106.1,
                 "execution_time": "2026-01-05T04:00:00.123456Z", "broker_order_id": "PAPER-34FA8778FFF045FC9618",
                 "broker_execution_id": "PAPER-34FA8778FFF045FC9618-0", "charges": CHARGES_BY_NAME,
                 "strategy_id": ""})  # fmt: skip
POSITION = text({"position_id": ORDER_ID, "order_id": ORDER_ID, "symbol": "S006", "strategy_id": "", "position_type": "LONG",
                 "position_size": 10, "average_price": 106.1, "realized_pnl": 0, "entry_price": 106.1,
                 "opened_at": "2026-01-05T04:00:00.123456Z"})  # fmt: skip
FOLLOWING = (
    ("order_created", CREATED, 3),
    ("order_submitted", SUBMITTED, 2),
    ("order_executed", EXECUTED, 3),
    ("position_opened", POSITION, 2),
)
METRICS = text({f"counter_{number}": 1000 for number in range(8)})
TIMINGS = text(
    {f"operation_{number}": {"count": 1000, "histogram": {str(place): 9 for place in range(40)}} for number in range(4)}
)

EVENT = ("id", "uid", "type", "stream", "seq", "data", "priority", "correlation_id", "causation_id", "created_at",
         "processed_at", "duration_us", "attempts")  # fmt: skip
PENDING = ("event_id", "lane", "stream", "priority", "due_at", "attempts", "last_error")
SIGNALS = ("id", "account_id", "symbol", "signal_type", "confidence_score", "position_size", "strategy_id", "decision",
           "reason", "order_id", "received_at", "decided_at")  # fmt: skip
ORDER = ("id", "account_id", "symbol", "side", "order_type", "product", "validity", "quantity", "status", "rejected_by",
         "reason", "sizing", "risk_checks", "filled_quantity", "filled_notional", "charges", "broker_order_id", "strategy_id",
         "signal_id", "correlation_id", "created_at", "updated_at", "submitted_at", "filled_at", "broker")  # fmt: skip
EXECUTION = ("id", "order_id", "account_id", "symbol", "side", "quantity", "price", "charges", "charge_breakdown",
             "realized_pnl", "strategy_id", "broker_execution_id", "executed_at")  # fmt: skip
POSITIONS = ("id", "account_id", "symbol", "strategy_id", "product", "status", "quantity", "cost", "average_price",
             "realized_pnl", "charges", "opened_at", "updated_at")  # fmt: skip
BUCKET = ("resolution", "start", "process", "counters", "timings", "updated_at")


def appended(ids: Sequence[int], accounts: Sequence[str], first: int) -> tuple[list[Row], list[Row]]:
    """Fresh signals, `first` and on: their events, and their places on the lane. Accounts take turns."""
    events, pending = [], []
    for number, id in enumerate(ids, first):
        uid, stream = uuid4().hex, accounts[number % len(accounts)]
        events.append((id, uid, "signal_received", stream, None, SIGNAL, 3, uid, None, AT, None, None, 0))
        pending.append((id, "order_processing", stream, 3, AT, 0, ""))
    return events, pending


class Batch:
    """What a batch of claimed signals writes. `claimed` are (event id, uid, stream, symbol); `held` are the positions so far:
    {(account, symbol): [id, quantity]}; `seqs` the streams' counts, which it advances."""

    def __init__(self, claimed: Sequence[Row], ids: Sequence[int], seqs: dict[str, int], held: dict[Any, Any]) -> None:
        self.claimed, self.seqs = claimed, seqs
        self.events: list[Row] = []
        self.done: list[Row] = []
        self.signals: list[Row] = []
        self.orders: list[Row] = []
        self.executions: list[Row] = []
        self.positions: dict[tuple[str, str], Row] = {}
        next_id = iter(ids)
        for signal in claimed:
            self._handle(signal, next_id, held)

    def _handle(self, signal: Row, ids: Iterator[int], held: dict[Any, Any]) -> None:
        id, uid, stream, symbol = signal
        order, fill = uuid4().hex, uuid4().hex
        seq = self.seqs[stream] + 1
        self.done.append((id, seq, AT, 60))
        cause = uid
        for kind, data, priority in FOLLOWING:
            seq += 1
            event = uuid4().hex
            self.events.append((next(ids), event, kind, stream, seq, data, priority, uid, cause, AT, AT, 50, 0))
            cause = event
        self.seqs[stream] = seq
        self.signals.append((uid, stream, symbol, "BUY", 0.9, 10, "", "ORDERED", "", order, AT, AT))
        self.orders.append((order, stream, symbol, "BUY", "MARKET", "MIS", "DAY", 10, "FILLED", "", "",
                            "10 shares as the signal asks", CHECKS, 10, 1061, 0.44, order, "", uid, uid, AT, AT, AT,
                            AT, "PAPER"))  # fmt: skip
        self.executions.append((fill, order, stream, symbol, "BUY", 10, 106.1, 0.44, CHARGES, 0, "", fill, AT))
        position = held.setdefault((stream, symbol), [fill, 0])
        position[1] += 10
        self.positions[stream, symbol] = (position[0], stream, symbol, "", "MIS", "OPEN", position[1], position[1] * 106.1,
                                          106.1, 0, 0.44, AT, AT)  # fmt: skip

    def buckets(self, process: str) -> list[Row]:
        """The minute's row and the day's."""
        return [("minute", AT, process, METRICS, TIMINGS, AT), ("day", AT, process, METRICS, TIMINGS, AT)]


def symbols_of(ids: Sequence[int], accounts: int, symbols: int, first: int) -> dict[int, str]:
    """Which share each of them is for: each account goes through all of them, as in the signals that the engine gets."""
    return {id: f"S{(number // accounts * 7 + number) % symbols:03d}" for number, id in enumerate(ids, first)}


def position_changes() -> str:
    changed = ("quantity", "cost", "average_price", "realized_pnl", "charges", "updated_at")
    return "on conflict (id) do update set " + ", ".join(f"{name} = excluded.{name}" for name in changed)


def bucket_changes() -> str:
    return (
        "on conflict (resolution, start, process) do update set counters = excluded.counters, timings = excluded.timings, "
        "updated_at = excluded.updated_at"
    )
