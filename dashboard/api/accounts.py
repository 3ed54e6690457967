"""The routes of one account, which is named in the address; their aliases name none, and are for who asks."""

import re

from rest_framework.request import Request

from dashboard.api.base import ApiView
from dashboard.api.errors import Invalid, NotFound, echo, fault
from dashboard.api.identity import require_signed_in, scope_of, seen_account, user_named
from dashboard.api.trading import seen_scope
from engine.models.accounts import USER_ID
from engine.selectors.units import Scope


class AccountView(ApiView):
    """A read of an account. Who may: its members and staff; 403 for others, 404 for an account that there is not."""

    def scope(self, request: Request, user_id: str | None, in_query: str | None) -> Scope:
        """The account of the address; for an alias the named one, or all that the caller may see."""
        return seen_scope(request, in_query) if user_id is None else [in_address(request, user_id, in_query)]

    def account(self, request: Request, user_id: str | None, in_query: str | None) -> str:
        """Likewise, where it has to be one: without a name, the only one that the caller may see."""
        if user_id is not None:
            return in_address(request, user_id, in_query)
        named = user_named(request, in_query)
        if named is not None:
            return seen_account(request, named)
        require_signed_in(request)
        seen = scope_of(request)
        if seen is None or len(seen) != 1:
            raise Invalid([fault("missing", ["query", "user_id"], "Field required: you may see more than one account", None)])
        return seen[0]


def in_address(request: Request, user_id: str, in_query: str | None) -> str:
    require_signed_in(request)
    if not re.fullmatch(USER_ID, user_id):
        raise NotFound(f"Account {echo(user_id)} not found")
    user_named(request, in_query, user_id)  # refuses one that differs
    return seen_account(request, user_id)
