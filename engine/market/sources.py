"""A price file as lines of text, plain or gzipped; and the one error that says where a file cannot be read."""

import gzip
import io
import zlib
from codecs import BOM_UTF8 as BYTE_ORDER_MARK
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
LONGEST_LINE = 100_000  # bytes; a price file has no such line, and a disk image has no other
LARGEST_DOCUMENT = 200_000_000  # bytes of a file that has to be read whole


class FeedError(Exception):
    """A price file cannot be read: its path, the number of the line, and what is wrong there."""

    def __init__(self, path: Path, line: int, problem: str) -> None:
        super().__init__(f"{path}, line {line}: {problem}" if line else f"{path}: {problem}")
        self.path, self.line, self.problem = path, line, problem


class Source:
    """A file's lines, one at a time, decoded and with their ends. All that can go wrong with a file is a FeedError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.line = 0

    def __enter__(self) -> Self:
        try:
            self._raw = self.path.open("rb")
            start = self._raw.peek(4)
        except OSError as error:
            raise FeedError(self.path, 0, error.strerror or str(error)) from None
        if start.startswith(ZIP):
            self._raw.close()
            raise FeedError(self.path, 0, "this is a zip archive: unpack it first")
        self._file = io.BufferedReader(gzip.GzipFile(fileobj=self._raw)) if start.startswith(GZIP) else self._raw
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._raw.close()

    def __iter__(self) -> Iterator[str]:
        while line := self._read(lambda: self._file.readline(LONGEST_LINE)):
            self.line += 1
            if len(line) == LONGEST_LINE:
                raise FeedError(self.path, self.line, f"a line of more than {LONGEST_LINE} bytes is no price")
            yield self._decoded(line)

    @property
    def is_json(self) -> bool:
        """Whether the file begins as a JSON document does. Reads nothing away."""
        return self._read(lambda: self._file.peek(64)).removeprefix(BYTE_ORDER_MARK).lstrip()[:1] in {b"{", b"["}

    def text(self) -> str:
        """The whole file, for formats that cannot be read line by line."""
        whole = self._read(lambda: self._file.read(LARGEST_DOCUMENT + 1))
        if len(whole) > LARGEST_DOCUMENT:
            raise FeedError(self.path, 0, f"more than {LARGEST_DOCUMENT // 1_000_000} MB")
        return self._decoded(whole)

    def _read(self, read: Callable[[], bytes]) -> bytes:
        try:
            return read()
        except (OSError, EOFError, zlib.error) as error:
            raise FeedError(self.path, self.line + 1, f"the file is damaged: {error}") from None

    def _decoded(self, data: bytes) -> str:
        try:
            return data.removeprefix(BYTE_ORDER_MARK).decode()
        except UnicodeDecodeError as error:
            line = (self.line or 1) + data[: error.start].count(b"\n")
            raise FeedError(self.path, line, "this is no UTF-8 text") from None
