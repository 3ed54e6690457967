"""Signals in: from the API, from strategies, in ones and in hundreds. All of them, or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from engine import log
from engine.domain.enums import SignalType
from engine.domain.events import Event, EventType, new_event
from engine.selectors.prices import account_and_listed
from engine.services.errors import UnknownAccount, UnknownInstrument


@dataclass(frozen=True, slots=True)
class SignalInput:
    """A signal as somebody gives it. Prices in rupees; `position_size` in shares from 1 on, below 1 a fraction of equity."""

    symbol: str
    signal_type: SignalType
    confidence_score: Decimal
    target_price: Decimal | None = None
    stop_loss: Decimal | None = None
    position_size: Decimal | None = None
    strategy_id: str = ""
    signal_id: UUID | None = None


def signals_submit(*, user_id: str, signals: Sequence[SignalInput], now: datetime) -> list[Event]:
    """Put the signals into the account's stream, in order; the engine decides them at once after.

    Returns their events: `uid` is the signal's id. Raises UnknownAccount or UnknownInstrument, and then stores nothing.
    """
    wanted = {signal.symbol for signal in signals}
    is_account, listed = account_and_listed(user_id, wanted)
    if not is_account:
        raise UnknownAccount(f"there is no account {user_id}")
    if missing := sorted(wanted - listed):
        raise UnknownInstrument(f"unknown symbols: {', '.join(missing[:10])}", field="symbol")
    events = [new_event(EventType.SIGNAL_RECEIVED, user_id, now, _data(signal), signal.signal_id) for signal in signals]
    log.append(events, now=now)  # no transaction sooner: on SQLite the engine's round would wait for it
    return events


def _data(signal: SignalInput) -> dict[str, object]:
    return {
        "symbol": signal.symbol,
        "signal_type": signal.signal_type,
        "confidence_score": signal.confidence_score,
        "target_price": signal.target_price,
        "stop_loss": signal.stop_loss,
        "position_size": signal.position_size,
        "strategy_id": signal.strategy_id,
    }
