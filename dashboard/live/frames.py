"""What goes over the wire, in pieces: Daphne's limit on what a browser may send us holds for what we send, too."""

import json
from collections.abc import Mapping
from typing import Any

from dashboard.live.state import Row

FRAME_LIMIT = 48 * 1024  # bytes of rows in one frame, well under `serve`'s 64 KiB


def split(sections: Mapping[str, Mapping[str, Row | None]], limit: int = FRAME_LIMIT) -> list[str]:
    """The sections as JSON objects of at most `limit` bytes each (a row is never cut); at least one, even if empty."""
    parts: list[dict[str, list[str]]] = [{}]
    size = 0
    for section, rows in sections.items():
        parts[-1].setdefault(section, [])
        for key, row in rows.items():
            piece = f"{dumps(key)}:{dumps(row)}"
            if size and size + len(piece) > limit:
                parts.append({})
                size = 0
            parts[-1].setdefault(section, []).append(piece)
            size += len(piece)
    return [_joined(part) for part in parts]


def message(kind: str, field: str, content: str, **head: Any) -> str:
    """A message whose `field` holds the content, which is JSON already."""
    return f"{dumps({'t': kind, **head})[:-1]},{dumps(field)}:{content}}}"


def dumps(value: Any) -> str:
    """Compact, and in ASCII, so that characters are bytes."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _joined(part: dict[str, list[str]]) -> str:
    sections = (f"{dumps(section)}:{{{','.join(pieces)}}}" for section, pieces in part.items())
    return f"{{{','.join(sections)}}}"
