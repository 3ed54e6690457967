"""The circuit breaker's row: one for all processes, for they call the same broker."""

from datetime import datetime

import structlog

from engine.alerts import alerts_clear, alerts_raise
from engine.brokers.protocol import Answer, NotReached, Outcome, Unknown
from engine.domain.alerts import AlertRaised
from engine.domain.brokers import Breaker, LiveBroker
from engine.domain.enums import AlertLevel, Component
from engine.models import BrokerLink

logger = structlog.get_logger(__name__)
FINGERPRINT = "broker:breaker"


def locked_link(broker: LiveBroker) -> BrokerLink:
    """The breaker's row, locked until the transaction ends: so calls are taken by one process at a time."""
    BrokerLink.objects.get_or_create(name=broker.name)
    return BrokerLink.objects.select_for_update().get(name=broker.name)


def note_reach(broker: LiveBroker, outcome: Outcome | Answer, now: datetime) -> None:
    """Count what did not reach the broker; begin anew with what did. A time-out says neither."""
    if isinstance(outcome, Unknown):
        return
    before = locked_link(broker).breaker
    after = before.failed(now, broker.breaker_failures) if isinstance(outcome, NotReached) else Breaker()
    if after == before:
        return
    BrokerLink.objects.filter(name=broker.name).update(failures=after.failures, opened_at=after.opened_at)
    if after.opened_at and not before.opened_at:
        logger.error("broker_breaker_opened", broker=broker.name, failures=after.failures)
        alerts_raise([_opened(broker, after)], now=now)
    elif before.opened_at and not after.opened_at:
        logger.info("broker_breaker_closed", broker=broker.name)
        alerts_clear([FINGERPRINT], now=now, note="the broker answers again")


def _opened(broker: LiveBroker, breaker: Breaker) -> AlertRaised:
    text = f"{breaker.failures} calls in a row did not reach it. New orders are refused; it is asked again every"
    return AlertRaised(
        level=AlertLevel.CRITICAL,
        title=f"The broker {broker.name} cannot be reached",
        message=f"{text} {broker.breaker_seconds:g} s.",
        component=Component.ORDER_EXECUTOR,
        fingerprint=FINGERPRINT,
    )
