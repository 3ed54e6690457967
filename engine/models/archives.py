from django.db import models

from engine.models.fields import money


class BookSnapshot(models.Model):
    """What folding a stream's first `seq` events gives: folding goes on from here, and what came before may be archived.

    `counts` is {event type: number}; `paid` is what the fills took out of the cash, in rupees. `version` is that of the book's
    shape (`snapshots.VERSION`): one of another version is neither folded on from nor compared.
    """

    stream = models.CharField(max_length=64)
    seq = models.BigIntegerField()
    version = models.PositiveSmallIntegerField()
    book = models.JSONField()
    counts = models.JSONField()
    paid = money()
    taken_at = models.DateTimeField()

    class Meta:
        ordering = ["stream", "seq"]
        constraints = [
            # also serves the finding of a stream's latest
            models.UniqueConstraint(fields=["stream", "version", "seq"], name="book_snapshot_once_a_version"),
        ]

    def __str__(self) -> str:
        return f"{self.stream} after {self.seq}"


class Landmark(models.Model):
    """A stream's book after its first `seq` events, the last of which was handled at `at`: time travel begins near its instant.

    Time travel leaves it on its way; nothing else reads it, and what is deleted here is folded anew.
    """

    stream = models.CharField(max_length=64)
    seq = models.BigIntegerField()
    version = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    book = models.JSONField()
    counts = models.JSONField()
    paid = money()

    class Meta:
        ordering = ["stream", "seq"]
        indexes = [
            # the last one before an instant
            models.Index(fields=["stream", "at"], name="landmark_before"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["stream", "version", "seq"], name="landmark_once_a_version"),
        ]

    def __str__(self) -> str:
        return f"{self.stream} after {self.seq}"


class EventArchive(models.Model):
    """A file of events that left the log: written in the transaction that deletes them, so each event is in one place.

    `streams` is {stream: where its events are in the file}, as the file's own manifest says.
    """

    name = models.CharField(max_length=120, primary_key=True, help_text="below the archive's folder")
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField(help_text="bytes")
    events = models.IntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    streams = models.JSONField()
    archived_at = models.DateTimeField()

    class Meta:
        ordering = ["first_at", "name"]

    def __str__(self) -> str:
        return self.name
