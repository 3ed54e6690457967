"""The tables. Money is rupees with four decimals; the database itself refuses what must never be false."""

from engine.models.accounts import Account
from engine.models.alerts import Alert, AlertAction
from engine.models.archives import BookSnapshot, EventArchive
from engine.models.config import ConfigChange, ConfigEntry
from engine.models.events import Event, PendingEvent, Stream
from engine.models.idempotency import IdempotencyKey
from engine.models.market import Candle, Instrument, PendingPrices
from engine.models.metrics import EquityPoint, MetricBucket, Worker
from engine.models.orders import Execution, Order
from engine.models.positions import Position, TrailingMark
from engine.models.signals import Signal
from engine.models.strategies import Strategy

__all__ = [
    "Account",
    "Alert",
    "AlertAction",
    "BookSnapshot",
    "Candle",
    "ConfigChange",
    "ConfigEntry",
    "EquityPoint",
    "Event",
    "EventArchive",
    "Execution",
    "IdempotencyKey",
    "Instrument",
    "MetricBucket",
    "Order",
    "PendingEvent",
    "PendingPrices",
    "Position",
    "Signal",
    "Strategy",
    "Stream",
    "TrailingMark",
    "Worker",
]
