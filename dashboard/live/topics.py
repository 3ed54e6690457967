"""The names of what a page can watch: `kind/scope?filters`, as in `orders/demo?status=FILLED`."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

EVERYBODY = "*"  # the scope of all accounts, for staff only
NAME_LIMIT = 1000  # characters


class UnknownTopic(ValueError):
    """There is no such topic."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What to show (`kind`), of whose (`scope`: an account's user id, or * for all), and which rows of it (`filters`)."""

    kind: str
    scope: str
    filters: tuple[tuple[str, str], ...] = field(default=())

    @classmethod
    def parse(cls, text: str) -> "Topic":
        """Raises UnknownTopic for what is not of the form."""
        name, _, query = text.partition("?")
        kind, separator, scope = name.partition("/")
        if not (separator and kind and scope and text.isprintable()) or "%00" in query or len(text) > NAME_LIMIT:
            raise UnknownTopic(text[:NAME_LIMIT])
        return cls.of(kind, scope, parse_qsl(query))

    @classmethod
    def of(cls, kind: str, scope: str, filters: Iterable[tuple[str, str]] = ()) -> "Topic":
        return cls(kind, scope, tuple(sorted((key, value) for key, value in filters if value)))

    @property
    def user_ids(self) -> list[str] | None:
        """The scope as the selectors want it."""
        return None if self.scope == EVERYBODY else [self.scope]

    def __str__(self) -> str:
        name = f"{self.kind}/{self.scope}"
        return f"{name}?{urlencode(self.filters)}" if self.filters else name
