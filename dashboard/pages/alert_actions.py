"""What can be done to alerts, one or many at once: all those that were selected, or none when one of them is not yours."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from dashboard.pages.access import signed_in
from dashboard.pages.actions import NOTE_LIMIT, Done, NotDone, action, text_of, to_each
from engine.models import Alert, AlertSilence
from engine.selectors.accounts import accounts_for
from engine.services import inbox

MOST = 500  # alerts in one request
SILENCES = [(15, "15 minutes"), (60, "1 hour"), (240, "4 hours"), (1440, "1 day"), (10_080, "7 days")]  # minutes


@action
def selected(request: HttpRequest, what: str) -> Done:
    """Do it to the alerts that the form names."""
    if what not in ACTS:
        raise NotDone("There is no such action; nothing was changed.", 404)
    alert_ids = _alerts(request)
    act, done = ACTS[what]
    can_undo = what in UNDO and not (what == "silence" and _any_silenced(alert_ids))
    handled = act(request, alert_ids)
    if not handled.done:
        raise NotDone("Nothing was changed: somebody was quicker, or it is so already.", 409)
    left = f" {_counted(len(handled.left))} left as before." if handled.left else ""
    undo = {"url": reverse("alerts-selected", args=[UNDO[what]]), "alert": handled.done} if can_undo else None
    return Done(f"{_counted(len(handled.done))} {done}.{left}", undo, _alerts_of(handled, done), by_engine=False)


def _alerts_of(handled: inbox.Handled, done: str) -> list[str]:
    """What became of each; those first that were left."""
    ids = [*handled.left, *handled.done]
    titles = dict(Alert.objects.filter(id__in=ids).values_list("id", "title"))
    fates = dict.fromkeys(handled.left, "left as before, resolved meanwhile or so already") | dict.fromkeys(handled.done, done)
    return to_each(ids, lambda alert_id: f"{titles[alert_id]}: {fates[alert_id]}")


def _acknowledge(request: HttpRequest, alert_ids: Sequence[str]) -> inbox.Handled:
    return inbox.alerts_acknowledge(alert_ids=alert_ids, by=_by(request), now=timezone.now())


def _unacknowledge(request: HttpRequest, alert_ids: Sequence[str]) -> inbox.Handled:
    return inbox.alerts_unacknowledge(alert_ids=alert_ids, by=_by(request), now=timezone.now())


def _resolve(request: HttpRequest, alert_ids: Sequence[str]) -> inbox.Handled:
    note = text_of(request, "note", NOTE_LIMIT)
    return inbox.alerts_resolve(alert_ids=alert_ids, by=_by(request), note=note, now=timezone.now())


def _silence(request: HttpRequest, alert_ids: Sequence[str]) -> inbox.Handled:
    minutes = request.POST.get("minutes", "")
    if minutes not in {str(choice) for choice, _ in SILENCES}:
        raise NotDone("Nothing was silenced: say for how long.")
    length = timedelta(minutes=int(minutes))
    return inbox.alerts_silence(alert_ids=alert_ids, length=length, by=_by(request), now=timezone.now())


def _unsilence(request: HttpRequest, alert_ids: Sequence[str]) -> inbox.Handled:
    return inbox.alerts_unsilence(alert_ids=alert_ids, by=_by(request), now=timezone.now())


ACTS: dict[str, tuple[Callable[[HttpRequest, Sequence[str]], inbox.Handled], str]] = {
    "acknowledge": (_acknowledge, "acknowledged"),
    "unacknowledge": (_unacknowledge, "active again"),
    "resolve": (_resolve, "resolved"),
    "silence": (_silence, "silenced"),
    "unsilence": (_unsilence, "no longer silenced"),
}
UNDO = {"acknowledge": "unacknowledge", "silence": "unsilence"}


def _alerts(request: HttpRequest) -> list[str]:
    """The alerts that were selected, every one of them the visitor's to handle: of an account of theirs, or, for staff, any."""
    wanted = sorted({alert_id for alert_id in request.POST.getlist("alert") if alert_id.isprintable()})
    if not wanted:
        raise NotDone("Nothing was changed: select an alert first.")
    if len(wanted) > MOST:
        raise NotDone(f"Nothing was changed: select at most {MOST} alerts at once.")
    user = signed_in(request)
    rows = Alert.objects.filter(id__in=wanted)
    if not user.is_staff:
        rows = rows.filter(account__in=accounts_for(user))
    if rows.count() < len(wanted):
        raise NotDone("One of the alerts is unknown, or not yours to handle; nothing was changed.", 404)
    return wanted


def _any_silenced(alert_ids: Sequence[str]) -> bool:
    """A silence that replaces another cannot be taken back: the other would be gone, too."""
    fingerprints = Alert.objects.filter(id__in=alert_ids).values("fingerprint")
    return AlertSilence.objects.filter(fingerprint__in=fingerprints, until__gt=timezone.now()).exists()


def _by(request: HttpRequest) -> str:
    return signed_in(request).get_username()


def _counted(number: int) -> str:
    return "1 alert" if number == 1 else f"{number} alerts"
