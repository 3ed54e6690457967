"""Who asks, for which account, and whether they may.

The old API trusted whatever `user_id` it was told. Here a credential decides: staff may act for every account, others for the
accounts they are members of. Only with TRADING_ENGINE_LEGACY_ANONYMOUS does a caller without one act as whom it names.
"""

from datetime import datetime
from hmac import compare_digest
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.utils import timezone
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from knox.models import AuthToken
from knox.settings import CONSTANTS
from pydantic import ValidationError
from rest_framework.authentication import SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from dashboard.api.errors import ApiError, AuthRequired, Invalid, NotFound, PermissionDenied, fault, faults_of
from dashboard.api.schemas import UserQuery
from engine import reading
from engine.selectors.accounts import account_exists, account_is_open_to, accounts_for
from engine.selectors.units import Scope
from engine.services.accounts import account_open


class Credentials(TokenAuthentication):
    """An API token. A broker's `token key:secret`, which the old frontend sends next door, is none of ours."""

    def authenticate(self, request: Request) -> Any:
        header = get_authorization_header(request)
        if b":" in header or not header.isascii():
            return None
        return super().authenticate(request)

    def authenticate_credentials(self, token: bytes) -> tuple[User, AuthToken]:
        """As knox has it, by one statement made beforehand: its own two cost a fifth of the time that a signal's POST took."""
        text = token.decode("ascii")
        key = text[: CONSTANTS.TOKEN_KEY_LENGTH]
        owner = "on auth_user.id = knox_authtoken.user_id where token_key = %s and is_active"
        for known, user in reading.joined(AuthToken, User, owner, [key]):
            if compare_digest(hash_token(text), known.digest) and not self._cleanup_token(known):
                known.user = user
                return user, known
        raise AuthenticationFailed

    def _cleanup_token(self, auth_token: AuthToken) -> bool:
        """Whether it has expired. knox would look through all the user's other tokens too, at every request."""
        if auth_token.expiry is None or auth_token.expiry > timezone.now():
            return False
        auth_token.delete()
        return True


class OwnSession(SessionAuthentication):
    """Our pages' session. It writes only with the CSRF cookie's twin."""


def user_of(request: Request) -> User | AnonymousUser:
    user: User | AnonymousUser = request.user
    return user


def is_open_to(request: Request) -> bool:
    """Whether the caller is anonymous and the old open behaviour is on."""
    return bool(settings.TRADING_ENGINE_LEGACY_ANONYMOUS) and not user_of(request).is_authenticated


def who(request: Request) -> str:
    """The caller's name for the audit."""
    user = user_of(request)
    return user.get_username() if user.is_authenticated else "anonymous"


# --- may they? -------------------------------------------------------------------------------------------------------------
def require_signed_in(request: Request) -> None:
    if not user_of(request).is_authenticated and not is_open_to(request):
        raise AuthRequired


def require_staff(request: Request) -> None:
    require_signed_in(request)
    if not is_open_to(request) and not user_of(request).is_staff:
        raise PermissionDenied("Only staff may do this")


def require_public_read(request: Request) -> None:
    """Health, metrics and the system's alerts answer anybody, as they always did, unless that is switched off."""
    if not settings.TRADING_ENGINE_PUBLIC_READS:
        require_signed_in(request)


def require_own_pages(request: Request) -> None:
    """A caller without credentials has no CSRF protection either: refuse what a foreign site makes a browser send."""
    origin = request.headers.get("Origin")
    if origin is None or user_of(request).is_authenticated or origin in settings.CORS_ALLOWED_ORIGINS:
        return
    if urlsplit(origin).netloc != request.get_host():
        raise PermissionDenied("The request does not come from our own pages")


# --- for whom? -------------------------------------------------------------------------------------------------------------
def scope_of(request: Request) -> Scope:
    """The accounts that the caller may see: None for all of them, none for a caller without credentials."""
    user = user_of(request)
    if is_open_to(request) or (user.is_authenticated and user.is_staff):
        return None
    return list(accounts_for(user).values_list("user_id", flat=True))


def user_named(request: Request, in_query: str | None, in_body: str | None = None) -> str | None:
    """The account that the request names: in its query, its body, or X-User-ID. Raises ApiError when they disagree."""
    named = {name for name in (in_query, in_body, _named_in_header(request)) if name is not None}
    if len(named) > 1:
        raise ApiError("The request names more than one user_id", code="USER_ID_CONFLICT")
    return next(iter(named), None)


def _named_in_header(request: Request) -> str | None:
    try:
        return UserQuery(user_id=request.headers.get("X-User-ID")).user_id
    except ValidationError as error:
        raise Invalid(faults_of(error, ["header"])) from None


def seen_account(request: Request, user_id: str) -> str:
    """An account whose data the caller may read."""
    require_signed_in(request)
    if not is_open_to(request):
        _authorize(request, user_id)
    return user_id


def acting_account(request: Request, user_id: str | None, *, now: datetime) -> str:
    """The account that the caller may trade in. An unknown one is opened in the old open mode, and 404 elsewhere."""
    require_own_pages(request)
    require_signed_in(request)
    if user_id is None:
        raise Invalid([fault("missing", ["query", "user_id"], "Field required", None)])
    if is_open_to(request):
        if not account_exists(user_id):
            account_open(user_id=user_id, now=now)
    else:
        _authorize(request, user_id)
    return user_id


def acting_accounts(request: Request, user_id: str | None, *, now: datetime) -> list[str]:
    """The accounts that an emergency stop is for: the named one, or all that the caller may trade in."""
    if user_id is not None or not user_of(request).is_authenticated:
        return [acting_account(request, user_id, now=now)]
    return list(accounts_for(user_of(request)).values_list("user_id", flat=True))


def _authorize(request: Request, user_id: str) -> None:
    if account_is_open_to(user_of(request), user_id):
        return
    if account_exists(user_id):
        raise PermissionDenied("You may not act for this account")
    raise NotFound(f"Account {user_id} not found")
