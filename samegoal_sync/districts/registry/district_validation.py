"""Checks a district's values before they are stored, and says everything that is wrong at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypedDict
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email

from samegoal_sync.district import RESERVED_SLUGS, DistrictSettings
from samegoal_sync.districts.errors import InvalidDistrict
from samegoal_sync.errors import SyncError
from samegoal_sync.outside_text import cleaned_text
from samegoal_sync.qmlativ.http.connection import checked_base_url, checked_token_url

_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")


class DistrictValues(TypedDict, total=False):
    """What can be entered for a district; see ``District`` for what each means."""

    slug: str
    name: str
    base_url: str
    client_key: str
    mail_domain: str | None
    contacts: tuple[str, ...]
    time_zone: str
    hour: int
    expires_on: date | None
    token_url: str | None
    api_prefix: str
    token_fields: dict[str, str]
    headers: dict[str, str]
    district_id: int | None
    settings: DistrictSettings


def checked_values(values: Mapping[str, Any], *, allow_loopback: bool) -> dict[str, Any]:
    """The values as they are stored: blanks stripped, addresses in their plain form.

    Raises:
        InvalidDistrict: with every problem, each naming its value.
    """
    checks = _checks(allow_loopback)
    checked: dict[str, Any] = {}
    problems: list[str] = []
    for name, value in values.items():
        try:
            checked[name] = checks[name](value) if name in checks else value
        except SyncError as error:
            problems.append(f"{name}: {error.what} ({error.hint})")
        except ValueError as error:
            problems.append(f"{name}: {error}")
    if problems:
        raise InvalidDistrict(problems)
    return checked


def _checks(allow_loopback: bool) -> dict[str, Callable[[Any], Any]]:
    def address(text: str) -> str:
        return checked_base_url(text, allow_loopback=allow_loopback)

    def token_address(text: str | None) -> str | None:
        return checked_token_url(text, allow_loopback=allow_loopback) if text else None

    return {
        "slug": _slug,
        "name": _name,
        "base_url": address,
        "client_key": _text,
        "mail_domain": _domain,
        "contacts": _contacts,
        "time_zone": _time_zone,
        "hour": _hour,
        "token_url": token_address,
        "api_prefix": _text,
        "token_fields": _texts,
        "headers": _texts,
    }


def _slug(text: str) -> str:
    if not _SLUG.fullmatch(text):
        raise ValueError(
            f"{text!r} is not made of small letters, digits and inner hyphens (at most 63)"
        )
    if text in RESERVED_SLUGS:
        raise ValueError(f"{text!r} is a name of ours; take the district's, {text}-isd say")
    return text


def _name(text: str) -> str:
    cleaned = cleaned_text(text)
    if not cleaned:
        raise ValueError("is blank")
    return cleaned


def _text(text: str) -> str:
    stripped = text.strip()
    if not stripped or not stripped.isprintable():
        raise ValueError("is blank, or holds a control character")
    return stripped


def _domain(text: str | None) -> str | None:
    if not text:
        return None
    domain = text.strip().lower().removeprefix("@")
    if not _DOMAIN.fullmatch(domain):
        raise ValueError(f"{domain!r} is not a mail domain such as fairview.example")
    return domain


def _contacts(addresses: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_contact(address) for address in addresses))


def _contact(address: str) -> str:
    try:
        # Districts on reserved domains (the demo's) are fine; a mail server's word is not asked.
        return validate_email(
            address.strip(), check_deliverability=False, test_environment=True
        ).normalized
    except EmailNotValidError:
        raise ValueError(f"{address!r} is not a mail address") from None


def _time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is not an IANA time zone such as America/Chicago")
    return name


def _hour(hour: int) -> int:
    if isinstance(hour, bool) or not 0 <= hour <= 23:
        raise ValueError("must be a whole hour from 0 to 23")
    return hour


def _texts(pairs: Mapping[str, str]) -> dict[str, str]:
    if not all(
        isinstance(text, str) and text.isprintable() for pair in pairs.items() for text in pair
    ):
        raise ValueError("must give a line of text for each name")
    return dict(pairs)
