"""The names of topics, and who may watch what."""

import pytest

from dashboard.live.registry import VIEW_MODELS, listens, may_watch
from dashboard.live.topics import Topic, UnknownTopic
from engine import topics as layer_topics
from tests.support import factories


@pytest.mark.parametrize("text", ["account/demo", "orders/demo?status=FILLED&symbol=TCS", "system/*", "account/a%40b.in"])
def test_a_name_survives_its_parsing(text):
    assert str(Topic.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "account", "/demo", "account/", "x" * 2000, "?a=b", "account/a\0b", "orders/asha?symbol=%00"]
)
def test_nonsense_is_no_topic(text):
    with pytest.raises(UnknownTopic):
        Topic.parse(text)


@pytest.mark.parametrize(
    ("topic", "hint", "hears"),
    [
        ("account/demo", layer_topics.account_topic("demo"), True),
        ("account/demo", layer_topics.account_topic("asha"), False),
        ("account/*", layer_topics.account_topic("asha"), True),
        ("account/demo", layer_topics.MARKET, True),
        ("orders/demo", layer_topics.MARKET, False),
        ("alerts/demo", layer_topics.ALERTS, True),
        ("system/*", layer_topics.SYSTEM, True),
        ("events/demo", layer_topics.EVENTS, True),
    ],
)
def test_a_topic_hears_the_hints_that_concern_it(topic, hint, hears):
    assert listens(Topic.parse(topic), hint) is hears


@pytest.fixture
def people(db):
    users = {name: factories.user_named(name, is_staff=name == "staff") for name in ("owner", "teammate", "outsider", "staff")}
    factories.account("asha", members=[users["owner"], users["teammate"]])
    factories.account("other", members=[users["outsider"]])
    return users


@pytest.mark.parametrize(
    ("who", "topic", "may"),
    [
        ("owner", "account/asha", True),
        ("teammate", "account/asha", True),
        ("outsider", "account/asha", False),
        ("staff", "account/asha", True),
        ("staff", "account/*", True),
        ("owner", "account/*", False),
        ("owner", "alerts/*", False),
        ("owner", "system/*", True),
        ("staff", "account/nobody", False),
        ("owner", "nonsense/asha", False),
        ("owner", "orders/asha?status=FILLED", True),
        ("owner", "orders/asha?user=other", False),
    ],
)
def test_who_may_watch_what(people, who, topic, may):
    assert may_watch(people[who], [Topic.parse(topic)]) is may


def test_one_topic_out_of_sight_refuses_them_all(people):
    assert not may_watch(people["owner"], [Topic.parse("account/asha"), Topic.parse("account/other")])


def test_every_view_model_computes_on_an_empty_engine(people):
    from dashboard.live.registry import compute

    for kind in VIEW_MODELS:
        for scope in ("asha", "*"):
            assert isinstance(compute(Topic.parse(f"{kind}/{scope}")), dict)


@pytest.mark.parametrize(
    "name", ["trace/asha?correlation=x", "events/asha?type=x", "orders/asha?status=x", "alerts/asha?level=x"]
)
def test_a_filter_that_makes_no_sense_shows_nothing(people, name):
    from dashboard.live.registry import compute

    assert not any(compute(Topic.parse(name)).get(name.split("/", maxsplit=1)[0], {}).values())
