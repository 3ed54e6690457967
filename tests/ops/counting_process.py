"""A process of its own that raises alerts and counts, as a worker does: `python -m tests.ops.counting_process NAME ROUNDS`."""

import os
import sys
from datetime import UTC, datetime

import django


def main(name: str, rounds: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quantumleap.settings")
    django.setup()

    from django.db import transaction

    from engine import metrics
    from engine.alerts import alerts_raise
    from engine.domain.alerts import AlertRaised
    from engine.domain.enums import AlertLevel

    for number in range(rounds):
        now = datetime.now(UTC)
        delta = metrics.Delta()
        delta.count("signals_processed")
        delta.time("signal_processing", 1000)
        own = AlertRaised(AlertLevel.WARNING, "Own", "", "system", f"own:{name}:{number}")
        shared = AlertRaised(AlertLevel.WARNING, "Shared", "", "system", "shared")
        with transaction.atomic():
            alerts_raise([shared, own], now=now)
            metrics.record(delta, now=now)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
