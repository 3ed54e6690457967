"""What the API and /health say of the broker, from what was really tried."""

from datetime import timedelta

import pytest
from django.test import Client

from dashboard.api.responses.orders import OrderState
from engine import health
from engine.models import Account
from engine.selectors.brokers import retry_info
from engine.selectors.statistics import trading_statistics
from tests.brokers.conftest import Street
from tests.engine.flow import place
from tests.support.broker import StandIn
from tests.support.factories import token_of, user_named

pytestmark = pytest.mark.django_db


def broker_of(street: Street) -> dict[str, str]:
    found: dict[str, str] = health.report(now=street.clock())["broker"]
    return found


def test_health_says_whether_the_broker_is_in_reach(street: Street, broker: StandIn) -> None:
    assert (broker_of(street)["name"], broker_of(street)["circuit_breaker"]) == ("kite", "closed")
    broker.refuse()
    place()
    street.settle()
    assert (broker_of(street)["status"], broker_of(street)["circuit_breaker"]) == ("degraded", "open")
    assert health.report(now=street.clock())["components"]["order_executor"] == "degraded"
    street.clock.pass_seconds(street.live.breaker_seconds)
    assert broker_of(street)["circuit_breaker"] == "half_open"


def test_on_paper_there_is_no_breaker(street: Street, settings: object) -> None:
    settings.BROKER = None  # type: ignore[attr-defined]
    assert (broker_of(street)["name"], broker_of(street)["circuit_breaker"]) == ("paper", "closed")


def test_statistics_count_what_was_sent_again(street: Street, broker: StandIn) -> None:
    broker.next_up += [503]
    place()
    street.step()
    since = street.clock() - timedelta(days=1)
    found = trading_statistics("asha", since=since, days=1)["retry_statistics"]
    assert found == {"active_retries": 1, "total_retry_attempts": 0, "orders_in_retry": 1}
    street.settle()
    found = trading_statistics("asha", since=since, days=1)["retry_statistics"]
    assert found == {"active_retries": 0, "total_retry_attempts": 1, "orders_in_retry": 0}


def test_an_orders_status_says_when_it_is_sent_again(street: Street, broker: StandIn) -> None:
    broker.next_up += [503]
    order = place()
    assert retry_info(order.id) is None
    street.step()
    waits = retry_info(order.id)
    assert waits
    assert (waits["count"], waits["next_attempt"] - waits["last_attempt"] >= timedelta(seconds=1)) == (0, True)
    street.settle()
    done = retry_info(order.id)
    assert done
    assert (done["count"], done["next_attempt"]) == (1, None)


def test_the_api_shows_it(street: Street, broker: StandIn, client: Client) -> None:
    broker.next_up += [503]
    user = user_named("asha")
    Account.objects.get(user_id="asha").members.add(user)
    order = place()
    street.settle()
    address = f"/api/trading-engine/orders/{order.id}/status"
    answer = client.get(address, headers=token_of(user)).json()["order_status"]
    OrderState.model_validate(answer)
    assert answer["retry_info"]["count"] == 1
