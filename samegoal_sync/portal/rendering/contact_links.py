"""A phone number or an e-mail address as something that a click calls or writes to."""

from __future__ import annotations

import re
from urllib.parse import quote

from samegoal_sync.demographics.columns.column import Contact
from samegoal_sync.demographics.columns.guardian_columns import GUARDIAN_TABLE

_EXTENSION = re.compile(r"\s*x(\d+)$")
_US_DIGITS = 10


def contact_link(value: str | None, column: str) -> str:
    """``312-555-0123 x45`` -> ``tel:+13125550123;ext=45``; empty where nobody is reached by it."""
    contact = GUARDIAN_TABLE.contacts.get(column)
    if not value or contact is None:
        return ""
    if contact is Contact.EMAIL:
        return f"mailto:{quote(value, safe='@')}"
    return _phone_link(value)


def _phone_link(phone: str) -> str:
    found = _EXTENSION.search(phone)
    number = phone[: found.start()] if found else phone
    digits = "".join(re.findall(r"[0-9]", number))
    if not number.lstrip().startswith("+") and len(digits) != _US_DIGITS:
        return f"tel:{digits}"  # of no country that we know
    country = "" if number.lstrip().startswith("+") else "1"
    return f"tel:+{country}{digits}" + (f";ext={found[1]}" if found else "")
