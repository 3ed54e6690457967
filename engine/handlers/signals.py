"""A signal: is it confident enough, how large is it, and so which order does it become?"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from engine.domain.book import Book, Context, Limits, SignalRecord
from engine.domain.enums import OrderType, Product, SignalDecision, SignalType, Validity
from engine.domain.events import Event, EventType
from engine.domain.ids import new_id
from engine.domain.positions import ZERO
from engine.domain.quotes import Quote
from engine.domain.sizing import size_of
from engine.domain.sizing_models import Prospect
from engine.domain.strategy_limits import entry_refused
from engine.domain.values import as_decimal, as_uuid, decimal_or_none


def receive(book: Book, event: Event) -> None:
    signal_id = signal_id_of(event)
    book.changes.signals[signal_id] = SignalRecord(signal_id, event.at, event.data)
    strategy = book.strategies.get(event.data.get("strategy_id") or "")
    if strategy and strategy.watched:
        strategy.count_signal(event.at)
        book.touch_strategy(event.data["strategy_id"])


def decide(book: Book, event: Event, context: Context) -> list[Event]:
    data = event.data
    signal_type = SignalType(data["signal_type"])
    side = signal_type.side
    if side is None:
        return [event.follow(EventType.SIGNAL_HELD, context.now, signal_id=signal_id_of(event), symbol=data["symbol"])]
    confidence, threshold = as_decimal(data["confidence_score"]), book.limits.confidence_threshold
    if confidence < threshold:
        reason = f"confidence {confidence} is below the account's threshold of {threshold.normalize()}"
        return [refusal(event, context, "low_confidence", reason)]
    quote = context.quotes.get(data["symbol"])
    if quote is None or quote.last_price is None:
        return [refusal(event, context, "price_known", f"no price is known for {data['symbol']}")]
    strategy_id = data.get("strategy_id") or ""
    held = book.position(quote.symbol, strategy_id)
    size = size_of(
        signal_type=signal_type,
        position_size=decimal_or_none(data.get("position_size")),
        held=held.quantity if held else 0,
        equity=book.equity(context.quotes),
        price=quote.last_price,
        lot_size=quote.lot_size,
        model=book.limits.sizing_model,
        prospect=None if data.get("position_size") is not None else prospect_of(book.limits, quote, data),
    )
    if not size.quantity:
        return [refusal(event, context, "size", size.reason)]
    if refused := entry_refused(book, strategy_id, quote.symbol, side, size.quantity):
        return [refusal(event, context, refused.rule, refused.reason, limit=refused.limit, value=refused.value)]
    order = event.follow(
        EventType.ORDER_CREATED,
        context.now,
        order_id=new_id(),
        symbol=quote.symbol,
        side=side,
        order_type=OrderType.MARKET,
        product=held.product if held else Product.MIS,
        validity=Validity.DAY,
        quantity=size.quantity,
        sizing=size.reason,
        strategy_id=strategy_id,
        signal_id=signal_id_of(event),
        signal_type=signal_type,
        confidence_score=confidence,
        stop_loss=decimal_or_none(data.get("stop_loss")),
        take_profit=decimal_or_none(data.get("target_price")),
        created_from="signal_processing",
    )
    return [order]


def prospect_of(limits: Limits, quote: Quote, data: Mapping[str, Any]) -> Prospect:
    """What a sizing model looks at, of the signal in `data` and a share whose price is known."""
    return Prospect(
        base=limits.max_position_size_percent / 100,
        price=quote.last_price or ZERO,
        confidence=as_decimal(data["confidence_score"]),
        is_strong=SignalType(data["signal_type"]).is_strong,
        target=decimal_or_none(data.get("target_price")),
        stop=decimal_or_none(data.get("stop_loss")),
        volatility=quote.volatility,
        usual_volatility=quote.usual_volatility,
    )


def refusal(event: Event, context: Context, rule: str, reason: str, **measured: int) -> Event:
    """The signal in `event` is refused: by `rule`, for `reason`; `measured` is the rule's limit and the value that it found."""
    data = event.data
    return event.follow(
        EventType.SIGNAL_REFUSED,
        context.now,
        signal_id=signal_id_of(event),
        symbol=data["symbol"],
        rule=rule,
        reason=reason,
        **measured,
    )


def hold(book: Book, event: Event) -> None:
    _decided(book, event, SignalDecision.HELD, "HOLD asks for no order")


def refuse(book: Book, event: Event) -> None:
    _decided(book, event, SignalDecision.REFUSED, event.data["reason"])


def _decided(book: Book, event: Event, decision: SignalDecision, reason: str) -> None:
    id = as_uuid(event.data["signal_id"])
    signal = book.changes.signals.get(id)
    if signal is None:  # its order waited for the open
        signal = book.changes.refused_later.setdefault(id, SignalRecord(id, event.at, event.data))
    signal.decision, signal.reason, signal.decided_at = decision, reason, event.at


def signal_id_of(event: Event) -> UUID:
    """A signal's id is the id of the event that brought it."""
    return event.uid
