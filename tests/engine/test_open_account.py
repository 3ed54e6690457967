"""`manage.py open_account`: says what it did, and does not drop silently what it was told."""

from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from engine.models import Account
from tests.support.factories import user_named

pytestmark = pytest.mark.django_db


def test_cash_for_an_open_account_is_refused_and_nothing_changes():
    user_named("asha")
    call_command("open_account", "desk-1", "--cash", "500", stdout=StringIO())
    with pytest.raises(CommandError, match=r"desk-1 is open already.*Nothing was changed"):
        call_command("open_account", "desk-1", "--cash", "100", "--member", "asha")
    desk = Account.objects.get()
    assert (desk.cash, desk.members.count()) == (Decimal(500), 0)


def test_members_are_added_to_an_open_account():
    user_named("asha")
    call_command("open_account", "desk-1", stdout=StringIO())
    said = StringIO()
    call_command("open_account", "desk-1", "--member", "asha", stdout=said)
    assert "members: asha" in said.getvalue()


def test_a_refusal_ends_in_one_full_stop(tmp_path: Path):
    prices = tmp_path / "prices.csv"
    prices.write_text("symbol,timestamp,open,high,low,close,volume\nINFY,2026-01-05T09:15:00+05:30,1,1,1,1,1\n")
    with pytest.raises(CommandError) as refused:
        call_command("replay", str(prices), "--account", "a/b")
    assert str(refused.value).endswith(". Nothing was replayed.")
    assert ".." not in str(refused.value)
