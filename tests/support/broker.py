"""A broker on loopback that speaks HTTP as Kite Connect does, and fails as it is told to. It counts what it was sent by tag."""

import json
import socket
import struct
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.support.services import free_port

API_KEY, ACCESS_TOKEN = "key-of-the-test", "token-of-the-test"
STALL_SECONDS = 30.0
# what it can do with a request: whether the order is taken, and what is answered
ACCEPT, REJECT, STALL, STALL_UNSEEN, RESET, RESET_UNSEEN = "accept", "reject", "stall", "stall-unseen", "reset", "reset-unseen"


@dataclass
class StandIn:
    """The broker's books. `next_up` is what happens to the next orders, one after the other; then they are accepted."""

    port: int = field(default_factory=free_port)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)  # by its own ids
    sent: Counter[str] = field(default_factory=Counter)  # placed orders by tag, taken or not
    calls: Counter[str] = field(default_factory=Counter)  # by method
    next_up: deque[str | int] = field(default_factory=deque)  # for POST, PUT and DELETE
    next_asks: deque[str | int] = field(default_factory=deque)  # for GET
    released: threading.Event = field(default_factory=threading.Event)
    server: ThreadingHTTPServer | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def listen(self) -> None:
        """Until `refuse` ends it: then connections are refused."""
        handler = type("BoundHandler", (Handler,), {"broker": self})
        self.server = StandInServer(("127.0.0.1", self.port), handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def refuse(self) -> None:
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def take(self, form: dict[str, str]) -> str:
        id = f"15122000{len(self.orders):07d}"
        self.orders[id] = {
            "order_id": id,
            "status": "OPEN",
            "status_message": None,
            "tag": form.get("tag"),
            "tradingsymbol": form["tradingsymbol"],
            "exchange": form["exchange"],
            "transaction_type": form["transaction_type"],
            "order_type": form["order_type"],
            "product": form["product"],
            "validity": form["validity"],
            "quantity": int(form["quantity"]),
            "price": float(form.get("price", 0)),
            "trigger_price": float(form.get("trigger_price", 0)),
            "average_price": 0,
            "filled_quantity": 0,
        }
        return id

    def only(self) -> dict[str, Any]:
        """The one order that there is."""
        (order,) = self.orders.values()
        return order

    def fill(self, quantity: int, price: float, order: dict[str, Any] | None = None) -> None:
        """So much of the order (else the only one) is filled in all, at this average."""
        order = order or self.only()
        done = quantity == order["quantity"]
        order |= {"filled_quantity": quantity, "average_price": price, "status": "COMPLETE" if done else "OPEN"}


class StandInServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64  # many call at once
    allow_reuse_address = True
    block_on_close = False


class Handler(BaseHTTPRequestHandler):
    broker: StandIn

    def do_POST(self) -> None:
        form = self.form()
        self.broker.sent[form.get("tag", "")] += 1
        self.answer_order(lambda: self.broker.take(form))

    def do_PUT(self) -> None:
        form = self.form()
        names: dict[str, Any] = {"price": float, "trigger_price": float, "quantity": int}
        self.change({name: of(form[name]) for name, of in names.items() if name in form})

    def do_DELETE(self) -> None:
        self.change({"status": "CANCELLED"})

    def change(self, changes: dict[str, Any]) -> None:
        id = self.path.rsplit("/", 1)[1]

        def take() -> str:
            self.broker.orders[id] |= changes
            return id

        has_ended = self.broker.orders.get(id, {}).get("status") in ("COMPLETE", "CANCELLED", "REJECTED")
        self.answer_order(take, always=REJECT if has_ended else None)

    def do_GET(self) -> None:
        self.broker.calls["GET"] += 1
        with self.broker.lock:
            behaviour = self.broker.next_asks.popleft() if self.broker.next_asks else ACCEPT
            listed = list(self.broker.orders.values())
        if self.misbehaves(behaviour):
            return
        self.say(200, {"status": "success", "data": listed})

    def answer_order(self, take: Callable[[], str], *, always: str | None = None) -> None:
        with self.broker.lock:
            self.broker.calls[self.command] += 1
            behaviour = always or (self.broker.next_up.popleft() if self.broker.next_up else ACCEPT)
            id = take() if behaviour in (ACCEPT, STALL, RESET) else ""
        if behaviour == REJECT:
            words = f"Insufficient funds for {API_KEY}:{ACCESS_TOKEN}"  # a broker that repeats what it was told
            self.say(400, {"status": "error", "message": words, "error_type": "InputException"})
        elif not self.misbehaves(behaviour):
            self.say(200, {"status": "success", "data": {"order_id": id}})

    def misbehaves(self, behaviour: str | int) -> bool:
        if isinstance(behaviour, int):
            self.say(behaviour, {"status": "error", "message": f"told to answer {behaviour}", "error_type": "GeneralException"})
        elif behaviour in (STALL, STALL_UNSEEN):
            self.broker.released.wait(STALL_SECONDS)
            self.close_connection = True
        elif behaviour in (RESET, RESET_UNSEEN):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
        else:
            return False
        return True

    def form(self) -> dict[str, str]:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        assert self.headers["Authorization"] == f"token {API_KEY}:{ACCESS_TOKEN}"
        assert not urlsplit(self.path).query
        return dict(parse_qsl(body))

    def say(self, status: int, body: dict[str, Any]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def finish(self) -> None:
        if not self.wfile.closed and self.connection.fileno() >= 0:
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


@contextmanager
def stand_in() -> Iterator[StandIn]:
    broker = StandIn()
    broker.listen()
    try:
        yield broker
    finally:
        broker.released.set()
        broker.refuse()
