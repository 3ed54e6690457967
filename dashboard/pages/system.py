"""The engine room: health with reasons, lanes and their pace; for staff also workers, dead letters, settings and storage."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.live.operations import letter_row
from dashboard.live.topics import EVERYBODY, Topic
from dashboard.pages.access import scope_of, signed_in
from dashboard.pages.actions import NotDone, action, signed_in_only
from dashboard.pages.base import page
from engine.selectors.lanes import LAST_LOG_ID, dead_letter
from engine.services.dead_letters import requeue

MAY_REQUEUE = "engine.change_pendingevent"  # as in the admin


@login_required
@require_safe
def system(request: HttpRequest) -> HttpResponse:
    user, topics = signed_in(request), [Topic.of("health", EVERYBODY)]
    if user.is_staff:
        topics.append(Topic.of("operations", EVERYBODY))
    return page(request, "system", scope_of(request), topics, may_requeue=user.is_staff and user.has_perm(MAY_REQUEUE))


@signed_in_only("Nothing was requeued.")
@require_http_methods(["GET", "HEAD", "POST"])
def dead_letter_requeue(request: HttpRequest, event_id: int) -> HttpResponse:
    return _requeue(request, event_id) if request.method == "POST" else _confirmation(request, event_id)


@action
def _requeue(request: HttpRequest, event_id: int) -> str:
    """Send it back to work. It holds up its account's stream until it is handled, or fails three times more."""
    user = signed_in(request)
    if not (user.is_staff and user.has_perm(MAY_REQUEUE)):
        raise NotDone("Nothing was requeued: that is for staff who may.", 403)
    if event_id > LAST_LOG_ID:
        raise NotDone("Nothing was requeued: there is no such event.", 404)
    requeue(event_id=event_id, by=user.get_username(), now=timezone.now())
    return f"Event {event_id} is back at work."


def _confirmation(request: HttpRequest, event_id: int) -> HttpResponse:
    """Where the button leads without JavaScript."""
    user = signed_in(request)
    may = user.is_staff and user.has_perm(MAY_REQUEUE)
    letter = dead_letter(event_id) if may else None
    if letter is None:
        raise Http404
    return render(request, "requeue.html", {"page": "system", "scope": scope_of(request), "row": letter_row(letter)})
