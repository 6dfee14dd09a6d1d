"""E-mail addresses and phones as keys, so that one value is found in all its spellings.

For comparing only: what is published is written elsewhere, as the person's own record has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import polars as pl

from samegoal_sync.demographics.guardians.restrictions.filler_emails import is_filler
from samegoal_sync.demographics.joinable_frames import lookup
from samegoal_sync.qmlativ.raw_objects import RawObjects

#: What may be an address within a text: a field may hold two, or a name beside one.
_ADDRESS = re.compile(r"[^\s,;:<>()\[\]\"'/|]+@[^\s,;:<>()\[\]\"'/|]+")
_SPACED_AT = re.compile(r"\s*@\s*")
_EXTENSION = re.compile(r"(?i)[ ,;]*(?:extension|ext\.?|;ext=|x|#)[ .:=]*\d{1,8}\s*$")
_NATIONAL, _SHORTEST = 10, 7
_SAME_MAILBOX = {"googlemail.com": "gmail.com"}


def email_keys(text: str | None) -> frozenset[str]:
    """Every address in the text: small letters, without dots and plus-tags before the ``@``."""
    found = _ADDRESS.findall(_SPACED_AT.sub("@", text or ""))
    return frozenset(filter(None, map(_email_key, found)))


def phone_key(text: str | None) -> str | None:
    """The last ten digits, without an extension; ``None`` for what is no person's number."""
    digits = re.sub(r"\D", "", _EXTENSION.sub("", text or ""))[-_NATIONAL:]
    return digits if len(digits) >= _SHORTEST and len(set(digits)) > 1 else None


def contact_keys(raw: RawObjects, name_ids: Iterable[int]) -> dict[int, frozenset[str]]:
    """NameID -> keys of every e-mail and phone of theirs, of any rank and type, confidential too.

    Fillers are no one's: two who have none are not one person.
    """
    wanted = pl.col("NameID").is_in(list(name_ids))
    keys: dict[int, set[str]] = {}
    emails = lookup(raw, "Demographics/NameEmail").filter(wanted & ~is_filler("EmailAddress"))
    for person, text in emails.select("NameID", "EmailAddress").iter_rows():
        keys.setdefault(person, set()).update(email_keys(text))
    phones = lookup(raw, "Demographics/NamePhone").filter(wanted)
    for person, text in phones.select("NameID", "PhoneNumber").iter_rows():
        if key := phone_key(text):
            keys.setdefault(person, set()).add(key)
    return {person: frozenset(found) for person, found in keys.items()}


def _email_key(address: str) -> str | None:
    local, _, host = address.casefold().partition("@")
    host = host.strip(".")
    local = local.split("+", 1)[0].replace(".", "")
    return f"{local}@{_SAME_MAILBOX.get(host, host)}" if local and host else None
