"""The log searched by its address, one event as it is stored, and the trace seen from one of its events."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from dashboard.live import events
from engine.models import Event


def shown(client, query: str) -> set[str]:
    return {row["event_type"] for row in client.get(f"/events/?{query}").context["state"]["events"].values()}


def test_the_address_filters_the_log(visitors, signal):
    chain = signal()
    owner, soon = visitors["owner"], quote((datetime.now(UTC) + timedelta(hours=1)).isoformat())
    assert len(shown(owner, "symbol=reliance")) >= 5
    assert shown(owner, "symbol=RELIANCE&type=order_executed") == {"order_executed"}
    assert shown(owner, "symbol=TCS") == set()
    assert shown(owner, f"since={soon}") == set()
    assert "order_executed" in shown(owner, f"until={soon}&correlation={chain}")


def test_a_time_without_a_zone_is_indian(visitors, signal):
    signal()
    Event.objects.update(created_at=datetime(2026, 3, 2, 6, 30, tzinfo=UTC))  # noon in India
    assert shown(visitors["owner"], "since=2026-03-02T11:59&until=2026-03-02T12:01")
    assert not shown(visitors["owner"], "since=2026-03-02T12:01")
    assert 'value="2026-03-02T11:59:00"' in visitors["owner"].get("/events/?since=2026-03-02T11:59").content.decode()


@pytest.mark.parametrize(
    "query",
    ["since=x", "until=0001-01-01T00:00", "since=9999-12-31T23:59", "symbol=%00", "symbol=a'b", "until=2026-13-01", "before=x"],
)
def test_odd_searches_are_answered(visitors, query):
    response = visitors["owner"].get(f"/events/?{query}")
    assert (response.status_code, "cannot be filtered by: all are shown" in response.content.decode()) == (400, True)


def test_older_pages_keep_the_search(visitors, signal, monkeypatch):
    monkeypatch.setattr(events, "PAGE", 2)
    signal()
    owner = visitors["owner"]
    last = max(row["log_id"] for row in owner.get("/events/?symbol=RELIANCE").context["state"]["events"].values())
    older = owner.get(f"/events/?symbol=RELIANCE&before={last}").context["older"]
    assert [row["log_id"] for row in older.values()] == [last - 1, last - 2]


@pytest.mark.parametrize(("who", "status"), [("owner", 200), ("teammate", 200), ("outsider", 404), ("staff", 200)])
def test_an_event_is_shown_as_it_is_stored_to_who_may_see_it(visitors, signal, who, status):
    signal()
    event = Event.objects.get(type="order_executed")
    response = visitors[who].get(f"/events/{event.id}/")
    assert response.status_code == status
    if status == 200:
        assert "executed_price" in response.content.decode()
        raw = json.loads(visitors[who].get(f"/events/{event.id}/?format=json").content)
        assert (raw["id"], raw["data"]["symbol"]) == (str(event.uid), "RELIANCE")


def test_the_systems_own_events_are_for_staff(visitors):
    event = Event.objects.create(
        uid="00000000-0000-0000-0000-000000000001", type="user_action", stream="$system", data={"by": "chief"}, priority=1,
        correlation_id="00000000-0000-0000-0000-000000000001", created_at=datetime.now(UTC),
    )  # fmt: skip
    assert [visitors[who].get(f"/events/{event.id}/").status_code for who in ("owner", "staff")] == [404, 200]
    assert visitors["staff"].get("/events/999999999/").status_code == 404


@pytest.fixture
def order_submitted(visitors, signal) -> str:
    signal()
    event = Event.objects.get(type="order_submitted")
    return f"/trace/{event.correlation_id}/?event={event.uid}"


BACK = ["signal_received:cause", "order_created:cause", "order_submitted:focus"]
ON = ["order_executed:effect", "position_opened:effect"]


@pytest.mark.parametrize(
    ("direction", "kinds"), [("", BACK + ON), ("back", BACK), ("forward", BACK[-1:] + ON), ("sideways", BACK + ON)]
)
def test_the_trace_tells_what_led_to_an_event_and_what_it_led_to(visitors, order_submitted, direction, kinds):
    state = visitors["owner"].get(f"{order_submitted}&direction={direction}").context["state"]
    assert [f"{row['event_type']}:{row['relation']}" for row in state["trace"].values()] == kinds
    assert (state["chain"]["all"]["causes"], state["chain"]["all"]["effects"]) == (2, 2)


def test_a_trace_from_an_event_of_another_chain_is_the_whole_chain(visitors, signal):
    chain = signal()
    for event in ("00000000-0000-0000-0000-00000000000f", "nonsense", ""):
        state = visitors["owner"].get(f"/trace/{chain}/?event={event}&direction=back").context["state"]
        assert len(state["trace"]) == 5
        assert {row["relation"] for row in state["trace"].values()} == {""}


def test_the_bars_stand_on_one_scale(visitors, signal):
    rows = visitors["owner"].get(f"/trace/{signal()}/").context["state"]["trace"].values()
    for row in rows:
        assert 0 <= row["wait_x"] <= row["wait_x"] + row["wait_width"] <= row["bar_x"] + 0.02
        assert row["bar_x"] + row["bar_width"] <= 100.01


def test_what_came_since_is_counted_from_the_log(visitors, signal):
    signal()
    owner, first = visitors["owner"], Event.objects.filter(stream="asha").earliest("id").id
    mine = Event.objects.filter(stream="asha")
    assert owner.get(f"/events/count/?from={first}").json() == {"count": mine.count()}
    assert owner.get(f"/events/count/?from={first + 2}").json() == {"count": mine.filter(id__gte=first + 2).count()}
    assert owner.get(f"/events/count/?from={first}&type=order_executed&symbol=reliance").json() == {"count": 1}
    assert visitors["outsider"].get(f"/events/count/?from={first}&type=order_executed").json() == {"count": 0}
    assert owner.get("/events/count/?from=0&symbol=RELIANCE").json() == {"count": mine.filter(symbol="RELIANCE").count()}
    assert owner.get("/events/count/?from=").json() == {"count": mine.count()}
    odd = {"from=x": "from “x”", "from=-1": "from “-1”", f"from={first}&type=nonsense": "type “nonsense”"}
    for query, wrong in odd.items():
        refused = owner.get(f"/events/count/?{query}")
        assert refused.status_code == 400
        assert refused.json() == {"detail": f"Nothing was counted: {wrong} cannot be filtered by."}
