"""A prune that is killed at any point: nothing is lost, nothing is there twice, and the next run goes on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import archives, retention
from engine.models import Event, EventArchive
from engine.retention import Pruned
from tests.retention.conftest import log_of
from tests.retention.test_prune import differences, everything

pytestmark = pytest.mark.usefixtures("old_desk")


class KilledError(BaseException):
    """Nothing catches it, as nothing catches a kill."""


def die(*args: Any, **options: Any) -> Any:
    raise KilledError


def at_call(number: int, function: Callable[..., Any], *, after: bool = False) -> Callable[..., Any]:
    """The function, but for its so-and-so-manieth call: killed right before it, or right after."""
    calls = [0]

    def killing(*args: Any, **options: Any) -> Any:
        calls[0] += 1
        if calls[0] == number and not after:
            raise KilledError
        result = function(*args, **options)
        if calls[0] == number:
            raise KilledError
        return result

    return killing


# (where, which of its calls, right after it instead of right before it)
POINTS = [
    (Path, "rename", 1, False),  # written, not named
    (Path, "rename", 1, True),  # named, without its manifest
    (Path, "rename", 4, False),  # the second file's manifest is not named
    (archives, "write", 1, True),  # all on the disk, nothing deleted
    (archives, "write", 2, True),
    (archives, "_sync_folder", 1, False),
    (retention, "_delete", 1, True),  # deleted, not committed
    (retention, "_delete", 2, True),
    (retention, "snapshot_take", 2, False),
    (EventArchive, "save", 1, True),
    (retention, "_move", 1, True),  # between two files
]


@pytest.mark.parametrize(("owner", "name", "number", "after"), POINTS, ids=lambda value: getattr(value, "__name__", str(value)))
@pytest.mark.slow
def test_killed_and_started_again(
    owner: Any,
    name: str,
    number: int,
    after: bool,
    prune: Callable[..., Pruned],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = {stream: log_of(stream) for stream in ("asha", "ravi")}
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, at_call(number, getattr(owner, name), after=after))
        with pytest.raises(KilledError):
            prune()
    check(before, tmp_path)
    finished = prune()
    check(before, tmp_path)
    assert finished.events > 0
    assert prune().events == 0
    known = set(EventArchive.objects.values_list("name", flat=True))
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.gz")} == known, "the killed run's file was taken"
    assert not list(tmp_path.rglob("*.part"))


def check(before: dict[str, list[Any]], folder: Path) -> None:
    for stream, events in before.items():
        assert everything(folder, stream) == events, f"{stream}: lost, or there twice"
    assert differences() == differences(folder) == []


def test_without_waiting_for_the_disk_a_kill_would_lose_events(
    prune: Callable[..., Pruned], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: deleted first and written afterwards, the same kill is found by the same check."""
    before = {stream: log_of(stream) for stream in ("asha", "ravi")}
    write = archives.write

    def delete_first(folder: Path, rows: list[Event], **options: Any) -> EventArchive:
        Event.objects.filter(id__in=[row.id for row in rows]).delete()
        return write(folder, rows, **options)

    monkeypatch.setattr(archives, "write", delete_first)
    monkeypatch.setattr(archives, "_put", die)
    with pytest.raises(KilledError):
        prune()
    with pytest.raises(AssertionError, match="lost, or there twice"):
        check(before, tmp_path)
