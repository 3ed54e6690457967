"""A stop holds from the moment in which it is recorded: what has not gone out by then does not."""

from engine.domain.book import block_key
from engine.domain.brokers import BrokerAction
from engine.domain.enums import HaltScope, Side, TradingState
from engine.domain.positions import closing_quantity
from engine.models import Account, BrokerCall, Order, Position
from engine.models.accounts import DESK_STATE


def stopped_by(call: BrokerCall) -> str:
    """Why the call does not go out, in words; empty where nothing stands against it.

    Read anew, not from the book: the engine may not have come to handle the stop yet.
    """
    what, state = _most_severe(call.order)
    if state is TradingState.ACTIVE or (state is TradingState.REDUCING and _only_reduces(call)):
        return ""
    it = "it was" if call.action == BrokerAction.PLACE else "its new terms were"
    if state is TradingState.HALTED:
        return f"{what} was halted before {it} sent to the broker"
    return f"{what} was set to REDUCING before {it} sent to the broker, and it does not merely make the position smaller"


def _most_severe(order: Order) -> tuple[str, TradingState]:
    """What is stopped, and how: of everybody, the account, the order's strategy and its symbol."""
    account = Account.objects.annotate(desk_state=DESK_STATE).get(user_id=order.account_id)
    blocks = account.trading_blocks
    states = [
        ("trading", account.desk_state or TradingState.HALTED),
        ("trading", account.trading_state),
        (f"the strategy {order.strategy_id}", blocks.get(block_key(HaltScope.STRATEGY, order.strategy_id))),
        (f"the symbol {order.symbol}", blocks.get(block_key(HaltScope.SYMBOL, order.symbol))),
    ]
    found = [(what, TradingState(state or TradingState.ACTIVE)) for what, state in states]
    return max(found, key=lambda each: each[1].severity)


def _only_reduces(call: BrokerCall) -> bool:
    """Whether all that is still to fill of it closes what is held."""
    order = call.order
    where = {"account": order.account_id, "symbol": order.symbol, "strategy_id": order.strategy_id}
    held = Position.objects.open().filter(**where).values_list("quantity", flat=True).first() or 0
    to_fill = int(call.request["quantity"]) - order.filled_quantity
    return closing_quantity(held, Side(order.side), to_fill) == to_fill
