"""Many rows in one statement, on SQLite and on PostgreSQL: what the ORM's bulk methods do, without building model instances.

A row is a tuple in the order of the named columns. SQLite takes the rows one after the other in one prepared statement;
PostgreSQL takes them by COPY, and, where a statement is needed, each column as one array (`unnest`).
Measured with 800 events: 38 ms by COPY and 112 ms by `unnest`, of them 10 and 43 ms in this process. Values are converted
a column at a time, for a column's are all of one kind: an event's text for COPY, its JSON apart, takes 2 us so, and took 8.
"""

from __future__ import annotations  # Django's fields are generic for the type checker only

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

import orjson
from django.db import connection, models

from engine.domain.values import as_decimal, as_json

Row = Sequence[Any]
Column = Sequence[Any]
Convert = Callable[[Column], Column]  # a column's values, none of them None, as the database takes them
FEW = 8  # rows for which COPY's extra round trips cost more than it saves
NULL = r"\N"  # COPY's word for it
ESCAPES = {"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"}  # what COPY's text would take for its own marks


_decoder = json.JSONDecoder(parse_float=Decimal)  # made once: json.loads makes one each time


def dumps(value: Any) -> str:
    """The value as JSON. Raises TypeError for what does not belong there."""
    try:
        return orjson.dumps(value, as_json, orjson.OPT_PASSTHROUGH_DATETIME).decode()
    except orjson.JSONEncodeError as error:
        raise error.__cause__ or error from None  # `as_json` says which type it was


def loads(text: str | bytes) -> Any:
    """JSON with its numbers exact: what has a fraction becomes a Decimal."""
    return _decoder.decode(text if isinstance(text, str) else text.decode())


def insert(model: type[models.Model], columns: Sequence[str], rows: Sequence[Row], *, on_conflict: str = "") -> None:
    """Insert the rows. `on_conflict` is an SQL clause to end the statement with."""
    if not rows:
        return
    fields = _fields(model, tuple(columns))
    names = ", ".join(f'"{field.column}"' for field in fields)
    table = model._meta.db_table
    if connection.vendor == "postgresql" and not on_conflict and len(rows) > FEW:
        _copy(f'copy "{table}" ({names}) from stdin', fields, rows)
    elif connection.vendor == "postgresql":
        statement = f'insert into "{table}" ({names}) select * from unnest({_array_types(fields)}) {on_conflict}'
        _execute(statement, _arrays(fields, rows))
    else:
        marks = ", ".join(["%s"] * len(fields))
        _execute_many(f'insert into "{table}" ({names}) values ({marks}) {on_conflict}', fields, rows)


def update(model: type[models.Model], columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Update rows by their first column, which is the key; the other columns are set."""
    if not rows:
        return
    fields = _fields(model, tuple(columns))
    key, *others = (field.column for field in fields)
    table = model._meta.db_table
    if connection.vendor == "postgresql":
        changes = ", ".join(f'"{name}" = given."{name}"' for name in others)
        names = ", ".join(f'"{name}"' for name in (key, *others))
        source = f"unnest({_array_types(fields)}) as given ({names})"
        _execute(f'update "{table}" set {changes} from {source} where "{table}"."{key}" = given."{key}"', _arrays(fields, rows))
    else:
        changes = ", ".join(f'"{name}" = %s' for name in others)
        rotated = [(*row[1:], row[0]) for row in rows]
        _execute_many(f'update "{table}" set {changes} where "{key}" = %s', (*fields[1:], fields[0]), rotated)


def delete(model: type[models.Model], column: str, keys: Sequence[Any]) -> None:
    """Delete the rows whose column is one of the keys."""
    if not keys:
        return
    (field,) = _fields(model, (column,))
    table = model._meta.db_table
    if connection.vendor == "postgresql":
        _execute(f'delete from "{table}" where "{field.column}" = any(%s)', [list(keys)])
    else:
        _execute_many(f'delete from "{table}" where "{field.column}" = %s', (field,), [(key,) for key in keys])


def reserve_ids(model: type[models.Model], count: int) -> list[int]:
    """The next `count` ids of an auto-numbered table, in order; insert them before reserving more.

    They are ours alone: a gap is all that a rollback leaves.
    """
    table, key = model._meta.db_table, model._meta.pk.column
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "select nextval(pg_get_serial_sequence(%s, %s)) from generate_series(1, %s)", [f'"{table}"', key, count]
            )
            return sorted(row[0] for row in cursor.fetchall())
        # SQLite has one writer at a time, and this transaction is it
        cursor.execute("select seq from sqlite_sequence where name = %s", [table])
        row = cursor.fetchone()
        first = (row[0] if row else 0) + 1
        return list(range(first, first + count))


@cache
def _fields(model: type[models.Model], names: tuple[str, ...]) -> tuple[models.Field[Any, Any], ...]:
    return tuple(model._meta.get_field(name) for name in names)  # type: ignore[misc]


@cache
def _array_types(fields: tuple[models.Field[Any, Any], ...]) -> str:
    return ", ".join(f"%s::{_array_type(field)}[]" for field in fields)


def _array_type(field: models.Field[Any, Any]) -> str:
    kind = field.rel_db_type(connection) if field.remote_field or field.primary_key else field.db_type(connection)
    return (kind or "text").split("(")[0].replace("varchar", "text")


def _columns(
    fields: Sequence[models.Field[Any, Any]],
    rows: Sequence[Row],
    converter: Callable[[models.Field[Any, Any]], Convert | None],
    null: str | None = None,
) -> list[Column]:
    """The rows as one sequence per column, converted, with `null` for None."""
    return [_converted(converter(field), column, null) for field, column in zip(fields, zip(*rows, strict=True), strict=True)]


def _converted(convert: Convert | None, column: Column, null: str | None) -> Column:
    if convert is None:
        return column
    known = [value for value in column if value is not None]
    if len(known) == len(column):
        return convert(column)
    values = iter(convert(known))
    return [null if value is None else next(values) for value in column]


def _arrays(fields: Sequence[models.Field[Any, Any]], rows: Sequence[Row]) -> list[list[Any]]:
    return [list(column) for column in _columns(fields, rows, _postgres_converter)]


@cache
def _postgres_converter(field: models.Field[Any, Any]) -> Convert | None:
    """What makes a column's values all of one type: psycopg refuses a list that holds, say, both 1 and Decimal("0.9")."""
    target = _target(field)
    if isinstance(target, models.JSONField):
        return _json
    if isinstance(target, models.DecimalField):
        return _decimals
    if isinstance(target, models.CharField | models.TextField):
        return _strings
    return _integers if isinstance(target, models.IntegerField) else None


def _copy(statement: str, fields: Sequence[models.Field[Any, Any]], rows: Sequence[Row]) -> None:
    columns = _columns(fields, rows, _copy_converter, NULL)
    text = "\n".join(map("\t".join, zip(*columns, strict=True)))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(text)


@cache
def _copy_converter(field: models.Field[Any, Any]) -> Convert:
    """How COPY's text format has a field's values."""
    target = _target(field)
    if isinstance(target, models.JSONField):
        return lambda column: _escaped(_json(column))
    if isinstance(target, models.CharField | models.TextField):
        return _escaped
    if isinstance(target, models.UUIDField):
        return _hexes
    if isinstance(target, models.DateTimeField):
        return lambda column: [f"{time}Z" for time in _times(column)]
    return _strings  # numbers and days: PostgreSQL reads them as Python writes them


def _escaped(column: Column) -> Column:
    """Texts for COPY. A column that holds none of its marks, which most do not, is found out in one look."""
    whole = "".join(column)
    for mark, escaped in ESCAPES.items():  # the backslash first: the others' escapes have one
        if mark in whole:
            column = [value.replace(mark, escaped) for value in column]
    return column


def _execute(statement: str, parameters: Sequence[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def _execute_many(statement: str, fields: Sequence[models.Field[Any, Any]], rows: Sequence[Row]) -> None:
    columns = _columns(fields, rows, _sqlite_converter)
    with connection.cursor() as cursor:
        cursor.executemany(statement, list(zip(*columns, strict=True)))


@cache
def _sqlite_converter(field: models.Field[Any, Any]) -> Convert | None:
    """How SQLite stores a field's values, as Django reads them back."""
    target = _target(field)
    if isinstance(target, models.JSONField):
        return _json
    if isinstance(target, models.DateTimeField):
        return _times
    if isinstance(target, models.UUIDField):
        return _hexes
    return _strings if isinstance(target, models.DecimalField | models.DateField | models.CharField) else None


def _target(field: models.Field[Any, Any]) -> models.Field[Any, Any]:
    """The field itself, or the one that its foreign key points to."""
    return field.target_field if field.remote_field else field  # type: ignore[attr-defined]


def _strings(column: Column) -> Column:
    return [*map(str, column)]


def _integers(column: Column) -> Column:
    return [*map(int, column)]


def _decimals(column: Column) -> Column:
    return [*map(as_decimal, column)]


def _json(column: Column) -> Column:
    return [*map(dumps, column)]


def _hexes(column: Column) -> Column:
    return [f"{value.int:032x}" for value in column]  # as `value.hex` has it, without the call


def _times(column: Column) -> Column:
    return [*map(_utc, column)]


@lru_cache(2048)  # a signal's rows hold some eighteen times, six of them different
def _utc(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
