"""Whose figures a page shows: the accounts that its reader may see, and the one that was chosen."""

import re
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlencode

from django.contrib.auth.models import AbstractUser
from django.http import Http404, HttpRequest

from dashboard.live.topics import EVERYBODY, Topic
from engine.models.accounts import USER_ID
from engine.selectors.accounts import accounts_for

CHOOSER_LIMIT = 200  # accounts in the list


@dataclass(frozen=True, slots=True)
class Scope:
    """`chosen` is a user id, * for all accounts (staff only), or empty for who has no account yet."""

    chosen: str
    user_ids_seen: list[str]
    sees_all: bool

    @property
    def user_ids(self) -> list[str] | None:
        if self.chosen == EVERYBODY:
            return None
        return [self.chosen] if self.chosen else []

    @property
    def is_everybody(self) -> bool:
        return self.chosen == EVERYBODY

    @property
    def query(self) -> str:
        """What each link of the page carries on."""
        return urlencode({"account": self.chosen}) if self.chosen else ""

    @property
    def label(self) -> str:
        return "all accounts" if self.is_everybody else self.chosen

    def topic(self, kind: str, **filters: str) -> Topic:
        return Topic.of(kind, self.chosen, filters.items())


def scope_of(request: HttpRequest, owner: str | None = None) -> Scope:
    """The account named in the address, else the owner of what is shown, else everything for staff, else the first.

    Raises Http404 for one out of the visitor's sight.
    """
    return scope_for(signed_in(request), request.GET.get("account") or request.POST.get("account") or owner or "")


def scope_for(user: AbstractUser, chosen: str = "") -> Scope:
    """Raises Http404 for an account out of the visitor's sight."""
    seen = list(accounts_for(user).values_list("user_id", flat=True)[:CHOOSER_LIMIT])
    if not chosen:
        chosen = EVERYBODY if user.is_staff and len(seen) != 1 else next(iter(seen), "")
    elif chosen == EVERYBODY:
        _found(user.is_staff)
    else:
        _found(re.fullmatch(USER_ID, chosen) is not None)  # PostgreSQL would choke on a NUL
        _found(chosen in seen or accounts_for(user).filter(user_id=chosen).exists())
    return Scope(chosen, seen, bool(user.is_staff))


def signed_in(request: HttpRequest) -> AbstractUser:
    """The visitor, on a page that asks for a sign-in."""
    return cast("AbstractUser", request.user)


def accounts_to_act_on(request: HttpRequest, scope: Scope) -> list[str]:
    """The accounts of the scope by name: never one that the visitor may not trade in."""
    rows = accounts_for(signed_in(request))
    return list((rows if scope.is_everybody else rows.filter(user_id=scope.chosen)).values_list("user_id", flat=True))


def may_handle(user: AbstractUser, user_id: str | None) -> bool:
    """An alert of an account is for who may see the account; one of the system is for staff."""
    return user.is_staff or (user_id is not None and accounts_for(user).filter(user_id=user_id).exists())


def _found(condition: bool) -> None:
    """What may not be seen looks the same as what is not there."""
    if not condition:
        raise Http404
