"""Acknowledge alerts one by one, among very many that are stored. Prints what each took, in milliseconds."""

from time import perf_counter

from bench.inside import desk
from bench.load.percentiles import spread

from django.utils import timezone  # isort: skip

from engine.alerts import alert_acknowledge
from engine.models import Alert

COMPONENTS = ("risk", "event_bus", "database")


def store(count: int) -> list[str]:
    """All of them open, each of a cause of its own."""
    now = timezone.now()
    alerts = [
        Alert(
            id=f"alert_{1_700_000_000_000 + number}_bench0",
            level="WARNING",
            title="Order refused",
            message="the position in RELIANCE would be 12.00 % of equity, 10.00 % are allowed",
            component=COMPONENTS[number % 3],
            fingerprint=f"bench:{number}",
            first_seen=now,
            last_seen=now,
        )
        for number in range(count)
    ]
    Alert.objects.bulk_create(alerts, batch_size=5_000)
    return [alert.id for alert in alerts]


def took(alert_id: str) -> float:
    started = perf_counter()
    alert_acknowledge(alert_id=alert_id, by="bench", now=timezone.now())
    return (perf_counter() - started) * 1000


if __name__ == "__main__":
    given = desk.options(alerts=100_000, times=500)
    ids = store(given.alerts)
    took(ids[0])
    desk.answer(**spread([took(id) for id in ids[1 :: max(1, len(ids) // given.times)]]))
