"""`manage.py settle_order ORDER_ID`: what a person found in the broker's own record of an order that it lists no more."""

import argparse
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from engine.brokers.settling import Found, order_settle
from engine.domain.brokers import ReportStatus
from engine.models import Order
from engine.services.errors import ServiceError

ENDS = [status.value for status in ReportStatus if status is not ReportStatus.WORKING]


class Command(BaseCommand):
    help = "Enter how an order ended at the broker. The engine books its fills and its end as if the broker had said so."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("order_id", type=UUID, help="our id of the order, as the alert has it")
        parser.add_argument("--filled", type=int, required=True, help="shares that are filled in all, booked ones included")
        parser.add_argument("--average", type=price, help="the average price of those shares, in rupees")
        parser.add_argument("--status", choices=ENDS, required=True, help="how it ended; ABSENT: the broker never had it")
        parser.add_argument("--by", required=True, help="who looked, for the audit")

    def handle(self, *args: Any, **options: Any) -> None:
        found = Found(ReportStatus(options["status"]), options["filled"], options["average"])
        try:
            event = order_settle(order_id=options["order_id"], found=found, by=options["by"], now=timezone.now())
        except ServiceError as error:
            raise CommandError(f"{error}. Nothing was recorded.") from error
        order = Order.objects.get(id=options["order_id"])
        at = f" at an average of {found.average_price} rupees" if found.average_price else ""
        self.stdout.write(
            f"Recorded as event {event.uid}: {order.side} {order.quantity} {order.symbol} of {order.account_id} is "
            f"{found.status}, {found.filled} filled{at}, as {options['by']} found. The engine books it."
        )


def price(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"{text} is no price") from None
