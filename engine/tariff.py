"""The file of charges, read once: every rate with its source and the date from which it holds."""

import tomllib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from engine.domain.charges import NAMES, Rate, Tariff
from engine.domain.enums import Product, Side


class TariffError(Exception):
    """The file of charges cannot be used as it is."""


def current() -> Tariff:
    """What CHARGES_FILE says. Raises TariffError."""
    return tariff_read(settings.CHARGES_FILE)


@lru_cache(maxsize=8)
def tariff_read(path: Path) -> Tariff:
    try:
        entries = tomllib.loads(path.read_text())["rate"]
        return Tariff([rate for entry in entries for rate in _rates(entry)])
    except (OSError, KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise TariffError(f"{path}: {type(error).__name__}: {error}") from error


def _rates(entry: dict[str, Any]) -> Iterator[Rate]:
    charge, since, source = entry["charge"], entry["since"], entry["source"]
    fraction = Decimal(entry["fraction"])
    cap = Decimal(entry["cap"]) if "cap" in entry else None
    if charge not in NAMES or not isinstance(since, date) or not source or not 0 <= fraction < 1:
        raise ValueError(f"{charge} since {since}: a rate has one of the known names, a date, a source, and a fraction below 1")
    for product in entry["products"]:
        for side in entry["sides"]:
            yield Rate(charge, Product(product), Side(side), fraction, since, source, cap)
