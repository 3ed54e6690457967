"""Which pages may open a socket here: our own, and those of the origins that are trusted with forms."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host

Application = Callable[..., Awaitable[Any]]


class SameOriginValidator:
    """Lets a socket in whose page came from the very scheme, host and port that it calls.

    Channels' AllowedHostsOriginValidator looks at the host's name alone: a page on another port would pass it. A client that is
    no browser sends no origin; it has no cookie of somebody else's either, and is let through to the consumer's own checks.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        headers = dict(scope["headers"])
        origin = headers.get(b"origin")
        host = headers.get(b"host", b"").decode("latin-1")
        if origin is None or is_trusted(origin.decode("latin-1"), host):
            return await self.application(scope, receive, send)
        return await WebsocketDenier()(scope, receive, send)


def is_trusted(origin: str, host: str) -> bool:
    """Whether a page of this origin may open a socket on this host."""
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    parts = urlsplit(origin)
    name, _ = split_domain_port(host)
    right_scheme = parts.scheme == "https" if settings.HTTPS_ONLY else parts.scheme in ("http", "https")
    return right_scheme and parts.netloc == host and validate_host(name, settings.ALLOWED_HOSTS)
