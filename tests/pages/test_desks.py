"""What the pages of positions, shares, strategies and risk have in common: who sees them, and what goes over the wire."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from dashboard.live.frames import dumps
from dashboard.live.registry import compute, may_watch
from dashboard.live.topics import Topic
from engine.domain.deployment import StrategyInput
from engine.domain.enums import StrategyType
from engine.models import Strategy
from engine.processing import run_until_idle
from engine.services.strategies import strategy_deploy
from tests.support import factories
from tests.support.trading_days import trade_some_weeks

PAGES = [
    *("/positions/", "/positions/?by=sector", "/positions/?by=strategy", "/positions/close-all/", "/symbols/RELIANCE/"),
    *("/strategies/", "/strategies/?retired=yes", "/strategies/deploy/", "/risk/", "/risk/what-if/"),
    *("/risk/halt/?scope=account", "/trading-resume/?scope=account", "/charts/drawdown/", "/symbols/RELIANCE/bars/"),
]
TOPICS = ("positions", "symbol", "traded", "strategies", "strategy", "risk")


@pytest.fixture
def strategy(visitors) -> Strategy:
    factories.instrument()
    wanted = StrategyInput("Range breaker", strategy_type=StrategyType.MOMENTUM, symbols=["RELIANCE"], rule="breakout")
    return strategy_deploy(user_id="asha", strategy=wanted, by="owner", now=datetime.now(UTC))


@pytest.mark.parametrize("path", PAGES)
def test_nobody_sees_them_without_a_sign_in(db, path):
    response = Client().get(path)
    assert (response.status_code, response["Location"].split("?")[0]) == (302, "/sign-in/")


@pytest.mark.parametrize("who", ["owner", "teammate", "outsider", "staff"])
@pytest.mark.parametrize("path", PAGES)
def test_they_open_empty_and_full_without_foreign_or_inline_code(visitors, signal, who, path):
    for fill in (lambda: None, signal):
        fill()
        response = visitors[who].get(path)
        assert response.status_code in (200, 409), path  # 409: there is nothing to close
        page = response.content.decode()
        assert " style=" not in page
        assert " onclick=" not in page
        assert "unsafe" not in response["Content-Security-Policy"]


@pytest.mark.parametrize("path", PAGES)
def test_an_account_of_others_is_not_found(visitors, signal, path):
    signal()
    address = f"{path}{'&' if '?' in path else '?'}account=asha"
    expected = 200 if path.endswith("/bars/") else 404  # bars are of nobody
    assert visitors["outsider"].get(address).status_code == expected


def test_who_has_no_account_is_told_what_to_do(visitors):
    factories.instrument()
    client = Client()
    client.force_login(factories.user_named("newcomer"))
    for path in ("/positions/", "/symbols/RELIANCE/", "/strategies/", "/strategies/deploy/", "/risk/", "/risk/what-if/"):
        assert b"no account lists you as a member" in client.get(path).content, path


def test_a_strategy_of_others_is_not_shown_under_an_account_of_ones_own(visitors, strategy):
    own, others = (compute(Topic.of("strategy", user_id, [("id", strategy.id)])) for user_id in ("asha", "other"))
    assert own["strategy"]
    assert not any(others.values())


@pytest.mark.parametrize("kind", TOPICS)
def test_each_topic_is_for_its_accounts_people_alone(visitors, kind):
    from django.contrib.auth.models import User

    people = {user.username: user for user in User.objects.all()}
    may = {name: may_watch(user, [Topic.parse(f"{kind}/asha")]) for name, user in people.items()}
    assert may == {"owner": True, "teammate": True, "outsider": False, "staff": True}
    assert not may_watch(people["owner"], [Topic.parse(f"{kind}/*")])
    assert not may_watch(people["owner"], [Topic.parse(f"{kind}/asha?nonsense=1")])


def test_all_that_they_watch_can_be_sent(db):
    """A desk that has traded for weeks: each value is one of JSON's, and each row has its key and its place."""
    member = factories.user_named("meera")
    trade_some_weeks(member)
    wanted = StrategyInput("Range breaker", strategy_type=StrategyType.MOMENTUM, symbols=["INFY"], rule="breakout")
    row = strategy_deploy(user_id="meera", strategy=wanted, by="meera", now=datetime.now(UTC))
    run_until_idle()
    names = (
        *(
            "positions/meera",
            "positions/meera?by=sector",
            "positions/meera?by=strategy",
            "symbol/meera?interval=1d&symbol=RELIANCE",
        ),
        *(
            "traded/meera?interval=1d&symbol=RELIANCE",
            "strategies/meera",
            f"strategy/meera?id={row.id}",
            "risk/meera",
            "risk/*",
        ),
    )
    for name in names:
        state = compute(Topic.parse(name))
        assert dumps(state)
        assert any(state.values()), name
        for section in ("positions", "strategies", "limits", "sectors", "halts", "stages"):
            assert all("sort" in item for item in state.get(section, {}).values()), (name, section)


def test_a_page_takes_few_statements_however_much_there_is(visitors, signal, strategy, django_assert_max_num_queries):
    signal()
    paths = {"/positions/": 20, "/symbols/RELIANCE/": 24, "/strategies/": 20, f"/strategies/{strategy.id}/": 36, "/risk/": 40}
    for path, most in paths.items():
        with django_assert_max_num_queries(most):
            assert visitors["owner"].get(path).status_code == 200
