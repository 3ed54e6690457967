"""Web processes and engines apart: what one takes in another handles, and a third shows."""

from collections.abc import Callable

import pytest

from engine.exits import FAILED
from tests.scaled.conftest import SYMBOLS
from tests.scaled.pages import heard, page_socket, session_of
from tests.scaled.processes import Database, Engine
from tests.support.server import Server, wait_for

Web = Callable[[], Server]
Engines = Callable[..., Engine]
SIGNAL = {"symbol": "RELIANCE", "signal_type": "BUY", "confidence_score": 0.9, "position_size": 10}


def send(web: Server, token: str, user_id: str, count: int = 1) -> None:
    """Signals to and fro over all symbols, so that each moves a position."""
    symbols = list(SYMBOLS)
    signals = [
        SIGNAL | {"symbol": symbols[place % 4], "signal_type": ("BUY", "SELL")[place // 4 % 2], "position_size": 1 + place % 3}
        for place in range(count)
    ]
    answer = web.client(token).post("/api/trading-engine/signals/batch", params={"user_id": user_id}, json={"signals": signals})
    answer.raise_for_status()
    assert len(answer.json()["signal_ids"]) == count


async def test_a_signal_to_one_process_is_handled_by_another_and_shown_by_a_third(
    web: Web, engine_process: Engines, database: Database
) -> None:
    first, third = web(), web()
    first.set_prices(SYMBOLS)
    token = first.add_user("asha", accounts="desk-1")
    idle = engine_process("market_data", "system_events")
    client = first.client(token)
    async with page_socket(third.port, session_of(first, "asha"), "positions/desk-1") as page:
        await heard(page, '"snapshot"')
        client.post("/api/trading-engine/signals/process", params={"user_id": "desk-1"}, json=SIGNAL).raise_for_status()
        wait_for(
            lambda: database.one("select count(*) from engine_pendingevent where lane = 'order_processing'") == 1, "it waits"
        )
        working = engine_process("high_priority", "order_processing", "position_management", "risk_monitoring")
        delta = await heard(page, "RELIANCE")
        assert delta["t"] == "delta"
    assert database.rows("select symbol, quantity from engine_position") == [("RELIANCE", 10)]
    assert {engine.stop() for engine in (idle, working)} == {0}
    assert first.manage("verify").endswith("the tables agree with the log.\n")


def test_sigterm_finishes_the_batch_in_hand_and_another_engine_goes_on(
    web: Web, engine_process: Engines, database: Database
) -> None:
    server = web()
    server.set_prices(SYMBOLS)
    token = server.add_user("asha", accounts="desk-1")
    for _ in range(8):
        send(server, token, "desk-1", 500)
    engine = engine_process()
    wait_for(lambda: database.one("select count(*) from engine_signal") > 0, "the first batch is done")
    assert engine.stop() == 0
    decided, waiting = database.rows("select (select count(*) from engine_signal), (select count(*) from engine_pendingevent)")[
        0
    ]
    assert waiting > 0, "the SIGTERM came too late to be in the middle"
    assert decided + waiting == 4000
    assert database.one("select count(*) from engine_worker") == 0, "it took back its sign of life"
    assert "Traceback" not in engine.output
    server.manage("verify")
    engine_process()
    wait_for(lambda: database.one("select count(*) from engine_pendingevent") == 0, "the rest is done", 60)
    assert database.one("select count(*) from engine_signal") == 4000
    server.manage("verify")


def test_a_lane_that_dies_ends_the_process(web: Web, engine_process: Engines) -> None:
    web()
    engine = engine_process(command=("-m", "tests.scaled.dying_engine", "risk_monitoring"))
    assert engine.ended() == FAILED
    assert "risk_monitoring: RuntimeError('this lane is broken')" in engine.output


@pytest.mark.slow
def test_two_engines_share_the_work_in_order_within_a_stream(web: Web, engine_process: Engines, database: Database) -> None:
    accounts = [f"desk-{number}" for number in range(30)]
    server = web()
    server.set_prices(SYMBOLS)
    token = server.add_user("asha", accounts=" ".join(accounts))
    engines = [engine_process(), engine_process()]
    for _ in range(3):
        for user_id in accounts:
            send(server, token, user_id, 100)
    wait_for(lambda: database.one("select count(*) from engine_pendingevent") == 0, "all is done", 90)
    assert database.one("select count(*) from engine_signal") == 9000
    overtaken = """select count(*) from (select seq, lag(seq) over (partition by stream order by id) as before
                   from engine_event where type = 'signal_received') as placed where seq < before"""
    assert database.one(overtaken) == 0
    shares = database.rows("""select sum((counters->>'signals_processed')::int) from engine_metricbucket
                              where resolution = 'day' and counters ? 'signals_processed' group by process""")
    assert sum(row[0] for row in shares) == 9000
    assert len([row for row in shares if row[0] > 900]) == 2, f"one did it all: {shares}"
    assert [engine.stop() for engine in engines] == [0, 0]
    server.manage("verify")
