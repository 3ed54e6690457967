"""Where each address leads: the API, the pages, the admin."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("", include("dashboard.api.urls")),
    path("", include("dashboard.pages.urls")),
]

handler400 = "dashboard.pages.errors.bad_request"
handler403 = "dashboard.pages.errors.not_allowed"
handler404 = "dashboard.pages.errors.not_found"
handler500 = "dashboard.pages.errors.server_error"
