"""`manage.py halt`: the emergency stop from the command line, whether or not a server runs."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from engine.domain.enums import TradingState
from engine.management.targets import add_target, target_of
from engine.services.errors import ServiceError
from engine.services.trading import emergency_stop


class Command(BaseCommand):
    help = "Halt trading: durable at once; the engine cancels what works and pauses strategies. `resume` is the way back."

    def add_arguments(self, parser: CommandParser) -> None:
        add_target(parser)
        parser.add_argument("--reason", default="Manual emergency stop")
        parser.add_argument("--reducing", action="store_true", help="let exits pass, and leave those that rest")
        parser.add_argument("--flatten", action="store_true", help="close all positions at the market, too")
        parser.add_argument("--drill", action="store_true", help="say what would happen, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        user_ids, target = target_of(options)
        try:
            result = emergency_stop(
                user_ids=user_ids,
                by=options["by"],
                reason=options["reason"],
                now=timezone.now(),
                target=target,
                state=TradingState.REDUCING if options["reducing"] else TradingState.HALTED,
                flatten=options["flatten"],
                drill=options["drill"],
            )
        except ServiceError as error:
            raise CommandError(str(error)) from error
        done = "Would halt" if result.drill else "Halted"
        self.stdout.write(
            f"{done} {target}: {len(result.user_ids)} accounts ({', '.join(result.user_ids) or 'none that was not halted'}), "
            f"{result.orders_cancelled} orders to cancel, {result.strategies_paused} strategies to pause, "
            f"{result.positions_closing} positions to close."
        )
