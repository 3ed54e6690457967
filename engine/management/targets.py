"""What the commands `halt` and `resume` are about: the same words for both."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from engine.domain.enums import HaltScope
from engine.models import Account, Strategy
from engine.services.trading import THE_ACCOUNT, Target


def add_target(parser: CommandParser) -> None:
    parser.add_argument("--all", action="store_true", dest="everybody", help="everybody, also accounts opened later")
    parser.add_argument("--account", action="append", default=[], help="an account (repeatable)")
    parser.add_argument("--strategy", default="", help="one strategy, by its id")
    parser.add_argument("--symbol", default="", help="one symbol, in the accounts named, or in all")
    parser.add_argument("--by", default="manage.py", help="who does it, for the audit")


def target_of(options: dict[str, Any]) -> tuple[list[str], Target]:
    """The accounts and what of them. Raises CommandError where the options say nothing, or two things."""
    everybody, accounts = options["everybody"], options["account"]
    strategy, symbol = options["strategy"], options["symbol"].upper()
    if sum(map(bool, (everybody, strategy, symbol))) > 1 or (accounts and (everybody or strategy)):
        raise CommandError("name one of --all, --account, --strategy, --symbol: nothing was changed")
    if everybody:
        return [], Target(HaltScope.GLOBAL)
    if strategy:
        owner = Strategy.objects.filter(id=strategy).values_list("account_id", flat=True).first()
        if owner is None:
            raise CommandError(f"there is no strategy {strategy}: nothing was changed")
        return [owner], Target(HaltScope.STRATEGY, strategy)
    if symbol:
        return accounts or list(Account.objects.values_list("user_id", flat=True)), Target(HaltScope.SYMBOL, symbol)
    if not accounts:
        raise CommandError("name what to act on: --all, --account, --strategy or --symbol")
    return accounts, THE_ACCOUNT
