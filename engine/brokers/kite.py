"""Orders by HTTP in the shape of the Kite Connect API (version 3, kite.trade/docs/connect/v3/orders): forms out, JSON back.

What a failure means for an order is decided here, and on the safe side: what is not known not to have reached the broker is
unknown.
"""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import httpx
import orjson

from engine.brokers.protocol import Accepted, Answer, NotReached, Orders, Outcome, Rejected, Report, Unknown
from engine.domain.brokers import LiveBroker, ReportStatus
from engine.domain.enums import OrderType

EXCHANGE = "NSE"
ORDER_TYPES = {
    OrderType.MARKET: "MARKET",
    OrderType.LIMIT: "LIMIT",
    OrderType.STOP_LOSS: "SL-M",
    OrderType.STOP_LIMIT: "SL",
}
# every other status is a step on the way to one of these
ENDS = {
    "COMPLETE": ReportStatus.COMPLETE,
    "CANCELLED": ReportStatus.CANCELLED,
    "REJECTED": ReportStatus.REJECTED,
}
BEFORE_ACCEPTANCE = frozenset({429, 503})  # too many requests, not available: nothing was looked at
NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
MESSAGE_LENGTH = 2000  # characters of an answer that are kept


class KiteBroker:
    """One session with the broker. Use it as an async context manager."""

    def __init__(self, broker: LiveBroker) -> None:
        self.broker = broker
        self.client = httpx.AsyncClient(
            base_url=broker.url,
            headers={"X-Kite-Version": "3", "Authorization": f"token {broker.api_key}:{broker.access_token}"},
            timeout=httpx.Timeout(broker.timeout_seconds, connect=broker.timeout_seconds / 2),
            # A connection that the broker has closed meanwhile looks like an order that was lost: each call has its own.
            limits=httpx.Limits(max_keepalive_connections=0),
            trust_env=False,  # neither a .netrc nor a proxy gets to see the credentials
        )

    async def __aenter__(self) -> "KiteBroker":
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.client.aclose()

    async def place(self, tag: str, terms: Mapping[str, Any]) -> Outcome:
        fixed = {"exchange": EXCHANGE, "tradingsymbol": terms["symbol"], "transaction_type": terms["side"], "tag": tag}
        return await self._order("POST", "/orders/regular", fixed | {"product": terms["product"]} | _terms(terms))

    async def modify(self, broker_order_id: str, terms: Mapping[str, Any]) -> Outcome:
        return await self._order("PUT", f"/orders/regular/{broker_order_id}", _terms(terms))

    async def cancel(self, broker_order_id: str) -> Outcome:
        return await self._order("DELETE", f"/orders/regular/{broker_order_id}", {})

    async def ask(self) -> Answer:
        response = await self._call("GET", "/orders", {})
        if not isinstance(response, httpx.Response):
            return response
        message = self._message(response)
        try:
            reports = [_report(order) for order in orjson.loads(response.content)["data"]]
        except (ValueError, LookupError, TypeError, ArithmeticError) as error:
            return Unknown(f"an answer that nobody understands ({type(error).__name__}): {message}", response.status_code)
        return Orders(reports, response.status_code, message)

    async def _order(self, method: str, path: str, form: Mapping[str, str]) -> Outcome:
        response = await self._call(method, path, form)
        if not isinstance(response, httpx.Response):
            return response
        message = self._message(response)
        try:
            broker_order_id = str(orjson.loads(response.content)["data"]["order_id"])[:64]
        except (ValueError, LookupError, TypeError):
            return Unknown(f"an answer without an order id: {message}", response.status_code)
        return Accepted(broker_order_id, response.status_code, message)

    async def _call(self, method: str, path: str, form: Mapping[str, str]) -> httpx.Response | NotReached | Unknown | Rejected:
        """A 2xx response, or what it means that there is none. The time-outs of httpx are for its steps, ours is for all."""
        try:
            async with asyncio.timeout(self.broker.timeout_seconds):
                response = await self.client.request(method, path, data=dict(form) or None)
        except NOTHING_SENT as error:
            return NotReached(self._safe(_named(error)))
        except (httpx.HTTPError, TimeoutError) as error:
            return Unknown(self._safe(f"no answer after it was sent: {_named(error)}"))
        code, message = response.status_code, self._message(response)
        if code in BEFORE_ACCEPTANCE:
            return NotReached(f"HTTP {code}: {message}", code)
        if response.is_client_error:
            return Rejected(self._reason(response), code, message)
        return response if response.is_success else Unknown(f"HTTP {code}: {message}", code)

    def _reason(self, response: httpx.Response) -> str:
        try:
            return self._safe(str(orjson.loads(response.content)["message"]))
        except (ValueError, LookupError, TypeError):
            return f"HTTP {response.status_code}"

    def _message(self, response: httpx.Response) -> str:
        return self._safe(response.text)

    def _safe(self, text: str) -> str:
        """Fit to be stored and shown: without our secrets, and without what a database refuses."""
        return self.broker.without_secrets(text).replace("\0", "\N{REPLACEMENT CHARACTER}")[:MESSAGE_LENGTH]


def _named(error: Exception) -> str:
    """An error's kind, and its text where it has one: a connection that broke has none."""
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def _terms(terms: Mapping[str, Any]) -> dict[str, str]:
    given = {
        "order_type": ORDER_TYPES[OrderType(terms["order_type"])],
        "quantity": str(terms["quantity"]),
        "validity": terms["validity"],
        "price": terms["price"],
        "trigger_price": terms["stop_price"],
    }
    return {name: value for name, value in given.items() if value is not None}


def _report(order: Mapping[str, Any]) -> Report:
    def amount(name: str) -> Decimal:
        return Decimal(str(order.get(name) or 0))

    return Report(
        tag=str(order.get("tag") or ""),
        broker_order_id=str(order["order_id"])[:64],
        status=ENDS.get(order["status"], ReportStatus.WORKING),
        quantity=int(order["quantity"]),
        filled_quantity=int(order["filled_quantity"]),
        average_price=amount("average_price"),
        price=amount("price"),
        stop_price=amount("trigger_price"),
        message=str(order.get("status_message") or "").replace("\0", "\N{REPLACEMENT CHARACTER}")[:300],
    )
