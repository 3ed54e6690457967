"""The HTTP limit: an ASGI application that answers a body of the same size (BODY_BYTES), and does nothing else."""

import os
from typing import Any

BODY = b'{"filler":"' + b"x" * (int(os.environ.get("BODY_BYTES", "1000")) - 13) + b'"}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})
