"""The limit of a Django view on Daphne: no middleware, no database, a constant answer. Sync, and at /async as a coroutine,
on Django's own handler; and sync on ours, which crosses between the loop and a thread once."""

from django.conf import settings

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"], SECRET_KEY="only-for-benchmarks")  # noqa: S106

from django.core.asgi import get_asgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, path, re_path

from quantumleap.http import OneHopHandler


def answer(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "success", "read": len(request.body)})


async def answer_async(request: HttpRequest) -> JsonResponse:
    return answer(request)


urlpatterns: list[URLPattern] = [path("async", answer_async), re_path("", answer)]
application = get_asgi_application()
one_hop = OneHopHandler()
