"""The invariant on a real desk: an old snapshot and what was pushed since equal a fresh snapshot; of every kind of topic."""

import json
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer
from django.utils import timezone

from dashboard.hub import Feed
from dashboard.live.frames import dumps
from dashboard.live.registry import VIEW_MODELS, compute, listens
from dashboard.live.topics import Topic
from engine import bus, config
from engine.alerts import alerts_raise
from engine.domain.alerts import AlertRaised
from engine.domain.deployment import StrategyInput
from engine.domain.enums import AlertLevel, OrderType, Side, StrategyType
from engine.domain.events import EventType
from engine.handlers import HANDLERS
from engine.models import Alert, Order, PendingEvent, Position
from engine.processing import run_until_idle
from engine.services import inbox
from engine.services.dead_letters import requeue
from engine.services.errors import ServiceError
from engine.services.stop_losses import exit_levels_set
from engine.services.strategies import strategy_deploy, strategy_pause, strategy_resume, strategy_stop
from tests.engine import test_random_sequence as random_desk
from tests.engine.conftest import desk, roomy
from tests.engine.flow import place, poison, waiting
from tests.pages.test_state import Browser, sections

__all__ = ["desk"]

STEPS, REST_EVERY = 80, 3  # acts, and after how many of them the engine has worked everything off
# what no hint tells, and the hub's poll does within a second: {kind: {section: fields}}
POLLED = {
    "status": {"status": {"priced_at", "received_at", "prices", "price_source"}},  # of each price, all pages would hear
    "risk": {"limits": {"limit"}},  # after a change of the settings
    "health": {
        "health": {"database_ms", "received_at", "waiting"},
        "lane_states": {"lag_ms", "waiting"},
        "parts": {"reason"},  # it names such figures
    },
    "system": {"lanes": {"waiting"}},
    "operations": {"storage": {"log_until", "log_ids", "database_size"}},
}


class Desk(random_desk.Desk):
    """The random desk, and people at their pages."""

    def __init__(self, seed: int, strategy_id: str) -> None:
        super().__init__(seed)
        self.strategy_id = strategy_id

    def act(self) -> None:
        people = (self.alert, self.inbox, self.exits, self.strategy, self.setting, self.requeue)
        if self.random.random() < 0.3:
            self.random.choice(people)()
        else:
            super().act()

    def work_off(self) -> None:
        """All that waits, with what is tried again later."""
        run_until_idle(now=self.clock)
        while waiting():
            self.clock.pass_seconds(60)
            run_until_idle(now=self.clock)

    def alert(self) -> None:
        level, name = self.random.choice(list(AlertLevel)), self.random.choice("abc")
        whose = self.random.choice((None, "asha"))
        alerts_raise([AlertRaised(level, name, "for a test", "risk_engine", name, user_id=whose)], now=self.clock.at)

    def inbox(self) -> None:
        open_ones = Alert.objects.open().order_by("fingerprint").values_list("id", flat=True)
        these: dict[str, Any] = {"alert_ids": list(open_ones[:2]), "by": "asha", "now": self.clock.at}
        more: list[tuple[Any, dict[str, Any]]] = [
            (inbox.alerts_acknowledge, {}),
            (inbox.alerts_silence, {"length": timedelta(minutes=15)}),
            (inbox.alerts_unsilence, {}),
            (inbox.alerts_resolve, {"note": "seen to"}),
        ]
        act, how = self.random.choice(more)
        act(**these, **how)

    def exits(self) -> None:
        position = Position.objects.open().order_by("account", "symbol", "opened_at").first()
        level = Decimal(self.random.choice((80, 120)))
        if position is not None:
            with suppress(ServiceError):  # on the wrong side, or so already
                exit_levels_set(position_id=position.id, stop_loss=level, take_profit=None, by="asha", now=self.clock.at)

    def strategy(self) -> None:
        for step in (strategy_pause, self.random.choice((strategy_resume, strategy_stop))):
            with suppress(ServiceError):  # not from where it stands
                step(strategy_id=self.strategy_id, by="asha", reason="a look", now=self.clock.at)

    def setting(self) -> None:
        config.config_update({"max_concurrent_orders": self.random.choice((30, 50))}, by="asha", now=self.clock.at)

    def requeue(self) -> None:
        dead = PendingEvent.objects.filter(dead_at__isnull=False).order_by("event").first()
        if dead is not None:
            requeue(event_id=dead.event_id, by="asha", now=self.clock.at)


class Layer(InMemoryChannelLayer):
    """The real one, which remembers what the pages were told."""

    def __init__(self) -> None:
        super().__init__()
        self.hints: set[str] = set()

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        self.hints |= set(message["topics"])
        await super().group_send(group, message)


@pytest.fixture
def layer(monkeypatch: pytest.MonkeyPatch) -> Layer:
    layer = Layer()
    monkeypatch.setattr(bus, "get_channel_layer", lambda: layer)
    return layer


def topics_to_watch(strategy_id: str, order: Order) -> list[Topic]:
    """Some of each kind."""
    names = [
        *("status/asha", "status/*", "account/asha", "account/*", "orders/asha", "orders/*?status=ACTIVE"),
        *(f"order/asha?id={order.id}", "positions/asha", "positions/*?by=sector", "positions/asha?by=strategy"),
        *("symbol/*?symbol=INFY&interval=1m", "traded/*?symbol=INFY&interval=1m", "strategies/asha"),
        *(f"strategy/asha?id={strategy_id}", "risk/asha", "risk/*", "alerts/asha", "alerts/*?status=ACTIVE"),
        *("events/asha", "events/*?type=signal_refused", f"trace/asha?correlation={order.correlation_id}"),
        *("system/*", "health/*", "operations/*"),
    ]
    return [Topic.parse(name) for name in names]


class Watched:
    """A topic as the hub keeps it, and the page that watched it from the beginning."""

    def __init__(self, topic: Topic) -> None:
        self.topic, self.feed, self.page = topic, Feed(topic), Browser()
        self.feed.advance(compute(topic))
        for frame in self.feed.snapshot():
            self.page.hear(frame)
        self.begun = self.feed.seq

    def hear(self, hints: set[str]) -> None:
        if any(listens(self.topic, hint) for hint in hints):
            self.push()

    def push(self) -> None:
        for frame in self.feed.advance(compute(self.topic)):
            self.page.hear(frame)

    def shown_to_a_newcomer(self) -> dict[str, Any]:
        page = Browser()
        for frame in self.feed.snapshot():
            page.hear(frame)
        return sections(page.state)

    def missed(self) -> list[Any]:
        """Where the page, by hints alone, differs from the tables: section, row, and the fields with their two values."""
        told, true = sections(self.page.state), sections(json.loads(dumps(compute(self.topic))))
        polled = POLLED.get(self.topic.kind, {})
        return [
            (str(self.topic), section, key, fields)
            for section in told.keys() | true.keys()
            for key in told.get(section, {}).keys() | true.get(section, {}).keys()
            if (fields := _unlike(told.get(section, {}).get(key, {}), true.get(section, {}).get(key, {}), polled.get(section)))
        ]


def missed(watched: list[Watched]) -> list[Any]:
    return [row for one in watched for row in one.missed()]


def this_minute() -> datetime:
    return timezone.now().replace(second=0, microsecond=0)


def _unlike(told: dict[str, Any], true: dict[str, Any], polled: set[str] | None) -> dict[str, Any]:
    fields = told.keys() | true.keys()
    return {name: (told.get(name), true.get(name)) for name in fields - (polled or set()) if told.get(name) != true.get(name)}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_what_was_pushed_since_an_old_snapshot_makes_it_a_fresh_one(
    desk, layer, seed, monkeypatch, settings, django_capture_on_commit_callbacks
):
    """The hub's own part is left out, its threads and its pace: here each hint is answered at once, and the poll comes last."""
    settings.PRICE_MAX_AGE_SECONDS = 7200
    monkeypatch.setitem(HANDLERS, EventType.SIGNAL_RECEIVED, poison())  # of a share called BAD: they end as dead letters
    for user_id in random_desk.USERS[1:]:
        roomy(user_id)
    acting = Desk(seed, "")
    rule = StrategyInput("Range breaker", strategy_type=StrategyType.MOMENTUM, symbols=["RELIANCE"], rule="breakout")
    acting.strategy_id = strategy_deploy(user_id="asha", strategy=rule, by="asha", now=acting.clock.at).id
    order = place(Side.BUY, 10, symbol="INFY", order_type=OrderType.LIMIT, price=Decimal(101))
    watched = [Watched(topic) for topic in topics_to_watch(acting.strategy_id, order)]
    assert {one.topic.kind for one in watched} == VIEW_MODELS.keys()
    acting.strategy()
    minute = this_minute()
    for step in range(STEPS):
        at_rest = step % REST_EVERY == 0
        with django_capture_on_commit_callbacks(execute=True):
            acting.act()
            if at_rest:
                acting.work_off()
        for one in watched:
            one.hear(layer.hints)
        layer.hints.clear()
        if at_rest:
            looked = this_minute()  # before we look: where the turn comes meanwhile, the next look finds it
            found = missed(watched)
            if found and minute != this_minute():  # by now: the turn may have come while we looked
                for one in watched:
                    one.push()  # what only the clock moves, no hint tells: the poll does
                found = missed(watched)
            assert found == [], step
            minute = looked
    for one in watched:
        one.push()  # the poll
        assert sections(one.page.state) == one.shown_to_a_newcomer()
    assert [str(one.topic) for one in watched if one.feed.seq == one.begun] == []  # each had something to tell
