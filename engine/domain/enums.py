"""The field's words, each in one place. Values are what stands in the database and on the wire."""

from enum import IntEnum, StrEnum


class Side(StrEnum):
    BUY = "BUY"
    SELL = "SELL"

    def __init__(self, value: str) -> None:
        self.sign = 1 if value == "BUY" else -1  # what a fill does to the quantity held

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP_LOSS = "STOP_LOSS"  # a market order once the stop price trades
    STOP_LIMIT = "STOP_LIMIT"  # a limit order once the stop price trades


class OrderStatus(StrEnum):
    PENDING = "PENDING"  # recorded, not yet past the risk check
    SUBMITTED = "SUBMITTED"  # with the broker, nothing filled
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"  # by us or by the broker: see RejectedBy
    EXPIRED = "EXPIRED"
    UNKNOWN = "UNKNOWN"  # the broker did not answer; never sent again blindly


class RejectedBy(StrEnum):
    RISK = "RISK"  # denied by our own risk engine; never left the house
    BROKER = "BROKER"


class Product(StrEnum):
    CNC = "CNC"  # delivery
    MIS = "MIS"  # intraday
    NRML = "NRML"  # carried forward


class Validity(StrEnum):
    DAY = "DAY"
    IOC = "IOC"
    GTC = "GTC"


class WhenClosed(StrEnum):
    """What becomes of an account's order while the market is closed."""

    WAIT = "WAIT"
    REFUSE = "REFUSE"


class SignalType(StrEnum):
    BUY = "BUY"
    SELL = "SELL"
    HOLD = "HOLD"
    STRONG_BUY = "STRONG_BUY"
    STRONG_SELL = "STRONG_SELL"

    @property
    def side(self) -> Side | None:
        """The order side that the signal asks for; None for HOLD."""
        if self is SignalType.HOLD:
            return None
        return Side.BUY if self in (SignalType.BUY, SignalType.STRONG_BUY) else Side.SELL

    @property
    def is_strong(self) -> bool:
        return self in (SignalType.STRONG_BUY, SignalType.STRONG_SELL)


class SignalDecision(StrEnum):
    ORDERED = "ORDERED"  # became an order that passed the risk check
    REFUSED = "REFUSED"  # by the threshold, the sizing or the risk check: `reason` says which
    HELD = "HELD"  # a HOLD: recorded, no order


class PositionStatus(StrEnum):
    OPEN = "OPEN"
    CLOSED = "CLOSED"


class TradingState(StrEnum):
    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"  # only orders that make a position smaller
    HALTED = "HALTED"  # only cancels


class StrategyType(StrEnum):
    MOMENTUM = "MOMENTUM"
    MEAN_REVERSION = "MEAN_REVERSION"
    ARBITRAGE = "ARBITRAGE"
    PAIRS_TRADING = "PAIRS_TRADING"
    MARKET_MAKING = "MARKET_MAKING"
    TREND_FOLLOWING = "TREND_FOLLOWING"
    CUSTOM = "CUSTOM"


class StrategyStatus(StrEnum):
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    STOPPED = "STOPPED"
    ERROR = "ERROR"


class AlertLevel(StrEnum):
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


class AlertStatus(StrEnum):
    ACTIVE = "ACTIVE"
    ACKNOWLEDGED = "ACKNOWLEDGED"  # somebody has it in hand; still open
    RESOLVED = "RESOLVED"


class Priority(IntEnum):
    LOW = 1
    NORMAL = 2
    HIGH = 3
    CRITICAL = 4


class Lane(StrEnum):
    """The original's six worker queues."""

    HIGH_PRIORITY = "high_priority"
    ORDER_PROCESSING = "order_processing"
    POSITION_MANAGEMENT = "position_management"
    RISK_MONITORING = "risk_monitoring"
    MARKET_DATA = "market_data"
    SYSTEM_EVENTS = "system_events"


class Component(StrEnum):
    """The seven parts that `/health` reports on."""

    CONFIGURATION = "configuration"
    MONITORING = "monitoring"
    EVENT_BUS = "event_bus"
    ORDER_EXECUTOR = "order_executor"
    RISK_ENGINE = "risk_engine"
    POSITION_MANAGER = "position_manager"
    STRATEGY_MANAGER = "strategy_manager"
