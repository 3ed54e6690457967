"""The limit of a sync Django view on Daphne: no middleware, no database, a constant answer."""

from django.conf import settings

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"], SECRET_KEY="only-for-benchmarks")  # noqa: S106

from django.core.asgi import get_asgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, re_path


def answer(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "success", "read": len(request.body)})


urlpatterns: list[URLPattern] = [re_path("", answer)]
application = get_asgi_application()
