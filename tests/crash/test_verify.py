"""Proof 8: `manage.py verify`, which has its say after each of the others, finds what was lost or done twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.crash.figures import Figures
from tests.crash.ledger import settled
from tests.crash.processes import Desk
from tests.crash.test_engine_killed import accept

pytestmark = pytest.mark.crash

SIGNALS = 300
FILL = "(select id from engine_execution where account_id = 'desk-0' order by id limit 1)"
TOUCHED = {  # what is done behind the log's back, and what verify must name
    "cash moved without a fill": ("update engine_account set cash = cash + 1 where user_id = 'desk-0'", "cash by its fills"),
    "a fill lost": (f"delete from engine_execution where id = {FILL}", "execution"),
    "a fill of another size": (f"update engine_execution set quantity = quantity + 1 where id = {FILL}", "quantity"),
    "a signal lost": ("delete from engine_signal where decision = 'HELD'", "signal"),
    "an event lost": (
        "delete from engine_event where id = (select max(id) from engine_event where type = 'order_executed')",
        "events handled",
    ),
}


@contextmanager
def a_copy(desk: Desk) -> Iterator[Desk]:
    """The same data once more. Nobody may be connected to the desk's own."""
    copy = replace(desk, database=f"{desk.database}_copy", processes=[])
    desk.postgres.execute(f"create database {copy.database} template {desk.database}")
    try:
        yield copy
    finally:
        desk.postgres.execute(f"drop database {copy.database} with (force)")


def test_control_whatever_is_touched_is_found(desk: Desk, figures: Figures) -> None:
    web = desk.web()
    accepted = accept(web.client(desk.token), 8, SIGNALS)
    desk.engine()
    outcome = settled(desk, accepted)
    figures.say(f"untouched: {outcome}")
    assert outcome.is_sound, outcome
    desk.close()
    for what, (statement, named) in TOUCHED.items():
        with a_copy(desk) as copy:
            desk.postgres.execute(statement, copy.database)
            found = copy.run("verify")
        figures.say(f"{what}: exit code {found.returncode}, {found.stderr.splitlines()[0]}")
        assert found.returncode == 1
        assert named in found.stderr
