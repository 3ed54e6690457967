"""Errors as pages: what happened, what was not done, and where to go; for who is signed in, in the frame of every page."""

import sys
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import BadRequest
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from dashboard.api import handlers
from dashboard.middleware import request_id
from dashboard.pages.access import Scope, scope_for, scope_of, signed_in
from dashboard.pages.actions import from_script
from dashboard.pages.base import page
from dashboard.pages.navigation import place_of

Way = tuple[str, str]  # an address, and the words that lead there


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Also for an unknown host, and for what a middleware refuses: the request may know no user."""
    if handlers.is_for_a_program(request):
        return handlers.bad_request()
    if isinstance(exception, BadRequest):  # a view says why
        return _framed(request, 400, "The request was not understood", str(exception))
    text = "The server could not make sense of what was sent. Nothing was changed."
    return _bare(request, 400, "The request was not understood", text)


def not_allowed(request: HttpRequest, exception: Exception) -> HttpResponse:
    text = "This is not yours to see or to do. Nothing was changed. An administrator can give you the right."
    return _framed(request, 403, "Not allowed", text)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    text = "This address leads nowhere, or to something that is not yours to see"
    text += ". Nothing was changed." if request.method == "POST" else "; it may have been mistyped, or be of another account."
    return _framed(request, 404, "There is nothing here", text)


def form_out_of_date(request: HttpRequest, reason: str = "") -> HttpResponse:
    """What Django's check against forged forms leads to. The page that the form stood in is opened anew by the first way."""
    text = (
        "The page that this came from was opened before you signed in or out, or its form was not ours. "
        "It was not carried out, and nothing was changed. Open the page anew and do it again."
    )
    back = urlsplit(request.headers.get("Referer", ""))
    same = back.netloc == request.get_host() and back.path.startswith("/")
    ways = [(f"{back.path}{f'?{back.query}' if back.query else ''}", "Open the page anew")] if same else []
    return _framed(request, 403, "The form is out of date", text, ways)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django has logged the exception by now. Nothing is looked up for the answer: it may be the database that fails."""
    if handlers.is_for_a_program(request):
        return handlers.server_error()
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        text = "The database does not answer, so nothing can be shown and nothing be done. Try again in a minute."
        return _bare(request, 503, "The desk is away", f"{text} {_uncertain(request)}")
    text = f"An error of ours kept this from being answered. It has been logged as {request_id(request) or 'the last one'}."
    return _bare(request, 500, "Something went wrong", f"{text} {_uncertain(request)}")


def _uncertain(request: HttpRequest) -> str:
    sent = "Whether what you sent was carried out is not certain: look before you do it again."
    return sent if request.method == "POST" else "Nothing was changed."


def _framed(request: HttpRequest, status: int, heading: str, text: str, ways: list[Way] | None = None) -> HttpResponse:
    with suppress(DatabaseError):
        if request.user.is_authenticated and not from_script(request):
            scope = _scope(request)
            context: dict[str, Any] = {"heading": heading, "text": text, "ways": [*(ways or []), *_ways(request, scope)]}
            if scope.chosen:
                response = page(request, "error", scope, [], **context)
            else:
                response = render(request, "error.html", {"page": "error", "scope": scope, "status": None, **context})
            response.status_code = status
            return response
    return _bare(request, status, heading, text, ways)


def _bare(request: HttpRequest, status: int, heading: str, text: str, ways: list[Way] | None = None) -> HttpResponse:
    if from_script(request):
        return JsonResponse({"done": False, "message": f"{heading}. {text}"}, status=status)
    context = {"page": "error", "heading": heading, "text": text, "ways": [*(ways or []), ("/", "To the Overview")]}
    return HttpResponse(render_to_string("error.html", context), status=status)


def _scope(request: HttpRequest) -> Scope:
    """The account in the address, unless that is what cannot be seen."""
    try:
        return scope_of(request)
    except Http404:
        return scope_for(signed_in(request))


def _ways(request: HttpRequest, scope: Scope) -> list[Way]:
    """To the list that the address belongs to, and to the Overview."""
    place = place_of(request.path)
    ways = [(f"{place.path}?{scope.query}", f"To {place.label}")] if place and place.path != request.path else []
    return [*ways, (f"/?{scope.query}", "To the Overview")]
