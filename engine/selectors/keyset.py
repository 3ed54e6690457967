"""A page of a list begins right after the last row of the page before, whatever came or went meanwhile: no offsets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

R = TypeVar("R", bound=Model)
T = TypeVar("T")
U = TypeVar("U")
Key = tuple[Any, ...]  # the last row's values in the columns that the list is sorted by


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows of a list, and the key that the next page begins after; None on the last page."""

    rows: list[T]
    next: Key | None

    def map(self, change: Callable[[T], U]) -> "Page[U]":
        return Page([change(row) for row in self.rows], self.next)


class Ordering:
    """The columns that a list is sorted by, `-` for descending. The last one is unique, so that no two rows tie."""

    def __init__(self, *columns: str) -> None:
        self.columns = columns
        self.key_of: Callable[[Any], Key] = _tuple_of([column.lstrip("-") for column in columns])

    def after(self, key: Key) -> Q:
        """The rows behind the key. Spelt `a <= x and (a < x or (a = x and ...))`: the first half is what an index can serve."""
        bound, equal = Q(), Q()
        for column, value in zip(self.columns, key, strict=True):
            name, beyond = column.lstrip("-"), "lt" if column.startswith("-") else "gt"
            bound |= equal & Q(**{f"{name}__{beyond}": value})
            equal &= Q(**{name: value})
        first = self.columns[0]
        return Q(**{f"{first.lstrip('-')}__{'lte' if first.startswith('-') else 'gte'}": key[0]}) & bound

    def page(self, rows: QuerySet[R], *, after: Key | None, limit: int, skip: int = 0) -> Page[R]:
        """One statement; none for a page of no rows. `skip` rows are left out at the beginning."""
        if limit <= 0:
            return Page([], None)
        found = list((rows.filter(self.after(after)) if after else rows).order_by(*self.columns)[skip : skip + limit + 1])
        return cut(found, limit, self.key_of)


def cut(found: Sequence[T], limit: int, key_of: Callable[[T], Key]) -> Page[T]:
    """A page of `limit` rows. One more was asked for: whether it came tells whether there is a next page."""
    rows = list(found[:limit])
    return Page(rows, key_of(rows[-1]) if rows and len(found) > limit else None)


def _tuple_of(names: Sequence[str]) -> Callable[[Any], Key]:
    getters = [attrgetter(name) for name in names]
    return lambda row: tuple(get(row) for get in getters)
