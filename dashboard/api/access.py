"""Tokens for programs: made from a name and password, stored as a hash, shown once."""

from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from knox.models import AuthToken
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api import responses
from dashboard.api.base import ApiView, body_of
from dashboard.api.describe import described
from dashboard.api.errors import AuthRequired
from dashboard.api.schemas import SignInRequest


class TokenView(ApiView):
    authentication_classes: Any = []

    @described("Make a token", body=SignInRequest, response=responses.Token, tag="Access", errors=(401, 422, 429))
    def post(self, request: Request) -> Response:
        given = body_of(request, SignInRequest)
        user = authenticate(request._request, username=given.username, password=given.password)
        if not isinstance(user, User):
            raise AuthRequired("Unknown name or wrong password")
        row, token = AuthToken.objects.create(user)
        return Response({"status": "success", "token": token, "expiry": row.expiry, "user": user.get_username()})


class TokenRevokeView(ApiView):
    @described("Revoke the token that this request carries", response=responses.Revoked, tag="Access", errors=(401,))
    def delete(self, request: Request) -> Response:
        if not isinstance(request.auth, AuthToken):
            raise AuthRequired("Send the credential that is to be revoked")
        request.auth.delete()
        return Response({"status": "success", "message": "Revoked"})

    @described("The same, for clients that cannot DELETE", response=responses.Revoked, tag="Access", errors=(401,))
    def post(self, request: Request) -> Response:
        return self.delete(request)
