"""What is a page of its own, and for a page's script the form or the answer in it alone: the same, without the frame."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from dashboard.pages.access import Scope
from dashboard.pages.base import page

HEADER = "X-Fragment"  # asks for the fragment, and marks the answer that is one: an error's page is none


def is_wanted(request: HttpRequest) -> bool:
    return HEADER in request.headers


def answer(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The response, told apart from the other one that the same address has."""
    if is_wanted(request):
        response[HEADER] = "alone"
        response["Cache-Control"] = "no-store"
    patch_vary_headers(response, [HEADER])
    return response


def form_page(request: HttpRequest, name: str, scope: Scope, *, status: int = 200, **context: Any) -> HttpResponse:
    """`templates/<name>.html`, or for a dialog the form in it, `templates/partials/<name>_form.html`."""
    if is_wanted(request):
        response = render(request, f"partials/{name}_form.html", {"scope": scope, "in_dialog": True, **context})
    else:
        response = page(request, name, scope, [], **context)
    response.status_code = status
    return answer(request, response)
