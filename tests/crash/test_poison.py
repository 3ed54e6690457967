"""Proof 7: a handler that always raises, in a real engine."""

import time
from collections.abc import Iterator
from itertools import islice
from statistics import median
from typing import Any

import httpx
import pytest

from engine.worker import POLL_SECONDS
from tests.crash.figures import Figures
from tests.crash.ledger import LAG, account_of, settled, signals
from tests.crash.processes import API, Desk, post
from tests.crash.test_redis_killed import Callers
from tests.support.server import wait_for

pytestmark = pytest.mark.crash

POISONED, SYMBOL = "desk-0", "ITC"  # its first signal is one that the handler cannot bear
SOUND = ("RELIANCE", "INFY")
SPOILT = {"symbol": SYMBOL, "signal_type": "BUY", "confidence_score": 0.9, "position_size": 1}
HANDLED = "select count(*) from engine_event where stream = %s and type = 'signal_received' and processed_at is not null"
OTHERS = ("desk-1", "desk-2", "desk-3")
EACH = 50
DEAD = "select count(*) from engine_pendingevent where dead_at is not null"


def hand_in(client: httpx.Client) -> tuple[str, list[str]]:
    """The spoilt signal, then sound ones behind it in its stream and in others. All before the engine starts: one batch."""
    spoilt = post(client, "/signals/process", SPOILT, user_id=POISONED).raise_for_status().json()["signal_id"]
    accepted = []
    for seed, user_id in enumerate((POISONED, *OTHERS)):
        wanted = list(islice(signals(seed, SOUND), EACH))
        post(client, "/signals/batch", {"signals": wanted}, user_id=user_id).raise_for_status()
        accepted += [signal["signal_id"] for signal in wanted]
    return spoilt, accepted


def others_signals() -> Iterator[dict[str, Any]]:
    """Sound ones, for every account but the one that is poisoned."""
    return (signal for signal in signals(9, SOUND) if account_of(signal) != POISONED)


def handled(desk: Desk, user_id: str) -> int:
    return desk.number(HANDLED, user_id)


def test_a_handler_that_always_raises(desk: Desk, figures: Figures) -> None:
    web = desk.web()
    client = web.client(desk.token)
    spoilt, accepted = hand_in(client)
    started = time.monotonic()
    engine = desk.engine(f"poison:{SYMBOL}")
    wait_for(lambda: all(handled(desk, user_id) == EACH for user_id in OTHERS), "the other streams are handled")
    others = time.monotonic() - started
    assert handled(desk, POISONED) < EACH, "the spoilt signal comes first"
    callers = Callers(web, desk.token, others_signals())
    wait_for(lambda: desk.number(DEAD) == 1, "it is given up")
    given_up = time.monotonic() - started
    callers.stop()
    wait_for(lambda: desk.waiting == 0, "all but the dead letter is handled")
    lags = [float(row[0]) for row in desk.rows(f"{LAG} and uid = any(%s::uuid[])", callers.accepted)]

    [(event_id, attempts, error)] = desk.rows(
        "select event_id, p.attempts, error from engine_pendingevent p join engine_event e on e.id = event_id "
        "where dead_at is not null and e.uid = %s",
        spoilt,
    )
    assert attempts == 3
    assert "ZeroDivisionError" in error
    assert engine.output.count("event_failed") == 3
    [alert] = client.get(f"{API}/alerts", params={"level": "CRITICAL"}).json()["alerts"]
    assert "Dead letter" in alert["title"]
    assert handled(desk, POISONED) == EACH, "its own stream goes on without it"

    requeue(desk, event_id)
    wait_for(lambda: desk.number(DEAD) == 1, "it fails again")
    engine.stop()
    engine.faults = ""
    engine.start()
    requeue(desk, event_id)
    outcome = settled(desk, [spoilt, *accepted, *callers.accepted])
    figures.say(f"{attempts} attempts, then a dead letter with an alert; requeued: {outcome}")
    figures.seconds("what stood behind it in one batch, of other streams: done after the engine's start", [others])
    figures.seconds("given up after the engine's start", [given_up])
    figures.seconds("meanwhile in other streams, from accepted to handled", lags, asked=POLL_SECONDS + 1)
    assert outcome.is_sound, outcome
    assert outcome.handled == len(accepted) + len(callers.accepted) + 1
    assert set(callers.statuses) == {200}
    assert len(lags) == len(callers.accepted) > 10
    assert median(lags) < POLL_SECONDS / 2, "by the doorbell, as ever"
    assert max(lags) <= POLL_SECONDS + 1
    assert client.get(f"{API}/alerts", params={"level": "CRITICAL"}).json()["alerts"] == []


def requeue(desk: Desk, event_id: int) -> None:
    desk.manage(
        "shell",
        "-v0",
        "-c",
        "from django.utils import timezone; from engine.services.dead_letters import requeue; "
        f"requeue(event_id={event_id}, by='chief', now=timezone.now())",
    )


def test_control_without_isolation_one_event_stops_them_all(desk: Desk, figures: Figures) -> None:
    _, accepted = hand_in(desk.web().client(desk.token))
    desk.engine(f"poison:{SYMBOL},no_isolation")
    time.sleep(8)
    done = sum(handled(desk, user_id) for user_id in (POISONED, *OTHERS))
    figures.say(f"{done} of {len(accepted)} sound signals handled in 8 s")
    assert done == 0
