"""The fence against a client that has run away."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from dashboard.api.throttles import Counts, counts
from tests.api.contract import PROBLEM, differences
from tests.support.api import PREFIX, Api


@pytest.fixture(autouse=True)
def _three_a_minute(settings: Any) -> Iterator[None]:
    settings.API_REQUESTS_PER_MINUTE = 3
    counts.forget()
    yield
    counts.forget()


def test_who_asks_too_often_is_told_when_to_come_back(caller: Callable[[str], Api]) -> None:
    asha = caller("asha")
    for _ in range(3):
        asha.get("/orders")
    refused = asha.client.get(f"{PREFIX}/orders", headers=asha.headers)
    assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMITED")
    assert differences(refused.json(), PROBLEM) == []
    assert 1 <= int(refused["Retry-After"]) <= 120
    assert refused["X-Request-ID"]


def test_others_are_not_held_up(caller: Callable[[str], Api]) -> None:
    asha = caller("asha")
    for _ in range(3):
        asha.get("/orders")
    asha.get("/orders", status=429)
    caller("bala").get("/orders")
    Api().get("/health")


def test_without_a_credential_the_address_counts(desk: None) -> None:
    ask: list[Any] = [Client().get(f"{PREFIX}/health", REMOTE_ADDR=f"10.0.0.{n}") for n in (1, 1, 1, 1, 2)]
    assert [answer.status_code for answer in ask] == [200, 200, 200, 429, 200]


def test_0_is_no_limit(caller: Callable[[str], Api], settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 0
    asha = caller("asha")
    for _ in range(5):
        asha.get("/orders")


@pytest.mark.parametrize(
    ("taken_at", "at", "wait"),
    [
        ([], 0, 0),
        ([0, 1], 2, 0),
        ([0, 1, 2], 10, 70),  # the minute is used up, and from 80 s on it weighs no more than 2
        ([0, 1, 2], 61, 19),
        ([0, 1, 2], 81, 0),
        ([0, 1, 2], 130, 0),  # long ago
        ([0, 1, 2, 85], 86, 14),  # one in this minute, so the one before may weigh no more than 1: from 100 s on
    ],
)
def test_the_last_minute_counts(taken_at: list[float], at: float, wait: float) -> None:
    window = Counts()
    for moment in taken_at:
        assert window.take("asha", 3, moment) == 0
    found = window.take("asha", 3, at)
    assert found == pytest.approx(wait, abs=0.01)
    assert window.take("bala", 3, at) == 0
    assert found == 0 or window.take("asha", 3, at + found + 0.001) == 0
