"""Books that this process has just handled, kept for the next batch: most of a small batch's time went into loading them anew.

A book is used again only while nobody else has touched its account since: its stream stands at the same number, and the account
bears the same stamp. Whoever takes a book takes it off the shelf, so a batch that fails leaves nothing wrong behind.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from engine.domain.book import Book, Changes


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one state of an account from every other: how many events it handled, when it was opened and last written."""

    seq: int
    opened_at: datetime
    written_at: datetime


class Shelf:
    """At most `size` books, the least recently used going first."""

    def __init__(self, size: int = 500) -> None:
        self.size = size
        self._books: OrderedDict[str, tuple[Stamp, Book]] = OrderedDict()
        self._lock = Lock()

    def take(self, user_id: str, stamp: Stamp) -> Book | None:
        """The account's book, when it is as new as the tables; it is off the shelf then, as one that is not is too."""
        with self._lock:
            kept, book = self._books.pop(user_id, (None, None))
        return book if kept == stamp else None

    def put(self, book: Book, stamp: Stamp) -> None:
        """Keep a book whose changes are committed."""
        changes = book.changes
        book.stored.difference_update(changes.orders, changes.positions, book.ended)
        book.stored.update(id for id, order in changes.orders.items() if order.is_working)
        book.stored.update(id for id, position in changes.positions.items() if position.quantity)
        book.open_alerts -= book.changes.cleared_alerts
        book.changes, book.moved, book.valued = Changes(), [], None
        book.ended.clear()
        book.early_cancels.clear()
        with self._lock:
            self._books[book.user_id] = stamp, book
            if len(self._books) > self.size:
                self._books.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._books.clear()


shelf = Shelf()  # this process's
