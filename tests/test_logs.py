"""What the log makes of requests that are none of ours."""

import logging
from io import StringIO

import pytest
from django.conf import settings
from django.test import Client


@pytest.mark.django_db
def test_an_unknown_host_is_one_line_at_warning_level(monkeypatch: pytest.MonkeyPatch) -> None:
    console = next(handler for handler in logging.getLogger().handlers if handler.name == "console")
    written = StringIO()
    monkeypatch.setattr(console, "stream", written)
    monkeypatch.setattr(settings, "ALLOWED_HOSTS", ["desk.example.com"])
    for path in ("/sign-in/", "/api/trading-engine/health"):
        assert Client().get(path, headers={"Host": "evil.example"}).status_code == 400
    lines = [line for line in written.getvalue().splitlines() if "evil.example" in line]
    assert len(lines) == 2
    assert all("warning" in line for line in lines)
    assert "Traceback" not in written.getvalue()
    assert "error" not in written.getvalue().lower().replace("disallowedhost", "")
