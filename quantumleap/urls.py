"""Where each address leads: the API, the pages, the admin."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("", include("dashboard.api.urls")),
    path("", include("dashboard.pages.urls")),
]

handler400 = "dashboard.api.handlers.bad_request"
handler500 = "dashboard.api.handlers.server_error"
