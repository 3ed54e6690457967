"""The HTTP API as a test calls it: paths below /api/trading-engine, JSON both ways, the status checked at once."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.test import Client

PREFIX = "/api/trading-engine"


@dataclass
class Api:
    """A caller with the identity that `headers` prove; nobody by default."""

    headers: dict[str, str] = field(default_factory=dict)
    client: Client = field(default_factory=Client)

    def get(self, path: str, *, status: int = 200, **query: Any) -> dict[str, Any]:
        return self._checked(self.client.get(PREFIX + path, query, headers=self.headers), status)

    def post(self, path: str, body: Any = None, *, status: int = 200, raw: bytes | None = None, **query: Any) -> dict[str, Any]:
        content = json.dumps(body).encode() if raw is None else raw
        address = f"{PREFIX}{path}?{urlencode(query)}"
        response = self.client.post(address, content, content_type="application/json", headers=self.headers)
        return self._checked(response, status)

    def put(self, path: str, body: Any = None, *, status: int = 200) -> dict[str, Any]:
        content = json.dumps(body).encode()
        response = self.client.put(PREFIX + path, content, content_type="application/json", headers=self.headers)
        return self._checked(response, status)

    def delete(self, path: str, *, status: int = 200, **query: Any) -> dict[str, Any]:
        return self._checked(self.client.delete(f"{PREFIX}{path}?{urlencode(query)}", headers=self.headers), status)

    def _checked(self, response: Any, status: int) -> dict[str, Any]:
        assert response.status_code == status, response.content[:2000]
        answer: dict[str, Any] = response.json()
        return answer

    def signal(
        self, symbol: str = "RELIANCE", signal_type: str = "BUY", *, user_id: str = "asha", **fields: Any
    ) -> dict[str, Any]:
        """Send one signal, confident enough unless said otherwise."""
        body = {"symbol": symbol, "signal_type": signal_type, "confidence_score": 0.9, **fields}
        return self.post("/signals/process", body, user_id=user_id)

    def signals(self, wanted: list[dict[str, Any]], *, user_id: str = "asha") -> dict[str, Any]:
        """Send many in one call."""
        defaults = {"symbol": "RELIANCE", "signal_type": "BUY", "confidence_score": 0.9}
        return self.post("/signals/batch", {"signals": [defaults | signal for signal in wanted]}, user_id=user_id)
