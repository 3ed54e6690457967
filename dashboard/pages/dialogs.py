"""Forms that are pages of their own, and that a page's script fetches into a dialog: the same form, without the frame."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from dashboard.pages.access import Scope
from dashboard.pages.base import page

HEADER = "X-Dialog"


def form_page(request: HttpRequest, name: str, scope: Scope, *, status: int = 200, **context: Any) -> HttpResponse:
    """`templates/<name>.html`, or for a dialog the form in it, `templates/partials/<name>_form.html`."""
    if HEADER in request.headers:
        response = render(request, f"partials/{name}_form.html", {"scope": scope, "in_dialog": True, **context})
        response["Cache-Control"] = "no-store"
    else:
        response = page(request, name, scope, [], **context)
    response.status_code = status
    return response
