"""Live values in templates: the same markup is filled by the server at first and by static/js/table.js from then on."""

from ast import literal_eval
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from html import escape
from typing import Any

from django import template
from django.template.base import Parser, Token
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboard import figures, sparks
from dashboard.pages.navigation import Places
from engine.domain.intervals import IST

register = template.Library()

Finder = Callable[[template.Context], Any]  # of a row


class Value(template.Node):
    """A node of its own and no simple tag: there are thousands on a page, and what does not change is written once."""

    def __init__(self, row: Finder, field: str, form: str = "text", css: str = "", *, flash: bool = False) -> None:
        self.row, self.field, self.form = row, field, form
        self.start = f'<span data-f="{escape(field)}" data-as="{escape(form)}"' + (f' class="{escape(css)}"' if css else "")
        self.end = " data-flash>" if flash else ">"
        self.is_signed, self.is_time = form in figures.SIGNED, form in figures.TIMES

    def render(self, context: template.Context) -> SafeString:
        row = self.row(context)
        raw = row.get(self.field) if row else None
        text = figures.shown(raw, self.form) if row else ""
        extra = ""
        if self.is_signed:
            extra = f' data-sign="{figures.sign(raw, text) if raw is not None else 0}"'
        elif self.is_time and raw:
            extra = f' title="{escape(figures.utc(raw))}"'
        return SafeString(f"{self.start}{extra}{self.end}{escape(text)}</span>")


@register.tag
def value(parser: Parser, token: Token) -> Value:
    """{% value row "pnl" "money" flash=True %}: a value of a row with its format; it may have a class, and flash.

    It is what the page's script finds again by `data-f` and rewrites.
    """
    _, row, *bits = token.split_contents()
    named = dict(bit.split("=", 1) for bit in bits if "=" in bit)
    given = [literal_eval(bit) for bit in bits if "=" not in bit]
    return Value(_finder(parser, row), *given, **{name: literal_eval(bit) for name, bit in named.items()})


class Attributes(template.Node):
    """Attributes that hold a row's fields, and one more by which the page's script (static/js/parts.js) finds them again."""

    def __init__(self, row: Finder, pairs: Sequence[tuple[str, str]], mark: str, *, empty: object = "") -> None:
        self.row, self.pairs, self.mark, self.empty = row, pairs, mark, empty

    def render(self, context: template.Context) -> SafeString:
        row = self.row(context) or {}
        attributes = [f'{name}="{self._said(row.get(field))}"' for name, field in self.pairs]
        return SafeString(" ".join([*attributes, self.mark]))

    def _said(self, raw: Any) -> object:
        if raw is None:
            return self.empty
        return str(raw).lower() if isinstance(raw, bool) else escape(str(raw))


@register.tag
def bound(parser: Parser, token: Token) -> Attributes:
    """{% bound row "href:symbol_url title:name" %}: attributes that hold fields of a row, and follow them on the page.

    What stands after it is said of what is not known; else that is empty.
    """
    _, row, quoted, *empty = token.split_contents()
    text = literal_eval(quoted)
    pairs = [(attribute, field) for attribute, _, field in (pair.partition(":") for pair in text.split())]
    return Attributes(_finder(parser, row), pairs, f'data-bind="{escape(text)}"', empty=literal_eval(empty[0]) if empty else "")


@register.tag
def attrs(parser: Parser, token: Token) -> Attributes:
    """{% attrs row "side is_system" %}: fields of a row as data-side and data-is-system, for its styles; they follow it too."""
    _, row, quoted = token.split_contents()
    text = literal_eval(quoted)
    pairs = [(f"data-{field.replace('_', '-')}", field) for field in text.split()]
    return Attributes(_finder(parser, row), pairs, f'data-attrs="{escape(text)}"')


def _finder(parser: Parser, text: str) -> Finder:
    """A plain name is looked up at once: there are thousands on a page."""
    if text.isidentifier():
        return lambda context: context.get(text)
    expression = parser.compile_filter(text)
    return lambda context: expression.resolve(context, ignore_failures=True)


@register.simple_tag
def badge(row: Mapping[str, Any] | None, field: str) -> SafeString:
    """One of an enum's words as a badge; its colour hangs on the word."""
    raw = (row or {}).get(field)
    text = figures.shown(raw, "words") if row else ""
    return format_html(
        '<span class="pill" data-f="{}" data-as="words" data-value="{}">{}</span>', field, raw if raw is not None else "", text
    )


@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """One of our own icons; it says nothing that the words beside it do not say."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>', static("icons.svg"), name
    )


@register.simple_tag
def source(row: Mapping[str, Any] | None, text: str, priced: bool = False) -> SafeString:
    """For an element's tag: a title that says where its figures come from. static/js/ages.js adds how old they are."""
    at = (row or {}).get("priced_at") if priced else None
    title = f"{text}. Prices of {figures.shown(at, 'moment')} IST." if at else f"{text}."
    aged = format_html(' data-attrs="priced_at" data-priced-at="{}"', at or "") if priced else ""
    return format_html('title="{}" data-source="{}"{}', title, text, aged)


@register.simple_tag
def sparkline(name: str, values: Sequence[float | None]) -> SafeString:
    """A small curve without axes; static/js/spark.js draws it anew as the figures move."""
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        '<path data-spark="{}" d="{}"/></svg>',
        *(sparks.WIDTH, sparks.HEIGHT, name, sparks.path(values)),
    )


@register.simple_tag
def printed_at() -> str:
    """The time of this page, for paper; static/js/print.js makes it the time of printing."""
    at = timezone.now().astimezone(figures.IST)
    return f"{at.day} {at:%b %Y %H:%M:%S}"


@register.simple_tag
def countdown(row: Mapping[str, Any] | None, field: str) -> SafeString:
    """The time until then; static/js/clock.js counts on."""
    at = (row or {}).get(field)
    left = figures.span((figures.parsed(at) - timezone.now()).total_seconds()) if at else ""
    return format_html('<time data-countdown data-bind="datetime:{}" datetime="{}">{}</time>', field, at or "", left)


@register.simple_tag
def navigation(page: str) -> Places:
    """The pages that the main navigation offers, on the page of that name."""
    return Places(page)


@register.filter
def column(rows: Mapping[str, Mapping[str, Any]], field: str) -> list[Any]:
    """That field of each row of a section."""
    return [row[field] for row in rows.values()]


@register.simple_tag
def signed(raw: Any, form: str) -> SafeString:
    """A gain or a loss that stands still: with its sign, its arrow and its colour."""
    text = figures.shown(raw, form)
    return format_html('<span data-sign="{}">{}</span>', figures.sign(raw, text), text)


@register.filter
def shown(raw: Any, form: str) -> str:
    return figures.shown(raw, form)


@register.filter
def utc(raw: Any) -> str:
    return figures.utc(raw) if raw else ""


@register.filter
def input_time(at: datetime | None) -> str:
    """What a datetime-local field takes: Indian time, without its zone."""
    return at.astimezone(IST).strftime("%Y-%m-%dT%H:%M:%S") if at else ""
