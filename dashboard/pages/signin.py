"""Coming in and going out."""

from typing import Any

from django.conf import settings
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse

from dashboard.pages.sessions import session_ended


class SignIn(LoginView):
    """The demo's own sign-in stands on the page in the demo only."""

    template_name = "sign_in.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"page": "sign-in", "demo": settings.DEMO_SIGN_IN}


class SignOut(LogoutView):
    """Ends the session, and closes its sockets in every process at once."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        session_key = request.session.session_key
        response = super().post(request, *args, **kwargs)
        session_ended(session_key)
        return response
