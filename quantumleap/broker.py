"""Whether real orders are sent, and where: nothing is, unless everything that it takes is said."""

from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from engine.domain.brokers import LiveBroker

NEEDED = ("account", "url", "api_key", "access_token")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
NUMBERS = ("timeout_seconds", "poll_seconds", "breaker_failures", "breaker_seconds")


def live_broker(*, is_live: bool, **given: Any) -> LiveBroker | None:
    """The broker that real orders go to; None while `BROKER_LIVE` is off, whatever else is set.

    Raises ImproperlyConfigured for what is missing, and for an address that would send the credentials in the clear.
    """
    if not is_live:
        return None
    if missing := [f"BROKER_{name.upper()}" for name in NEEDED if not given[name]]:
        raise ImproperlyConfigured(f"BROKER_LIVE is on: set {', '.join(missing)}, or turn it off")
    if wrong := [f"BROKER_{name.upper()}" for name in NUMBERS if given[name] <= 0]:
        raise ImproperlyConfigured(f"{', '.join(wrong)}: must be above 0")
    address = urlsplit(given["url"])
    is_private = address.scheme == "https" or (address.scheme == "http" and address.hostname in LOOPBACK)
    if not is_private or "@" in address.netloc or address.query:
        raise ImproperlyConfigured("BROKER_URL must begin with https://, and hold no credentials and no query")
    return LiveBroker(**given | {"url": given["url"].rstrip("/")})
