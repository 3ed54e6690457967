"""Live values in templates: the same markup is filled by the server at first and by static/js/table.js from then on."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboard import figures

register = template.Library()


@register.simple_tag
def value(row: Mapping[str, Any] | None, field: str, form: str = "text", css: str = "", flash: bool = False) -> SafeString:
    """A value of a row with its format: what the page's script finds again by `data-f` and rewrites."""
    raw = (row or {}).get(field)
    text = figures.shown(raw, form) if row else ""
    extra = [format_html(' class="{}"', css)] if css else []
    if form in figures.SIGNED:
        extra.append(format_html(' data-sign="{}"', figures.sign(raw, text) if raw is not None else 0))
    if form in figures.TIMES and raw:
        extra.append(format_html(' title="{}"', figures.utc(raw)))
    if flash:
        extra.append(SafeString(" data-flash"))
    return format_html('<span data-f="{}" data-as="{}"{}>{}</span>', field, form, SafeString("".join(extra)), text)


@register.simple_tag
def badge(row: Mapping[str, Any] | None, field: str) -> SafeString:
    """One of an enum's words as a badge; its colour hangs on the word."""
    raw = (row or {}).get(field)
    text = figures.shown(raw, "words") if row else ""
    return format_html(
        '<span class="pill" data-f="{}" data-as="words" data-value="{}">{}</span>', field, raw if raw is not None else "", text
    )


@register.simple_tag
def icon(name: str) -> SafeString:
    """One of our own icons; it says nothing that the words beside it do not say."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>', static("icons.svg"), name
    )


@register.filter
def shown(raw: Any, form: str) -> str:
    return figures.shown(raw, form)


@register.filter
def utc(raw: Any) -> str:
    return figures.utc(raw) if raw else ""
