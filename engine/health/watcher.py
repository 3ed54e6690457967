"""Component failures as alerts: raised while they last, cleared when they are gone. The ticker looks every few seconds."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings

from engine.alerts import alerts_clear, alerts_raise
from engine.domain.alerts import AlertRaised
from engine.domain.enums import AlertLevel, AlertStatus, Component
from engine.health.probes import Findings, look
from engine.models import Alert

PATIENCE = timedelta(seconds=10)  # a fault shorter than this is a start, a restart or a hiccup
REMIND = timedelta(seconds=60)  # how often a lasting fault counts again

_faulty_since: dict[str, datetime] = {}  # as this process has seen it


def watch(*, now: datetime) -> None:
    """Raise an alert for each part that has failed for a while, and clear those whose part is well again."""
    faults = {fault.fingerprint: fault for fault in _faults(look(now=now))}
    for fingerprint in set(_faulty_since) - set(faults):
        del _faulty_since[fingerprint]
    lasting = [fault for name, fault in faults.items() if now - _faulty_since.setdefault(name, now) >= PATIENCE]
    rows = Alert.objects.filter(fingerprint__startswith="health:").exclude(status=AlertStatus.RESOLVED)
    known = dict(rows.values_list("fingerprint", "last_seen"))
    due = [fault for fault in lasting if fault.fingerprint not in known or now - known[fault.fingerprint] >= REMIND]
    if due:
        alerts_raise(due, now=now)
    if gone := set(known) - set(faults):
        alerts_clear(sorted(gone), now=now, note="The cause is gone.")


def forget() -> None:
    """Begin anew, as a process that has just started."""
    _faulty_since.clear()


def _faults(found: Findings) -> Iterator[AlertRaised]:
    if not found.layer_answers:
        text = "Pages and lanes poll until it does; nothing is lost."
        yield _fault(AlertLevel.WARNING, "The channel layer does not answer", text, Component.EVENT_BUS, "layer")
    if found.config_problems:
        text = "; ".join(found.config_problems) + ". The defaults are in force instead."
        yield _fault(AlertLevel.ERROR, "The configuration is not valid", text, Component.CONFIGURATION, "configuration")
    yield from _lane_faults(found)
    yield from _price_faults(found)
    yield from _switched_off(found)


def _lane_faults(found: Findings) -> Iterator[AlertRaised]:
    for lane, state in found.lanes.items():
        if not state.alive:
            text = f"{state.waiting} items wait in it."
            yield _fault(AlertLevel.ERROR, f"No worker handles {lane}", text, Component.EVENT_BUS, f"lane:{lane}")
        elif state.is_late:
            text = f"{state.waiting} items wait, the oldest for {state.lag.total_seconds():.0f} s."
            yield _fault(AlertLevel.WARNING, f"{lane} is behind", text, Component.EVENT_BUS, f"lag:{lane}")


def _price_faults(found: Findings) -> Iterator[AlertRaised]:
    """Only prices that stopped: a system that never had a feed is not faulty, it is new."""
    prices = found.prices
    if prices.status == "stale" and prices.received_at:
        text = (
            f"The last {prices.source} price came at {prices.received_at:%Y-%m-%d %H:%M:%S} UTC. "
            f"Orders are refused on prices older than {settings.PRICE_MAX_AGE_SECONDS} s."
        )
        yield _fault(AlertLevel.WARNING, "Prices are stale", text, "market_data", "prices")


def _switched_off(found: Findings) -> Iterator[AlertRaised]:
    switches = {"Risk checks": found.config.risk_check_enabled, "Emergency stops": found.config.emergency_stop_enabled}
    for name, is_on in switches.items():
        if not is_on:
            text = "By the configuration; see its history for who did it."
            yield _fault(AlertLevel.WARNING, f"{name} are switched off", text, Component.RISK_ENGINE, name.lower())


def _fault(level: AlertLevel, title: str, message: str, component: str, name: str) -> AlertRaised:
    return AlertRaised(level, title, message, component, fingerprint=f"health:{name}")
