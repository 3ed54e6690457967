"""What the log makes of requests that are none of ours."""

import logging
from io import StringIO

import pytest
from django.conf import settings
from django.test import Client

from tests.support.factories import user_named


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What goes to the console meanwhile."""
    console = next(handler for handler in logging.getLogger().handlers if handler.name == "console")
    monkeypatch.setattr(console, "stream", StringIO())
    return console.stream  # type: ignore[attr-defined] # a StreamHandler


@pytest.mark.django_db
def test_a_refusal_with_a_reason_is_one_line(written: StringIO, client: Client) -> None:
    client.force_login(user_named("asha"))
    assert client.get("/reports/days.csv?on=nonsense").status_code == 400
    assert [line for line in written.getvalue().splitlines() if "No file was made" in line] == written.getvalue().splitlines()
    assert "No file was made" in written.getvalue()


@pytest.mark.django_db
def test_an_unknown_host_is_one_line_at_warning_level(written: StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "ALLOWED_HOSTS", ["desk.example.com"])
    for path in ("/sign-in/", "/api/trading-engine/health"):
        assert Client().get(path, headers={"Host": "evil.example"}).status_code == 400
    lines = [line for line in written.getvalue().splitlines() if "evil.example" in line]
    assert len(lines) == 2
    assert all("warning" in line for line in lines)
    assert "Traceback" not in written.getvalue()
    assert "error" not in written.getvalue().lower().replace("disallowedhost", "")
