"""The forms that deploy a strategy and change one: the same checks as over the API, said field by field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from pydantic import ValidationError

from dashboard.api.errors import faults_of
from dashboard.api.schemas.strategies import DeployRequest, StrategyChanges
from dashboard.pages.access import Scope, accounts_to_act_on, may_handle, scope_of, signed_in
from dashboard.pages.actions import REASON_LIMIT, text_of
from dashboard.pages.base import page
from engine.domain.enums import StrategyType
from engine.domain.strategies import RULES
from engine.models import Strategy
from engine.selectors.strategies import strategy_find
from engine.services import strategies as services
from engine.services.errors import InvalidStrategy, ServiceError

TYPES = [(kind.value, kind.value.replace("_", " ").capitalize()) for kind in StrategyType]
RULE_NAMES = [(rule.name, rule.title) for rule in RULES.values()]  # a rule is callable: templates would call it
PARAMETER = {
    "fast": "Fast average, bars",
    "slow": "Slow average, bars",
    "length": "Bars looked back on",
    "entry": "Entry, standard deviations",
    "stop_ranges": "Stop, average true ranges",
    "target_ranges": "Target, average true ranges",
}
LIMITS = {
    "max_positions": ("Open positions, at most", "10"),
    "max_daily_trades": ("Entries a day, at most", "50"),
    "max_drawdown_percent": ("Drawdown that stops it, %", "15"),
    "min_win_rate_percent": ("Win rate that pauses it, %", "40"),
    "max_errors": ("Rejected orders that pause it", "10"),
    "capital": ("Capital, ₹; 0 for the account's equity", "0"),
}


@dataclass(slots=True)
class Field:
    """One input: its name in the form, its label, what stands in it, and what is wrong with that."""

    name: str
    label: str
    value: str
    problems: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        return f"id_{self.name.replace('.', '-')}"


@dataclass(slots=True)
class StrategyForm:
    """What the templates show: plain fields, limits, and for each rule of ours its parameters."""

    values: Mapping[str, str]
    limits: list[Field]
    rules: dict[str, tuple[str, list[Field]]]  # rule: title, parameters
    problems: dict[str, list[str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    checked: bool = False  # it was only checked, and nothing is wrong

    types: ClassVar = TYPES
    beside: ClassVar = frozenset(
        {"name", "symbols", "description", "user_id", "rule", "parameters"}
    )  # have a place of their own

    @property
    def has_faults(self) -> bool:
        return bool(self.problems) or any(item.problems for item in self._fields())

    @property
    def elsewhere(self) -> list[str]:
        """What is wrong with no field that is shown."""
        return [f"{where}: {'; '.join(texts)}" for where, texts in self.problems.items() if where not in self.beside]

    def _fields(self) -> list[Field]:
        return [*self.limits, *(item for _, items in self.rules.values() for item in items)]

    def blame(self, faults: list[tuple[str, str]]) -> None:
        """Say each fault beside its field; what belongs to no field stands at the top."""
        own = {item.name: item for item in self._fields()}
        for where, text in faults:
            if where in own:
                own[where].problems.append(text)
            else:
                self.problems.setdefault(where, []).append(text)


def form_of(given: Mapping[str, str]) -> StrategyForm:
    """The form with what was given, and the defaults elsewhere."""
    limits = [Field(name, label, given.get(name, default)) for name, (label, default) in LIMITS.items()]
    rules = {
        rule.name: (
            rule.title,
            [
                Field(f"{rule.name}.{name}", PARAMETER[name], given.get(f"{rule.name}.{name}", f"{default:g}"))
                for name, default in rule.defaults.items()
            ],
        )
        for rule in RULES.values()
    }
    return StrategyForm(given, limits, rules)


def modify_form(strategy: Strategy, given: Mapping[str, str] | None = None) -> StrategyForm:
    """The form with a strategy as it stands, and on top of it what was given; of the rules its own alone."""
    stands = {name: _plain(getattr(strategy, name)) for name in LIMITS}
    if strategy.rule in RULES:
        stands |= {f"{strategy.rule}.{name}": f"{value:g}" for name, value in strategy.parameters.items()}
    stands |= {"name": strategy.name, "description": strategy.description, "symbols": ", ".join(strategy.symbols)}
    form = form_of(stands | dict(given or {}))
    form.rules = {name: found for name, found in form.rules.items() if name == strategy.rule}
    return form


def _plain(value: Decimal | int) -> str:
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


# --- deploy ----------------------------------------------------------------------------------------------------------------
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def deploy(request: HttpRequest) -> HttpResponse:
    scope = scope_of(request)
    if request.method != "POST":
        return _shown(request, scope, form_of({}))
    form = form_of({name: text.replace("\0", "") for name, text in request.POST.items() if isinstance(text, str)})
    wanted = _wanted(request.POST, form)
    user_id = _account(request, scope, form)
    if wanted is None or form.has_faults:
        return _shown(request, scope, form, 422)
    strategy = wanted.as_input()
    verdict = services.strategy_validate(strategy=strategy)
    form.warnings = verdict.warnings
    form.blame(_at_rule(verdict.problems, strategy.rule))
    if verdict.problems or request.POST.get("act") == "check":
        form.checked = not verdict.problems
        return _shown(request, scope, form, 422 if verdict.problems else 200)
    try:
        by = signed_in(request).get_username()
        row = services.strategy_deploy(user_id=user_id, strategy=strategy, by=by, now=timezone.now())
    except InvalidStrategy as error:
        form.blame(error.problems)
        return _shown(request, scope, form, 422)
    messages.success(request, f"{row.name} is deployed: it trades from its next signal on.")
    return redirect(f"{reverse('strategy', args=[row.id])}?account={user_id}")


def _shown(request: HttpRequest, scope: Scope, form: StrategyForm, status: int = 200) -> HttpResponse:
    accounts = accounts_to_act_on(request, scope)
    response = page(request, "strategy_deploy", scope, [], page="strategies", form=form, accounts=accounts, rules=RULE_NAMES)
    response.status_code = status
    return response


def _account(request: HttpRequest, scope: Scope, form: StrategyForm) -> str:
    """Whom it is deployed for: one that the visitor may trade in, and the page shows."""
    user_id = request.POST.get("user_id", "")
    if user_id not in accounts_to_act_on(request, scope):
        form.blame([("user_id", "choose an account that is yours to trade in")])
    return user_id


def _wanted(post: QueryDict, form: StrategyForm) -> DeployRequest | None:
    rule = post.get("rule", "")
    given = {name: post.get(name, "").strip() for name in ("name", "description", "strategy_type", *LIMITS)}
    given = {name: text for name, text in given.items() if text or name in ("name", "strategy_type")}
    chosen = {"rule": rule or None, "symbols": _symbols(post.get("symbols", "")), "parameters": _parameters(post, rule)}
    try:
        return DeployRequest.model_validate(given | chosen)
    except ValidationError as error:
        form.blame([(str(fault["loc"][1]), str(fault["msg"])) for fault in faults_of(error, ["body"])])
        return None


def _at_rule(problems: list[tuple[str, str]], rule: str) -> list[tuple[str, str]]:
    """A fault of a parameter beside its own field, where it names one of the rule's."""
    own = RULES[rule].defaults if rule in RULES else {}
    return [
        (
            next((f"{rule}.{name}" for name in own if text.startswith(f"{name} ")), where) if where == "parameters" else where,
            text,
        )
        for where, text in problems
    ]


def _symbols(text: str) -> list[str]:
    return [part.upper() for part in text.replace(",", " ").split()]


def _parameters(post: QueryDict, rule: str) -> dict[str, Any]:
    """A rule's parameters as numbers: whole ones where the default is whole. What is no number stays as it was written."""
    defaults = RULES[rule].defaults if rule in RULES else {}
    given = {name: post.get(f"{rule}.{name}", "").strip() for name in defaults}
    return {name: _number(text, defaults[name]) for name, text in given.items() if text}


def _number(text: str, default: float) -> Any:
    try:
        return int(text) if isinstance(default, int) else float(text)
    except ValueError:
        return text


# --- modify ----------------------------------------------------------------------------------------------------------------
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def modify(request: HttpRequest, strategy_id: str) -> HttpResponse:
    row = seen(request, strategy_id)
    if request.method != "POST":
        return _changing(request, row, modify_form(row))
    form = modify_form(row, {name: text.replace("\0", "") for name, text in request.POST.items() if isinstance(text, str)})
    changes = _changes(request.POST, row, form)
    if changes is None:
        return _changing(request, row, form, 422)
    by, reason = signed_in(request).get_username(), text_of(request, "reason", REASON_LIMIT)
    try:
        event = services.strategy_modify(strategy_id=row.id, changes=changes, by=by, reason=reason, now=timezone.now())
    except InvalidStrategy as error:
        form.blame(_at_rule(error.problems, row.rule))
        return _changing(request, row, form, 422)
    except ServiceError as error:
        form.blame([("", str(error))])
        return _changing(request, row, form, 422)
    changed = ", ".join(name.replace("_", " ") for name in event.data["changes"])
    messages.success(request, f"{event.data['changes'].get('name', row.name)} is changed: {changed}. New trades follow it.")
    return redirect(f"{reverse('strategy', args=[row.id])}?account={row.account_id}")


def _changing(request: HttpRequest, row: Strategy, form: StrategyForm, status: int = 200) -> HttpResponse:
    scope = scope_of(request, owner=row.account_id)
    response = page(request, "strategy_modify", scope, [], page="strategies", form=form, strategy=row)
    response.status_code = status
    return response


def _changes(post: QueryDict, row: Strategy, form: StrategyForm) -> dict[str, Any] | None:
    given: dict[str, Any] = {name: post.get(name, "").strip() for name in ("name", "description", *LIMITS) if name in post}
    given = {name: text for name, text in given.items() if text or name in ("name", "description")}
    symbols = _symbols(post.get("symbols", ""))
    given |= {"symbols": symbols} if symbols or row.symbols else {}
    given |= {"parameters": _parameters(post, row.rule)} if row.rule in RULES else {}
    try:
        return StrategyChanges.model_validate(given).given()
    except ValidationError as error:
        form.blame([(str(fault["loc"][1]), str(fault["msg"])) for fault in faults_of(error, ["body"])])
        return None


def seen(request: HttpRequest, strategy_id: str) -> Strategy:
    """A strategy that the visitor may see and command. Raises Http404."""
    row = strategy_find(strategy_id) if len(strategy_id) <= services.ID_LENGTH and strategy_id.isprintable() else None
    if row is None or not may_handle(signed_in(request), row.account_id):
        raise Http404
    return row
