"""Jinja2 templates, escaped, strict about names, with the few filters that they use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from samegoal_sync.demographics.columns.column import Code
from samegoal_sync.demographics.values.countries import country_name
from samegoal_sync.portal.rendering.column_labels import CODES, DATES, label
from samegoal_sync.portal.rendering.contact_links import contact_link
from samegoal_sync.portal.rendering.language_names import language

_WORDS: dict[Code, Callable[[str], str]] = {
    Code.ENROLLMENT: label,
    Code.LANGUAGE: language,
    Code.COUNTRY: country_name,
}

#: Shown where there is no value: an en dash.
_NOTHING = "\u2013"

_ROLES = {
    "technical_team": "Technical team",
    "administrative": "Administrative user",
    "teacher": "Teacher",
    "command": "By command",
}


def render(template: str, **values: Any) -> str:
    """A template's text."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("samegoal_sync.portal"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        day=day,
        moment=moment,
        capital=capital,
        contact_link=contact_link,
        label=label,
        role=_role,
        shown=shown,
        number=number,
        position=position,
        sentence=sentence,
        worded=worded,
    )
    return environment


def _role(value: str) -> str:
    return _ROLES.get(value, value)


def day(value: date | None) -> str:
    """``Nov 25, 2026``"""
    return f"{value:%b} {value.day}, {value.year}" if value else _NOTHING


def moment(value: datetime | None, zone: str = "UTC") -> str:
    """``Nov 25, 2026, 2:05 AM CST`` in a district's zone."""
    if value is None:
        return _NOTHING
    return f"{day(value.astimezone(ZoneInfo(zone)).date())}, {clock(value, zone)}"


def clock(value: datetime, zone: str) -> str:
    """``3:40 AM CST`` in a district's zone."""
    local = value.astimezone(ZoneInfo(zone))
    return f"{local.hour % 12 or 12}:{local:%M %p %Z}"


def shown(value: Any) -> str:
    """A value of a record as people read it."""
    if value is None or value == "":
        return _NOTHING
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return day(value)
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.0f} s"
    return str(value)


def worded(value: Any, field: str | None) -> str:
    """A field's value as people read it: codes of enrollment, language and country in words."""
    code = CODES.get(field or "")
    if value and code:
        return _WORDS[code](str(value))
    if value and field in DATES and isinstance(value, str):
        return day(date.fromisoformat(value))
    return shown(value)


def capital(text: str) -> str:
    """A text that begins a line; a command to be pasted stays as it is."""
    return text if text.startswith("samegoal-sync") else text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """What an error says, as a sentence of a page: a capital first, one full stop last."""
    return f"{capital(text.strip()).rstrip('.')}." if text.strip() else ""


def number(value: int | float) -> str:
    """``12,345``"""
    return f"{value:,}"


def position(values: list[Any], value: Any) -> int:
    """Where a value stands in a list, counted from 1."""
    return values.index(value) + 1
