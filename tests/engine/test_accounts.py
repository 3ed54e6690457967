from datetime import UTC, datetime
from decimal import Decimal

import pytest

from engine import store
from engine.config import config_update
from engine.models import Account, Event, Stream
from engine.processing import run_until_idle
from engine.services.accounts import account_open, account_update_limits
from engine.services.errors import ServiceError, UnknownAccount
from tests.engine.flow import assert_sound
from tests.support.factories import user_named

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 5, 19, 0, tzinfo=UTC)  # half past midnight in India: the sixth


def limits(**changes):
    return account_update_limits(user_id="asha", limits=changes, by="chief", now=NOW)


def test_an_account_opens_once_with_its_money_in_the_log():
    first = account_open(user_id="asha", now=NOW, cash=Decimal("250000.50"))
    again = account_open(user_id="asha", now=NOW, cash=Decimal(1), members=[member := user_named("asha")])
    assert (first.cash, first.initial_cash, first.peak_equity, first.trading_day.isoformat()) == (
        Decimal("250000.50"), Decimal("250000.50"), Decimal("250000.50"), "2026-01-06",
    )  # fmt: skip
    assert again.cash == first.cash
    assert list(again.members.all()) == [member]
    (opened,) = Event.objects.all()
    assert (opened.type, opened.seq, opened.data) == ("account_opened", 1, {"cash": 250000.5, "trading_day": "2026-01-06"})
    assert Stream.objects.get().seq == 1
    assert_sound()


@pytest.mark.parametrize("user_id", ["", "$system", " asha", "a" * 65, "a/b", "asha\n", "ना"])
def test_an_impossible_id_opens_nothing(user_id):
    with pytest.raises(ServiceError, match="cannot be an account's id") as refused:
        account_open(user_id=user_id, now=NOW)
    assert refused.value.field == "user_id"
    assert not Account.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.parametrize("cash", [Decimal(-1), Decimal(10) ** 11 + 1, Decimal("NaN")])
def test_an_impossible_amount_opens_nothing(cash):
    with pytest.raises(ServiceError) as refused:
        account_open(user_id="asha", now=NOW, cash=cash)
    assert refused.value.field == "cash"
    assert not Account.objects.exists()


def test_limits_are_changed_and_audited():
    account_open(user_id="asha", now=NOW)
    limits(max_concurrent_orders=3, allow_short=False)
    run_until_idle()
    account = Account.objects.get()
    assert (account.max_concurrent_orders, account.allow_short) == (3, False)
    event = Event.objects.get(type="account_updated")
    assert event.data == {
        "by": "chief",
        "limits": {"max_concurrent_orders": {"old": None, "new": 3}, "allow_short": {"old": True, "new": False}},
    }
    limits(max_concurrent_orders=3)
    assert Event.objects.filter(type="account_updated").count() == 1
    assert_sound()


@pytest.mark.parametrize("change", [{"cash": 5}, {"confidence_threshold": Decimal(2)}, {"max_concurrent_orders": -1}])
def test_what_is_no_limit_or_out_of_range_is_refused(change):
    account_open(user_id="asha", now=NOW)
    with pytest.raises(ServiceError):
        limits(**change)
    assert not Event.objects.filter(type="account_updated").exists()


def test_limits_of_nobody():
    with pytest.raises(UnknownAccount):
        limits(allow_short=False)


def test_an_accounts_own_limits_come_before_the_configurations():
    account_open(user_id="asha", now=NOW)
    config_update({"max_concurrent_orders": 4, "max_position_size_percent": 7}, by="chief", now=NOW)
    limits(max_position_size_percent=Decimal(3))
    book = store.load({"asha": 0})["asha"]
    assert (book.limits.max_concurrent_orders, book.limits.max_position_size_percent) == (4, 3)
