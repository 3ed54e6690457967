"""Open positions and the last that were closed; closing them, and where they are stopped out or take their profit."""

from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.figures import money, pnl, price, quantity
from dashboard.live.positions import GROUPS, trail_of
from dashboard.live.risk import WHAT
from dashboard.pages.access import Scope, accounts_to_act_on, may_handle, scope_of, signed_in
from dashboard.pages.actions import Done, NotDone, action, require_still, require_word, to_each
from dashboard.pages.base import page
from dashboard.pages.confirmations import Confirmation, confirmed
from dashboard.pages.order_forms import is_too_fine, number_of, plain
from engine.domain.enums import HaltScope, TradingState
from engine.models import Position
from engine.selectors.positions import position_dict
from engine.selectors.prices import quotes_of
from engine.selectors.trading_states import trading_states
from engine.services.errors import NothingToClose
from engine.services.exits import positions_close
from engine.services.stop_losses import exit_levels_set

CLOSE_WORD = "CLOSE"
NOT_CLOSED = "The position was not closed."
NONE_CLOSED = "No position was closed."
MOST_PRICE = Decimal(10) ** 9


@login_required
@require_safe
def positions(request: HttpRequest) -> HttpResponse:
    scope, by = scope_of(request), request.GET.get("by", "")
    by = by if by in GROUPS else ""
    return page(request, "positions", scope, [scope.topic("positions", by=by)], by=by, groups=GROUPS)


# --- one -------------------------------------------------------------------------------------------------------------------
def ask_close(request: HttpRequest, position_id: UUID) -> Confirmation:
    held = _closable(request, position_id)
    row = position_dict(held, quotes_of({held.symbol}))
    return Confirmation(
        title=f"Close {quantity(abs(held.quantity))} {held.symbol}?",
        text="An order at the market closes the whole position, whatever is held when it is carried out. "
        "Its stop and its target end with it.",
        button="Close the position",
        back=_page_of(held.account_id),
        not_done=NOT_CLOSED,
        danger=True,
        icon="exit",
        facts=[
            ("Account", held.account_id),
            ("Side", row["side"]),
            ("Last price", price(row["current_price"]) if row["current_price"] is not None else "none known"),
            ("Value", money(row["market_value"])),
            ("Unrealised", pnl(row["unrealized_pnl"])),
            ("Strategy", held.strategy_id or "none"),
        ],
    )


def close_one(request: HttpRequest, position_id: UUID) -> str:
    held = _closable(request, position_id)
    by = signed_in(request).get_username()
    positions_close(user_id=held.account_id, symbol=held.symbol, strategy_id=held.strategy_id, by=by, now=timezone.now())
    return f"{held.symbol} is being closed: the order is on its way."


close = confirmed(NOT_CLOSED, ask_close, close_one)


@action
def exits(request: HttpRequest, position_id: UUID) -> Done:
    """Stop and target as they stand in the form; an empty field takes the level away."""
    held = _open(request, position_id)
    before = {"stop_loss": plain(held.stop_loss), "take_profit": plain(held.take_profit)}
    require_still(request, " ".join(before.values()))
    stop, target = (_level(request, name, word) for name, word in (("stop_loss", "stop"), ("take_profit", "target")))
    by = signed_in(request).get_username()
    exit_levels_set(position_id=held.id, stop_loss=stop, take_profit=target, by=by, now=timezone.now())
    parts = [f"{word} {price(level)}" if level else f"no {word}" for word, level in (("stop", stop), ("target", target))]
    trail = trail_of(position_dict(held, {}))
    undo = {"url": request.path, **before, "still": f"{plain(stop)} {plain(target)}"}
    return Done(f"{held.symbol}: {', '.join(parts)}{f'; it {trail} too' if trail else ''}.", undo)


def _level(request: HttpRequest, name: str, word: str) -> Decimal | None:
    text = request.POST.get(name, "").strip()
    if not text:
        return None
    level = number_of(text)
    if level is None or not 0 < level < MOST_PRICE or is_too_fine(level):
        raise NotDone(f"Nothing was changed: the {word} is a price in rupees, above 0, or empty for none.")
    return level


def _open(request: HttpRequest, position_id: UUID) -> Position:
    held = Position.objects.filter(id=position_id).first()
    if held is None or not may_handle(signed_in(request), held.account_id):
        raise NotDone("There is no such position, or it is not yours; nothing was done.", 404)
    if not held.quantity:
        raise NotDone(f"{held.symbol} is closed already; nothing was done.", 409)
    return held


def _closable(request: HttpRequest, position_id: UUID) -> Position:
    held = _open(request, position_id)
    if why := _why_not([held]).get(held.id):
        raise NotDone(f"{NOT_CLOSED.rstrip('.')}: {why}.", 409)
    return held


def _why_not(held: Sequence[Position]) -> dict[UUID, str]:
    """Where trading is halted an exit would only be refused later: it is said at once."""
    states = trading_states(sorted({row.account_id for row in held}))
    halts = [found for found in states if found["state"] == TradingState.HALTED]
    return {row.id: _halted(found) for row in held for found in halts if _binds(found, row)}


def _binds(halt: dict[str, Any], held: Position) -> bool:
    name = {HaltScope.SYMBOL: held.symbol, HaltScope.STRATEGY: held.strategy_id}.get(HaltScope(halt["scope"]), "")
    return halt["user_id"] in (None, held.account_id) and halt["name"] == name


def _halted(found: dict[str, Any]) -> str:
    what = f"{WHAT[HaltScope(found['scope'])].lower()} {found['name'] or found['user_id'] or ''}".strip()
    return f"trading of {what} is HALTED, and only cancels pass; resume it on the Risk page, or halt it anew with closing"


def _page_of(user_id: str) -> str:
    return f"{reverse('positions')}?account={user_id}"


# --- all -------------------------------------------------------------------------------------------------------------------
def ask_close_all(request: HttpRequest) -> Confirmation:
    scope = scope_of(request)
    held = _all_open(request, scope)
    if not held:
        raise NotDone("There is no open position: nothing to close.", 409)
    quotes = quotes_of({row.symbol for row in held})
    rows = [position_dict(row, quotes) for row in held]
    return Confirmation(
        title=f"Close all {len(rows)} positions of {scope.label}?"
        if len(rows) > 1
        else f"Close the position of {scope.label}?",
        text="Each is closed by an order at the market. Working orders are not cancelled and strategies go on: "
        "to keep them from trading on, stop them first.",
        button="Close all",
        back=f"{reverse('positions')}?{scope.query}",
        not_done=NONE_CLOSED,
        danger=True,
        icon="exit",
        facts=[
            ("Positions", quantity(len(rows))),
            ("Gross value", money(sum(abs(row["market_value"]) for row in rows))),
            ("Unrealised", pnl(sum(row["unrealized_pnl"] for row in rows))),
        ],
        word=CLOSE_WORD,
    )


def close_everything(request: HttpRequest) -> Done:
    """What can be closed is; of the rest it is said why it is not."""
    require_word(request, CLOSE_WORD, NONE_CLOSED.rstrip("."))
    held = _all_open(request, scope_of(request))
    why_not = _why_not(held)
    sent = _exits_sent(request, [row for row in held if row.id not in why_not], whole=not why_not)
    if not sent:
        raise NotDone(f"{NONE_CLOSED.rstrip('.')}: {next(iter(why_not.values()), 'there is no open position')}.", 409)
    fates = {row.id: "being closed" if row.id in sent else why_not.get(row.id, "was closed already") for row in held}
    each = to_each(held, lambda row: f"{quantity(abs(row.quantity))} {row.symbol} in {row.account_id}: {fates[row.id]}")
    said = "1 position is being closed" if len(sent) == 1 else f"{len(sent)} positions are being closed"
    left = len(held) - len(sent)
    return Done(f"{said}{f', {left} not' if left else ''}.", each=each)


def _exits_sent(request: HttpRequest, rows: Sequence[Position], *, whole: bool) -> set[UUID]:
    """Send the exits, one call for each account where it is closed whole; the positions that are on their way out."""
    by, sent = signed_in(request).get_username(), set()
    calls = {(row.account_id, None if whole else row.symbol, None if whole else row.strategy_id) for row in rows}
    for user_id, symbol, strategy_id in calls:
        with suppress(NothingToClose):  # flat by now
            exits = positions_close(user_id=user_id, symbol=symbol, strategy_id=strategy_id, by=by, now=timezone.now())
            sent |= {leaving.position_id for leaving in exits}
    return sent


close_all = confirmed(NONE_CLOSED, ask_close_all, close_everything)


def _all_open(request: HttpRequest, scope: Scope) -> Sequence[Position]:
    return list(Position.objects.open().filter(account__in=accounts_to_act_on(request, scope)))
