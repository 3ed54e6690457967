"""Static files go compressed to whoever takes them so: a page's scripts and styles are 900 kB, and 200 kB so.

WhiteNoise sends what was compressed beforehand; `make run` collects nothing, so here each file is compressed when it is first
asked for, and kept.
"""

import gzip
from collections.abc import Callable
from typing import Any, cast

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.decorators import sync_and_async_middleware

TEXTS = ("text/", "application/javascript", "application/json", "application/manifest+json", "image/svg+xml")
SMALLEST = 1400  # bytes: below, a file fits into one packet anyway
MOST = 500  # files kept

_kept: dict[tuple[str, str], bytes] = {}


@sync_and_async_middleware
def StaticCompressionMiddleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:  # noqa: N802 - named as a class
    """Stands before WhiteNoise's."""
    if iscoroutinefunction(get_response):

        async def answer_later(request: HttpRequest) -> HttpResponseBase:
            response = await get_response(request)
            if not _compressible(request, response):
                return cast("HttpResponseBase", response)
            body = b"".join([part async for part in response]) if response.is_async else b"".join(response)
            return _compressed(request, response, body)

        return answer_later

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        return _compressed(request, response, b"".join(response)) if _compressible(request, response) else response

    return answer


def _compressible(request: HttpRequest, response: HttpResponseBase) -> bool:
    return (
        request.path.startswith(f"/{settings.STATIC_URL.lstrip('/')}")
        and request.method == "GET"
        and response.status_code == 200
        and isinstance(response, StreamingHttpResponse)
        and response.headers.get("Content-Type", "").startswith(TEXTS)
        and "Content-Encoding" not in response.headers
        and "gzip" in request.headers.get("Accept-Encoding", "")
        and int(response.headers.get("Content-Length", 0)) >= SMALLEST
    )


def _compressed(request: HttpRequest, plain: HttpResponseBase, body: bytes) -> HttpResponse:
    key = (request.path, plain.headers.get("Last-Modified", ""))
    if key not in _kept:
        if len(_kept) >= MOST:
            _kept.clear()
        _kept[key] = gzip.compress(body, 9, mtime=0)
    plain.close()
    answer = HttpResponse(_kept[key], headers={name: value for name, value in plain.items() if name != "Content-Length"})
    answer["Content-Encoding"] = "gzip"
    patch_vary_headers(answer, ["Accept-Encoding"])
    return answer
