"""Real orders have to be asked for, and everything that they need has to be said."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from engine import demo
from engine.domain.brokers import LiveBroker
from quantumleap.broker import live_broker

GIVEN: dict[str, Any] = {
    "account": "asha", "url": "https://api.kite.trade", "api_key": "k", "access_token": "t", "timeout_seconds": 5.0,
    "poll_seconds": 2.0, "breaker_failures": 5, "breaker_seconds": 30.0,
}  # fmt: skip


def test_unasked_for_everything_is_paper() -> None:
    assert live_broker(is_live=False, **GIVEN) is None


def test_asked_for_it_is_where_it_was_said_to_be() -> None:
    broker = live_broker(is_live=True, **GIVEN)
    assert broker
    assert (broker.account, broker.url) == ("asha", "https://api.kite.trade")


@pytest.mark.parametrize("name", ["account", "url", "api_key", "access_token"])
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"BROKER_{name.upper()}"):
        live_broker(is_live=True, **GIVEN | {name: ""})


@pytest.mark.parametrize(
    "url", ["http://api.kite.trade", "ftp://127.0.0.1", "https://key:secret@api.kite.trade", "https://api.kite.trade?key=1"]
)
def test_credentials_do_not_travel_in_the_clear(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="BROKER_URL"):
        live_broker(is_live=True, **GIVEN | {"url": url})


@pytest.mark.parametrize("name", ["timeout_seconds", "poll_seconds", "breaker_failures", "breaker_seconds"])
def test_what_counts_for_nothing_is_refused(name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"BROKER_{name.upper()}"):
        live_broker(is_live=True, **GIVEN | {name: 0})


def test_secrets_show_nowhere() -> None:
    broker = LiveBroker("asha", "https://x", "my-key", "my-token")
    assert "my-" not in repr(broker)
    assert broker.without_secrets("token my-key:my-token") == "token •••:•••"


def test_replayed_prices_send_no_real_orders(settings: Any) -> None:
    settings.BROKER = LiveBroker("asha", "https://x", "k", "t")
    with pytest.raises(CommandError, match="BROKER_LIVE"):
        call_command("replay", "prices.csv")


@pytest.mark.django_db
def test_the_demo_sends_no_real_orders(settings: Any) -> None:
    from django.utils import timezone

    settings.BROKER = LiveBroker("demo", "https://x", "k", "t")
    with pytest.raises(demo.DemoRefused, match="BROKER_LIVE"):
        demo.prepare(now=timezone.now())
