"""What can be watched: each kind of topic with its view-model, its filters, and the hints that make it dirty."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.utils import timezone

from dashboard.live import (
    account,
    alerts,
    events,
    health,
    operations,
    order_life,
    orders,
    positions,
    risk,
    status,
    strategies,
    symbol,
    system,
    trace,
)
from dashboard.live.state import State
from dashboard.live.topics import EVERYBODY, Topic
from engine import topics as layer_topics
from engine.selectors.accounts import accounts_for

Hint = str
Interest = Callable[[Topic, Hint], bool]


def own_account(topic: Topic, hint: Hint) -> bool:
    if topic.scope == EVERYBODY:
        return hint.startswith("account.")
    return hint == layer_topics.account_topic(topic.scope)


def prices(_: Topic, hint: Hint) -> bool:
    return hint == layer_topics.MARKET


def alerts_raised(_: Topic, hint: Hint) -> bool:
    return hint == layer_topics.ALERTS


def events_stored(_: Topic, hint: Hint) -> bool:
    return hint == layer_topics.EVENTS


def system_changed(_: Topic, hint: Hint) -> bool:
    return hint == layer_topics.SYSTEM


@dataclass(frozen=True, slots=True)
class ViewModel:
    compute: Callable[[Topic, datetime], State]
    interests: tuple[Interest, ...]
    filters: frozenset[str] = frozenset()
    public: bool = False  # shows nothing of any account: open to whoever is signed in
    staff_only: bool = False


ORDER_FILTERS = frozenset({"status", "symbol", "side", "type", "strategy", "from", "to", "text"})
VIEW_MODELS: dict[str, ViewModel] = {
    "status": ViewModel(status.state, (own_account, alerts_raised)),
    "account": ViewModel(account.state, (own_account, prices)),
    "orders": ViewModel(orders.state, (own_account,), ORDER_FILTERS),
    "order": ViewModel(order_life.state, (own_account, prices), frozenset({"id"})),
    "positions": ViewModel(positions.state, (own_account, prices), frozenset({"by"})),
    "symbol": ViewModel(symbol.state, (own_account, prices), frozenset({"symbol", "interval"})),
    "traded": ViewModel(symbol.traded, (own_account,), frozenset({"symbol", "interval"})),
    "strategies": ViewModel(strategies.state, (own_account, prices), frozenset({"retired"})),
    "strategy": ViewModel(strategies.one, (own_account, prices), frozenset({"id"})),
    "risk": ViewModel(risk.state, (own_account, prices)),
    "alerts": ViewModel(alerts.state, (alerts_raised,), frozenset({"level", "status", "component"})),
    "events": ViewModel(
        events.state, (own_account, events_stored), frozenset({"type", "symbol", "correlation", "since", "until"})
    ),
    "trace": ViewModel(trace.state, (own_account, events_stored), frozenset({"correlation", "event", "direction"})),
    "system": ViewModel(system.state, (system_changed,), public=True),
    "health": ViewModel(health.state, (system_changed, alerts_raised), public=True),
    "operations": ViewModel(operations.state, (system_changed, alerts_raised), public=True, staff_only=True),
}


def compute(topic: Topic) -> State:
    """The topic's state now. Raises KeyError for a kind that does not exist."""
    return VIEW_MODELS[topic.kind].compute(topic, timezone.now())


def listens(topic: Topic, hint: Hint) -> bool:
    """Whether what the hint says was changed may change what the topic shows."""
    return any(interest(topic, hint) for interest in VIEW_MODELS[topic.kind].interests)


def may_watch(user: AbstractUser, topics: Iterable[Topic]) -> bool:
    """Whether there are such topics, and all of them show only what the user may see."""
    scopes: set[str] = set()
    for topic in topics:
        model = VIEW_MODELS.get(topic.kind)
        if model is None or not {key for key, _ in topic.filters} <= model.filters:
            return False
        if model.staff_only and not user.is_staff:
            return False
        if not model.public:
            scopes.add(topic.scope)
    if EVERYBODY in scopes and not user.is_staff:
        return False
    named = scopes - {EVERYBODY}
    return accounts_for(user).filter(user_id__in=named).count() == len(named)
