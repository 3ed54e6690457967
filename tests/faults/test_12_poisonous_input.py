"""Fault 12: NaN traded, a lone surrogate broke two routes until the restart, a 5 MB symbol was stored six times."""

import pytest

from engine.processing import run_until_idle
from tests.support.api import Api

SIGNAL = b'{"symbol": "%b", "signal_type": "BUY", "confidence_score": %b}'
POISON = {
    "NaN": SIGNAL % (b"RELIANCE", b"NaN"),
    "infinity": SIGNAL % (b"RELIANCE", b"Infinity"),
    "1e400": SIGNAL % (b"RELIANCE", b"1e400"),
    "lone surrogate": SIGNAL % (b"\\ud800", b"0.9"),
    "NUL": SIGNAL % (b"RELI\\u0000ANCE", b"0.9"),
    "5 MB symbol": SIGNAL % (b"A" * 5_000_000, b"0.9"),
}


@pytest.mark.parametrize("body", POISON.values(), ids=POISON)
def test_poison_is_refused_and_nothing_is_stored(admin: Api, body: bytes) -> None:
    before = admin.get("/events/history", limit=1000)["events"]
    response = admin.client.post(
        "/api/trading-engine/signals/process?user_id=asha", body, content_type="application/json", headers=admin.headers
    )
    assert response.status_code in {400, 413, 422}
    assert {"detail", "message", "code"} <= set(response.json())
    assert len(response.content) < 10_000
    run_until_idle()
    assert admin.get("/events/history", limit=1000)["events"] == before
    assert admin.get("/alerts")["alert_count"] == 0
