"""Cursors: where the next page of a list begins, as one opaque word: an answer's `next_cursor` is the next request's `cursor`.

A list names its cursors once, with the type of its key, and gives the key that it got to its selector:

    CURSORS = Cursors("orders", tuple[Moment, UUID])
    page = orders_page(scope, after=CURSORS.read(query.cursor), limit=query.limit)
    return Response({..., "orders": page.rows, "count": len(page.rows), "next_cursor": CURSORS.write(page.next)})
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Literal
from uuid import UUID

from pydantic import TypeAdapter

from dashboard.api.errors import Invalid, fault
from dashboard.api.schemas import LogId, Moment, Text
from dashboard.api.wire import to_json
from engine.selectors.keyset import Key


class Cursors:
    """The cursors of one list in one order. They are no secret and give no right: a key only says where to go on."""

    def __init__(self, name: str, kind: Any) -> None:
        self.name = name
        self._key: TypeAdapter[Key] = TypeAdapter(kind)

    def read(self, text: str | None) -> Key | None:
        """The key to go on after. Raises Invalid for what is no cursor of this list in this order."""
        if not text:
            return None
        try:
            return self._parsed(text)
        except (ValueError, TypeError) as error:
            message = "This is no cursor of this list; leave it out to begin with the first page"
            raise Invalid([fault("cursor", ["query", "cursor"], message, text)]) from error

    def _parsed(self, text: str) -> Key:
        name, *key = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if name != self.name:
            raise ValueError("the cursor of another list")
        return self._key.validate_json(json.dumps(key))

    def write(self, key: Key | None) -> str | None:
        return None if key is None else urlsafe_b64encode(to_json([self.name, *key])).rstrip(b"=").decode()


ORDER_CURSORS = {ordering: Cursors(f"orders {ordering}", tuple[Moment, UUID]) for ordering in ("-created_at", "created_at")}
POSITION_CURSORS = Cursors("positions", tuple[Literal["OPEN"], Text, Text, Text] | tuple[Literal["CLOSED"], Moment, UUID])
ALERT_CURSORS = Cursors("alerts", tuple[Moment, Text])
EVENT_CURSORS = Cursors("events", tuple[LogId])
HISTORY_CURSORS = Cursors("closed positions", tuple[Moment, UUID])
EXECUTION_CURSORS = Cursors("executions", tuple[Moment, UUID])
