"""What prune takes out of the log and what it leaves; and that the past can still be read, and folded."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from itertools import chain
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from engine import archives, retention
from engine.archives import ArchiveBusyError, ArchiveDamagedError
from engine.domain.events import EventType
from engine.folding import events_after, snapshot_take
from engine.handlers import HANDLERS
from engine.models import Alert, BookSnapshot, Event, EventArchive, Order, PendingEvent
from engine.processing import run_until_idle
from engine.retention import PruneConflictError, Pruned
from engine.verification import verify
from tests.engine.flow import Clock, a_signal, held, poison, send
from tests.retention.conftest import NOW, WEEK, age, log_of, trade

pytestmark = pytest.mark.usefixtures("old_desk")
Prune = Callable[..., Pruned]


def everything(folder: Path, stream: str) -> list[tuple[int, object]]:
    """The stream's whole history: (number, id)."""
    parts = archives.parts_by_stream().get(stream, [])
    hot = chain.from_iterable(events_after(stream, 0))
    return [(seq, event.uid) for seq, event in archives.history(folder, parts, hot, archives.read)]


def differences(folder: Path | None = None) -> list[str]:
    return [str(difference) for difference in verify(archive=folder).differences]


def test_old_events_leave_the_log_and_the_whole_history_can_still_be_read(prune: Prune, tmp_path: Path) -> None:
    before = {stream: log_of(stream) for stream in ("asha", "ravi")}
    pruned = prune()
    assert pruned.events > 50
    assert len(pruned.files) >= 4
    for stream, events in before.items():
        assert everything(tmp_path, stream) == events
        assert len(log_of(stream)) < len(events)
    assert differences() == differences(tmp_path) == []


def test_an_archived_event_says_what_it_said_in_the_log(prune: Prune, tmp_path: Path) -> None:
    in_log = {event.uid: (seq, event) for chunk in events_after("asha", 0) for seq, event in chunk}
    prune()
    archived = [item for part in archives.parts_by_stream()["asha"] for item in archives.read(tmp_path, part)]
    assert len(archived) > 20
    assert [in_log[event.uid] for _, event in archived] == archived


def test_what_is_still_needed_stays(prune: Prune, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(HANDLERS, EventType.SIGNAL_RECEIVED, poison())
    send(a_signal("BAD"))
    clock = Clock()
    for _ in range(3):
        clock.pass_seconds(60)
        run_until_idle(now=clock)
    send(a_signal(size=1))  # waits
    age(30)
    assert PendingEvent.objects.filter(dead_at__isnull=False).count() == 1
    assert PendingEvent.objects.count() == 2
    needed = retention.held_chains()
    assert set(Order.objects.working().values_list("correlation_id", flat=True)) < needed
    staying = set(Event.objects.filter(correlation_id__in=needed).values_list("uid", flat=True))
    pruned = prune()
    assert set(Event.objects.values_list("uid", flat=True)) == staying
    assert pruned.kept == len(staying)
    assert PendingEvent.objects.count() == 2
    run_until_idle(now=clock)
    assert differences() == []


def test_the_chain_of_an_open_alert_stays_until_it_is_resolved(prune: Prune, tmp_path: Path) -> None:
    (alert,) = Alert.objects.open().filter(correlation_id__isnull=False, account="ravi", fingerprint__startswith="halt:")
    assert alert.correlation_id
    prune()
    assert Event.objects.filter(correlation_id=alert.correlation_id).count() > 1
    Alert.objects.update(status="RESOLVED", resolved_at=NOW)
    prune()
    assert not Event.objects.filter(correlation_id=alert.correlation_id, created_at__lt=NOW - WEEK).exists()
    assert differences(tmp_path) == []  # later files hold earlier events, too


def test_young_events_stay(prune: Prune) -> None:
    young = set(Event.objects.filter(created_at__gte=NOW - WEEK).values_list("uid", flat=True))
    assert young
    prune()
    assert young <= set(Event.objects.values_list("uid", flat=True))
    assert prune(before=NOW - 3 * WEEK).events == 0


@pytest.mark.slow
def test_trading_goes_on_and_prune_goes_on(prune: Prune, tmp_path: Path) -> None:
    before = {stream: log_of(stream) for stream in ("asha", "ravi")}
    prune()
    for _ in range(2):
        trade()
        for stream, events in before.items():
            events += [item for item in log_of(stream) if item not in events]
        prune(before=datetime.now(UTC))
        assert differences() == differences(tmp_path) == []
    for stream, events in before.items():
        assert everything(tmp_path, stream) == events
    assert BookSnapshot.objects.filter(stream="asha").count() <= 3
    assert held()


def test_what_cannot_be_folded_is_left_alone(prune: Prune) -> None:
    Event.objects.filter(stream="asha", seq__isnull=False).order_by("seq")[3].delete()
    events = log_of("asha")
    pruned = prune()
    assert list(pruned.unfoldable) == ["asha"]
    assert log_of("asha") == events
    assert pruned.events > 0, "the others are not held up by it"


def test_each_file_has_a_manifest_and_any_tool_can_read_it(prune: Prune, tmp_path: Path) -> None:
    pruned = prune()
    lines = 0
    for name in pruned.files:
        manifest = json.loads((tmp_path / f"{name}.manifest.json").read_text())
        archive = EventArchive.objects.get(name=name)
        rows = [json.loads(line) for line in gzip.decompress((tmp_path / name).read_bytes()).splitlines()]
        assert len(rows) == manifest["events"] == archive.events
        assert set(manifest["streams"]) == {row["stream"] for row in rows}
        assert name.startswith(f"{archive.first_at:%Y-%m}/events-")
        lines += len(rows)
    assert lines == pruned.events


@pytest.mark.parametrize("harm", ["lost", "changed", "cut"])
def test_a_damaged_archive_is_found(prune: Prune, tmp_path: Path, harm: str) -> None:
    name = prune().files[1]
    path = tmp_path / name
    content = path.read_bytes()
    path.unlink()
    if harm != "lost":
        path.write_bytes(content[:-9] if harm == "cut" else content[:100] + b"x" + content[101:])
    assert any(name in difference for difference in differences(tmp_path))
    assert differences() == [], "the log and the tables are as they were"
    with pytest.raises(CommandError):
        call_command("verify", "--full", "--archive", str(tmp_path), stderr=StringIO())


def test_one_prune_at_a_time(prune: Prune, tmp_path: Path) -> None:
    with archives.locked(tmp_path), pytest.raises(ArchiveBusyError):
        prune()
    assert prune().events


def test_an_archive_is_never_overwritten(prune: Prune, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = name_of_first_file(prune, tmp_path, monkeypatch)
    (tmp_path / name).write_bytes(b"somebody else's")
    with pytest.raises(ArchiveDamagedError):
        prune()
    assert (tmp_path / name).read_bytes() == b"somebody else's"
    assert not EventArchive.objects.exists()


def name_of_first_file(prune: Prune, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    with monkeypatch.context() as patch:
        patch.setattr(retention, "_delete", lambda ids, before: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            prune()
    (path,) = tmp_path.rglob("*.gz")
    return str(path.relative_to(tmp_path))


def test_an_event_that_is_needed_again_stops_it(prune: Prune, monkeypatch: pytest.MonkeyPatch) -> None:
    write = archives.write
    count = Event.objects.count()

    def write_and_wait(folder, rows, *, now):
        row = rows[-1]
        PendingEvent.objects.create(event_id=row.id, lane="system_events", stream=row.stream, priority=1, due_at=now)
        return write(folder, rows, now=now)

    monkeypatch.setattr(archives, "write", write_and_wait)
    with pytest.raises(PruneConflictError):
        prune()
    assert Event.objects.count() == count


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("snapshot")
    assert capsys.readouterr().out.startswith("asha: ")
    assert BookSnapshot.objects.count() == 2
    call_command("prune", "--days", "7", "--archive", str(tmp_path))
    assert "for something still refers to them" in capsys.readouterr().out
    call_command("verify")
    call_command("verify", "--full", "--archive", str(tmp_path))
    assert capsys.readouterr().out.count("the tables agree with the log") == 2
    with pytest.raises(CommandError, match="there are no accounts nobody"):
        call_command("snapshot", "nobody")
    with pytest.raises(CommandError, match="1 to 36500 days"):
        call_command("prune", "--days", "0")


def test_a_snapshot_that_was_touched_is_found(tmp_path: Path, prune: Prune) -> None:
    snapshot = snapshot_take(stream="asha", now=NOW)
    snapshot.book["cash"] = "1.00"
    snapshot.save()
    assert any("cash" in difference for difference in differences())
    assert any(f"snapshot after {snapshot.seq}" in difference for difference in differences(tmp_path))


def upgrade() -> None:
    """All snapshots so far are of a version before this one, and hold less than a book does now."""
    for snapshot in BookSnapshot.objects.all():
        snapshot.version -= 1
        del snapshot.book["pace"]
        snapshot.save()


def test_a_snapshot_of_before_an_upgrade_is_no_difference(prune: Prune, tmp_path: Path) -> None:
    for stream in ("asha", "ravi"):
        snapshot_take(stream=stream, now=NOW)
    upgrade()
    assert differences() == differences(tmp_path) == []
    newer = snapshot_take(stream="asha", now=NOW)
    assert BookSnapshot.objects.filter(stream="asha", seq=newer.seq).count() == 2
    assert differences() == differences(tmp_path) == []


def test_with_its_beginning_archived_an_upgraded_desk_is_folded_from_there(prune: Prune, tmp_path: Path) -> None:
    prune()
    upgrade()
    result = verify()
    assert [note.split(" ")[0] for note in result.notes] == ["asha", "ravi"]
    assert "verify --full" in result.notes[0]
    assert result.differences == []
    with pytest.raises(CommandError, match="2 accounts could not be looked at"):
        call_command("verify", stderr=StringIO())
    full = verify(archive=tmp_path)
    assert (full.differences, full.notes, full.accounts) == ([], [], 2)
    trade()
    assert not prune(before=datetime.now(UTC)).unfoldable, "it reads the archives, and takes a new snapshot"
    again = verify()
    assert (again.differences, again.notes) == ([], [])
