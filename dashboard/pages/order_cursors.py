"""The blotter's pages by the API's own cursors."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from dashboard.api.errors import Invalid
from dashboard.api.paging import ORDER_CURSORS
from dashboard.live.orders import PAGE
from dashboard.live.state import Row
from engine.selectors.keyset import Key

CURSORS = ORDER_CURSORS["-created_at"]
write = CURSORS.write


def read(text: str | None) -> Key | None:
    """Where the page begins; None, the newest page, for a cursor that is none."""
    try:
        return CURSORS.read(text)
    except Invalid:
        return None


def after(rows: Sequence[Row]) -> str | None:
    """The cursor behind a full page of rows; None behind one that is not full."""
    if len(rows) < PAGE:
        return None
    return write((datetime.fromisoformat(rows[-1]["created_at"]), UUID(rows[-1]["id"])))
