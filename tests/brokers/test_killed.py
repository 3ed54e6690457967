"""kill -9 of the engine between the call and its outcome: the order is UNKNOWN, and found out by asking, after the restart."""

from collections.abc import Callable

import pytest

from tests.support.broker import ACCESS_TOKEN, API_KEY, STALL, STALL_UNSEEN, StandIn
from tests.support.server import Server, wait_for

PLACE = """
from datetime import UTC, datetime
from engine.domain.enums import Side
from engine.services.orders import OrderInput, order_place
order_place(user_id="asha", order=OrderInput(symbol="RELIANCE", side=Side.BUY, quantity=10), now=datetime.now(UTC), by="asha")
"""
TIMEOUT = "2"


def statuses(server: Server) -> list[str]:
    return [row[0] for row in server.rows("select status from engine_order")]


@pytest.mark.slow
@pytest.mark.parametrize(("how", "end"), [(STALL, "FILLED"), (STALL_UNSEEN, "REJECTED")])
def test_killed_while_the_broker_was_being_called(
    serve_process: Callable[..., Server], broker: StandIn, how: str, end: str
) -> None:
    broker.next_up.append(how)
    server = serve_process(
        BROKER_LIVE="true",
        BROKER_ACCOUNT="asha",
        BROKER_URL=broker.url,
        BROKER_API_KEY=API_KEY,
        BROKER_ACCESS_TOKEN=ACCESS_TOKEN,
        BROKER_TIMEOUT_SECONDS=TIMEOUT,
        BROKER_POLL_SECONDS="0.2",
        PRICE_MAX_AGE_SECONDS="3600",
        LOG_LEVEL="DEBUG",
    )
    server.add_user("asha", accounts="asha")
    server.set_prices({"RELIANCE": "Energy"})
    server.shell(PLACE)
    wait_for(lambda: broker.sent.total() == 1, "the order is sent")
    server.kill()
    assert server.rows("select state, sends from engine_brokercall") == [("SENDING", 1)]
    assert statuses(server) == ["SUBMITTED"]
    for order in broker.orders.values():  # the broker took it, and filled it while nobody was there
        broker.fill(10, 100.5, order)

    server.start()
    wait_for(lambda: statuses(server) == [end], f"the order is {end}")
    kinds = [row[0] for row in server.rows("select type from engine_event where stream = 'asha' order by seq")]
    assert "order_reported" in kinds
    assert broker.sent.total() == 1, "it was sent a second time"
    assert "the tables agree with the log" in server.manage("verify")
    assert API_KEY not in server.output
    assert ACCESS_TOKEN not in server.output
