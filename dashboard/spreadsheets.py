"""Tables as CSV files, made line by line, with nothing in them that a spreadsheet would carry out."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.http import StreamingHttpResponse

from engine.domain.intervals import IST

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")  # what a formula may begin with


class Echo:
    """A file that gives back what is written to it."""

    def write(self, line: str) -> str:
        return line


def csv_response(name: str, header: Sequence[str], rows: Iterable[Iterable[Any]]) -> StreamingHttpResponse:
    """The table as a download: its rows are never all in memory, only the file is. Numbers stay numbers; times are India's."""
    response = StreamingHttpResponse(_lines(header, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _lines(header: Sequence[str], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield "\N{BOM}" + writer.writerow(header)  # by which a spreadsheet knows it to be UTF-8
    for row in rows:
        yield writer.writerow([cell(value) for value in row])


def cell(value: Any) -> Any:
    """A value as a person reads it: times are India's."""
    return harmless(value.astimezone(IST).strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else value)


def harmless(value: Any) -> Any:
    """A text that a spreadsheet might take for a formula gets an apostrophe before it, which makes it a text again."""
    return f"'{value}" if isinstance(value, str) and value.startswith(DANGEROUS) else value
