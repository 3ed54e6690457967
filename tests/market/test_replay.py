"""Files through the whole engine: feed, strategies, risk, orders, positions."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from engine.management.commands import replay as command
from engine.market import replay as pacing
from engine.models import Account, Candle, Event, Instrument, PendingEvent, PendingPrices, Signal, Strategy, Worker
from tests.support.reach import BASE_DIR

pytestmark = pytest.mark.django_db

DAY = re.compile(r"20\d\d-\d\d-\d\d \d")
HEADER = "date,symbol,open,high,low,close,volume\n"


@pytest.fixture(autouse=True)
def no_sleep(monkeypatch) -> list[float]:
    """Sleeping takes no time, and is noted."""
    slept: list[float] = []
    monkeypatch.setattr(pacing, "sleep", slept.append)
    return slept


@pytest.fixture
def prices(tmp_path: Path) -> str:
    """Eighty days of two lively shares: enough for the strategies to trade."""
    return written(tmp_path / "prices.csv", days=80)


@pytest.fixture
def few_prices(tmp_path: Path) -> str:
    return written(tmp_path / "few.csv", days=8)


def written(path: Path, *, days: int) -> str:
    chance, lines = random.Random(4), [HEADER]
    closes = {"INFY": 1500.0, "TCS": 3500.0}
    for day in range(days):
        for symbol, before in closes.items():
            close = closes[symbol] = round(before * (1 + chance.gauss(0, 0.03)), 2)
            high, low = round(max(before, close) * 1.01, 2), round(min(before, close) * 0.99, 2)
            lines.append(f"{date(2025, 1, 1) + timedelta(days=day)},{symbol},{before},{high},{low},{close},1000\n")
    path.write_text("".join(lines))
    return str(path)


def replay(*arguments: str) -> str:
    out = StringIO()
    call_command("replay", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.slow
def test_a_replay_trades_and_ends_with_nothing_left(prices: str):
    said = replay(prices, "--account", "desk", "--strategies", "--equity-by-day")
    assert "160 bars of 2 symbols at 80 times; 2 of them are new here, in sector Unknown." in said
    assert "320 slices in " in said
    assert "0 slices waiting, 0 dead letters." in said
    equity_lines = [line for line in said.splitlines() if line.startswith("2025-")]
    assert len(equity_lines) == 80
    assert len({line.split()[1] for line in equity_lines}) > 10
    assert Strategy.objects.count() == 3
    assert Signal.objects.count() > 5
    assert Candle.objects.filter(interval="1d").count() == 160
    assert not PendingPrices.objects.exists()
    assert not PendingEvent.objects.exists()
    account = Account.objects.get(user_id="desk")
    assert account.trading_day == date(2025, 3, 21)
    call_command("verify", stdout=StringIO())


@pytest.mark.slow
def test_two_replays_come_to_the_same_end(prices: str):
    assert run_and_forget(prices) == run_and_forget(prices)


def run_and_forget(path: str) -> list[str]:
    """The equity by day of a replay that leaves no trace."""
    with transaction.atomic():
        said = replay(path, "--account", "desk", "--strategies", "--equity-by-day")
        call_command("verify", stdout=StringIO())
        assert not PendingEvent.objects.exists()
        transaction.set_rollback(True)
    return [line for line in said.splitlines() if DAY.match(line)]


def test_a_file_that_cannot_be_read_is_named_and_nothing_is_replayed(prices: str, tmp_path: Path):
    broken = tmp_path / "broken.csv"
    broken.write_text(HEADER + "2025-01-01,ITC,1,1,1,1,1\n2025-01-02,ITC,nan,1,1,1,1\n")
    with pytest.raises(CommandError) as caught:
        replay(prices, str(broken), "--account", "desk")
    assert str(caught.value) == f"{broken}, line 3: open 'nan' is no number. Nothing was replayed."
    assert not any(model.objects.exists() for model in (Instrument, Account, PendingPrices, Event))


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--strategies"], "--strategies and --equity-by-day need --account. Nothing was replayed."),
        (["--account", "no spaces please"], "Nothing was replayed."),
        (["--speed", "-1"], "0 or more"),
        (["--speed", "inf"], "0 or more"),
        (["--speed", "fast"], "invalid"),
    ],
)
def test_a_call_that_makes_no_sense_is_refused(prices: str, arguments: list[str], complaint: str):
    with pytest.raises(CommandError, match=complaint):
        replay(prices, *arguments)
    assert not Event.objects.exists()


def test_prices_older_than_those_known_are_refused(few_prices: str):
    replay(few_prices, "--account", "desk")
    days = Event.objects.filter(type="trading_day_started").count()
    with pytest.raises(CommandError, match=r"are known here already.*Nothing was replayed"):
        replay(few_prices, "--account", "desk")
    assert Event.objects.filter(type="trading_day_started").count() == days
    assert not PendingPrices.objects.exists()


@pytest.mark.slow
def test_dead_letters_make_the_replay_fail(prices: str, monkeypatch):
    def give_up() -> int:
        PendingPrices.objects.all().delete()
        return PendingEvent.objects.update(dead_at=timezone.now())

    monkeypatch.setattr(command, "run_until_idle", give_up)
    with pytest.raises(CommandError, match="3 events were given up"):
        replay(prices, "--account", "desk", "--strategies")


def test_without_an_engine_the_prices_wait_for_one(prices: str):
    assert "320 slices waiting" in replay(prices, "--no-engine")
    assert PendingPrices.objects.count() == 320


@pytest.fixture
def worker() -> Worker:
    return Worker.objects.create(id=uuid4(), host="here", pid=1, started_at=timezone.now(), beat_at=timezone.now())


def test_a_worker_that_hears_us_does_the_work_and_is_waited_for(prices: str, worker, settings, monkeypatch):
    slept: list[float] = []

    def work_elsewhere(seconds: float) -> None:
        slept.append(seconds)
        PendingPrices.objects.all().delete()

    settings.REDIS_URL = "redis://somewhere"
    monkeypatch.setattr(pacing, "sleep", work_elsewhere)
    assert "0 slices waiting" in replay(prices)
    assert slept == [0.005] * 320


def test_a_worker_that_does_not_hear_us_is_not_waited_for(few_prices: str, worker, settings, no_sleep: list[float]):
    settings.REDIS_URL = ""
    assert "0 slices waiting" in replay(few_prices)
    assert no_sleep == []


def test_at_a_pace_slices_are_apart_as_in_the_market_and_nights_are_skipped(prices: str, no_sleep: list[float]):
    replay(prices, "--speed", "7500", "--no-engine")
    assert set(no_sleep) == {1.0}  # a day's bar takes three steps of 7500 s; the night one more
    assert len(no_sleep) == 319


def test_minutes_are_paced_as_minutes(tmp_path: Path, no_sleep: list[float]):
    candles = [[f"2025-01-01T09:{minute}:00+0530", 100, 101, 99, 100, 5] for minute in (15, 16, 30)]
    path = tmp_path / "INFY.json"
    path.write_text(json.dumps({"status": "success", "data": {"candles": candles}}))
    replay(str(path), "--speed", "15", "--run-engine")
    assert no_sleep == [1.0] * 7 + [4.0] + [1.0] * 3  # the gap of 14 minutes is not waited for
    assert list(Candle.objects.values_list("interval", "symbol").distinct()) == [("1m", "INFY")]


def test_progress_is_told_in_lines_or_in_one_that_is_rewritten(prices: str, monkeypatch):
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(command, "TELL_SECONDS", {True: 0.0, False: 0.0})
    plain, terminal = StringIO(), Terminal()
    call_command("replay", prices, "--no-engine", stdout=plain)
    call_command("replay", prices, "--no-engine", stdout=terminal)
    assert "1 of 320 slices (0 %), 2025-01-01 09:15\n2 of 320 slices" in plain.getvalue()
    assert "\r320 of 320 slices (100 %), 2025-03-21 15:30\n" in terminal.getvalue()
    assert terminal.getvalue().count("\r") == 320


def test_being_interrupted_says_how_far_it_came(prices: str, monkeypatch):
    def interrupt() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "run_until_idle", interrupt)
    errors = StringIO()
    with pytest.raises(SystemExit) as caught:
        call_command("replay", prices, "--run-engine", stdout=StringIO(), stderr=errors)
    assert caught.value.code == 130
    assert "Interrupted: 0 of 320 slices were replayed" in errors.getvalue()


@pytest.mark.slow
def test_eighteen_months_of_real_prices_come_to_the_same_end_twice(real_data: Path, migrated_database: Path, tmp_path: Path):
    """In two processes side by side, each on a database of its own: nothing may hang on a clock or on a hash."""
    prices = str(real_data / "nifty50_daily.csv.gz")
    databases = [Path(shutil.copy(migrated_database, tmp_path / name)) for name in ("first.sqlite3", "second.sqlite3")]
    runs = [manage(path, "replay", prices, "--account", "desk", "--strategies", "--equity-by-day") for path in databases]
    said = [finished(run) for run in runs]
    equity = [[line for line in lines if DAY.match(line)] for lines in said]
    assert len(equity[0]) == 374
    assert equity[0] == equity[1]
    assert all(any("0 slices waiting, 0 dead letters" in line for line in lines) for lines in said)
    assert all("the tables agree with the log" in finished(manage(path, "verify"))[-1] for path in databases)


def manage(database: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{database}", "REDIS_URL": "", "SECRET_KEY": "only-for-tests"}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.Popen(command, cwd=BASE_DIR, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finished(run: subprocess.Popen[str]) -> list[str]:
    said, _ = run.communicate(timeout=600)
    assert run.returncode == 0, said
    return said.splitlines()
