"""What the pages show, without any script."""

import pytest
from django.utils import timezone

from dashboard.live import events, status
from engine.models import Account


def test_the_overview_shows_the_money_the_position_and_the_order(visitors, signal):
    signal()
    page = visitors["owner"].get("/").content.decode()
    assert 'data-topics="status/asha account/asha alerts/asha system/*"' in page or "system/asha" in page
    assert "SIMULATED PRICES" in page
    assert "PAPER" in page
    assert page.count('data-f="current_price"') == 2  # the position and the template for more
    assert "₹" in page


@pytest.mark.parametrize("query", ["type=nonsense", "type=%00", "correlation=x", "before=-1", "before=99999999999999999999"])
def test_a_filter_of_events_that_is_none_is_named(visitors, query):
    page = visitors["owner"].get(f"/events/?{query}")
    assert page.status_code == 400
    assert f"{query.split('=')[0].capitalize()} “" in page.content.decode()


def test_events_are_filtered_by_type(visitors, signal):
    signal()
    signal(confidence="0.3")
    rows = visitors["owner"].get("/events/?type=signal_refused").context["state"]["events"]
    assert {row["event_type"] for row in rows.values()} == {"signal_refused"}


def test_a_correlation_id_leads_to_its_trace(visitors, signal):
    chain = signal()
    signal()
    response = visitors["owner"].get(f"/events/?correlation={chain}")
    assert {row["correlation_id"] for row in response.context["state"]["events"].values()} == {chain}
    assert f'href="/trace/{chain}/"' in response.content.decode()


def test_the_trace_is_a_tree_with_the_time_of_each_hop(visitors, signal):
    rows = list(visitors["owner"].get(f"/trace/{signal()}/").context["state"]["trace"].values())
    assert [(row["event_type"], row["depth"]) for row in rows] == [
        ("signal_received", 0), ("order_created", 1), ("order_submitted", 2), ("order_executed", 3), ("position_opened", 4),
    ]  # fmt: skip
    assert all(row["hop_ms"] >= 0 and row["bar_x"] + row["bar_width"] <= 100.01 for row in rows)


def test_empty_pages_say_what_to_do(visitors):
    for path, hint in [
        ("/", "Positions appear as orders fill"),
        ("/orders/", "No order yet"),
        ("/events/?type=system_error", "No event of this type"),
    ]:
        assert hint in visitors["owner"].get(path).content.decode()


def test_what_people_wrote_is_shown_as_they_wrote_it_and_our_own_names_in_words():
    assert events.summary({"reason": "feed_a is_back"}) == "feed_a is_back"
    assert events.summary({"kind": "take_profit", "symbol": "M_M"}) == "M_M · take profit"


def test_only_a_desk_that_is_halted_as_a_whole_has_nothing_left_to_stop(visitors, db):
    seen = []
    for user_id in ("asha", "other"):
        Account.objects.filter(user_id=user_id).update(trading_state="HALTED")
        seen.append(status.row(None, timezone.now())["all_halted"])
    assert seen == [False, True]
    assert status.row([], timezone.now())["all_halted"] is False
