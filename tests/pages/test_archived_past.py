"""Time travel over what `manage.py prune` archived: the page at an instant is what it was before, or says why not."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from dashboard.live import orders as order_rows
from dashboard.live.registry import compute
from dashboard.live.topics import Topic
from engine import retention, travel
from engine.domain.enums import HaltScope
from engine.models import Account, Event, Landmark
from engine.processing import run_until_idle
from engine.services.trading import Target, emergency_stop, trading_resume
from tests.engine.conftest import desk, roomy
from tests.engine.flow import place
from tests.retention.conftest import _small, trade
from tests.support.factories import user_named

__all__ = ["_small", "desk"]

EVERYBODY = Target(HaltScope.GLOBAL)
FIGURES = ("cash", "realized_pnl", "charges", "positions_count", "working_orders", "orders_today")
ORDER = (*order_rows.BRIEF, "product", "validity", "verdict", "reason")
POSITION = ("symbol", "side", "quantity", "average_price", "realized_pnl", "charges", "stop_loss", "take_profit", "opened_at")


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(user_named("chief", is_staff=True))
    return client


def trade_as_both() -> None:
    roomy("ravi")
    trade()


def halt() -> None:
    reason, now = "the feed is wrong", datetime.now(UTC)
    emergency_stop(user_ids=["asha"], by="chief", reason=reason, now=now, target=EVERYBODY)


def resume() -> None:
    trading_resume(user_ids=["asha"], by="chief", reason="it is right", now=datetime.now(UTC), target=EVERYBODY)


@pytest.fixture
def traded(desk: Account) -> None:
    """Both accounts trade, everybody is halted for a while and an order is refused meanwhile, and they trade again."""
    trade_as_both()
    halt()
    place()
    run_until_idle()
    resume()
    run_until_idle()
    trade()


@pytest.fixture
def archive(settings: Any, tmp_path: Path) -> Path:
    settings.ARCHIVE_DIR = tmp_path
    return tmp_path


def prune(folder: Path) -> int:
    """All that may go, goes; and nothing of it is in memory any more."""
    now = datetime.now(UTC)
    pruned = retention.prune(before=now, folder=folder, now=now)
    travel._remembered.clear()
    Landmark.objects.all().delete()
    return pruned.events


def at(when: datetime, **more: str) -> str:
    return f"/time/?{urlencode({'at': when.isoformat(), **more})}"


def shown(client: Client, when: datetime, account: str) -> list[dict[str, Any]]:
    """What the page's sections say of the instant."""
    names = ("sum", "counts", "orders", "positions", "closed", "around")
    parts = [client.get(at(when, account=account, show=show)).context for show in ("overview", "orders", "positions")]
    return [{name: part[name] for name in names if name in part} for part in parts]


def live(account: str) -> dict[str, Any]:
    """What the live pages say now, but for what follows from prices: those of then are the closes of minutes."""
    states = {kind: compute(Topic.of(kind, account)) for kind in ("account", "orders", "positions", "status")}
    figures = states["account"]["summary"]["all"]
    return {
        "figures": {name: figures[name] for name in FIGURES},
        "halted": [states["status"]["status"]["all"][name] for name in ("trading_state", "trading_state_reason")],
        "orders": {key: unpriced(row, ORDER) for key, row in states["orders"]["orders"].items()},
        "positions": {key: unpriced(row, POSITION) for key, row in states["positions"]["positions"].items()},
    }


def rebuilt(client: Client, when: datetime, account: str) -> dict[str, Any]:
    overview, orders, positions = shown(client, when, account)
    state, reason = overview["sum"]["trading_state"], overview["sum"]["trading_state_reason"]
    return {
        "figures": {name: float(overview["sum"][name]) for name in FIGURES},
        "halted": [state, reason.removeprefix("everybody: ")],
        "orders": {row["id"]: unpriced(row, ORDER) for row in orders["orders"]},
        "positions": {row["id"]: unpriced(row, POSITION) for row in positions["positions"]},
    }


def unpriced(row: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: row[name] for name in names}


@pytest.mark.parametrize("account", ["asha", "ravi"])
@pytest.mark.slow
def test_the_past_looks_as_it_did_before_its_events_were_archived(staff: Client, traded: None, archive: Path, account: str):
    """Just as each event was written, and as it was handled."""
    rows = Event.objects.filter(stream=account).values_list("created_at", "processed_at")
    instants = sorted({when for row in rows for when in row if when})
    before = {when: shown(staff, when, account) for when in instants}
    assert any(part["around"] for part, *_ in before.values())
    assert prune(archive) > 50
    assert not Event.objects.filter(stream=account, created_at__lt=instants[5]).exists()
    assert {when: shown(staff, when, account) for when in instants} == before


def test_at_an_instant_the_page_says_what_the_live_page_said_then(staff: Client, desk: Account, archive: Path):
    """Also once the events are archived, and while everybody is halted."""
    said: dict[datetime, Any] = {}
    for act in (trade_as_both, halt, resume, trade):
        act()
        run_until_idle()
        said[datetime.now(UTC)] = live("asha")
    assert [then["halted"][0] for then in said.values()] == ["ACTIVE", "HALTED", "ACTIVE", "ACTIVE"]
    for _ in range(2):
        assert {when: rebuilt(staff, when, "asha") for when in said} == said
        prune(archive)


@pytest.mark.parametrize("harm", [Path.unlink, lambda file: file.write_bytes(b"nothing")])
def test_with_an_archive_away_the_past_is_refused_and_the_present_is_not(
    staff: Client, traded: None, archive: Path, harm: Callable[[Path], None]
):
    opened = Event.objects.filter(stream="asha").earliest("id").processed_at
    assert opened is not None
    prune(archive)
    for file in archive.rglob("*.gz"):
        harm(file)
    refused = staff.get(at(opened + timedelta(milliseconds=1), account="asha"))
    assert refused.status_code == 400
    assert re.search("cannot be (read|unpacked)", refused.content.decode())
    present = staff.get(at(datetime.now(UTC), account="asha"))  # the last snapshot holds it, but for what happened around it
    assert (present.status_code, b"the archive cannot be read" in present.content) == (200, True)
    assert staff.get("/?account=asha").status_code == 200
    assert staff.get(f"/time/compare/?{urlencode({'account': 'asha', 'from': opened.isoformat()})}").status_code == 400
