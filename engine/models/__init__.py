"""The tables. Money is rupees with four decimals; the database itself refuses what must never be false."""

from engine.models.accounts import Account, DeskState
from engine.models.alerts import Alert, AlertAction, AlertSilence
from engine.models.archives import BookSnapshot, EventArchive, Landmark
from engine.models.brokers import BrokerAttempt, BrokerCall, BrokerLink
from engine.models.config import ConfigChange, ConfigEntry
from engine.models.events import Event, PendingEvent, Stream
from engine.models.idempotency import IdempotencyKey
from engine.models.market import Candle, Instrument, PendingPrices
from engine.models.metrics import EquityPoint, MetricBucket, Worker
from engine.models.orders import Execution, Order
from engine.models.positions import Position, TrailingMark
from engine.models.reports import BookedDay
from engine.models.signals import Signal
from engine.models.strategies import Strategy, StrategyStage

__all__ = [
    "Account",
    "Alert",
    "AlertAction",
    "AlertSilence",
    "BookSnapshot",
    "BookedDay",
    "BrokerAttempt",
    "BrokerCall",
    "BrokerLink",
    "Candle",
    "ConfigChange",
    "ConfigEntry",
    "DeskState",
    "EquityPoint",
    "Event",
    "EventArchive",
    "Execution",
    "IdempotencyKey",
    "Instrument",
    "Landmark",
    "MetricBucket",
    "Order",
    "PendingEvent",
    "PendingPrices",
    "Position",
    "Signal",
    "Strategy",
    "StrategyStage",
    "Stream",
    "TrailingMark",
    "Worker",
]
