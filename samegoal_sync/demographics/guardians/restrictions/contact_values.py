"""E-mail addresses and phones as keys, so that one value is found in all its spellings.

For comparing only: what is published is written elsewhere, as the person's own record has it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

import polars as pl

from samegoal_sync.demographics.guardians.restrictions.filler_emails import is_filler
from samegoal_sync.demographics.guardians.restrictions.spoilt_contacts import (
    meant_addresses,
    meant_numbers,
)
from samegoal_sync.demographics.joinable_frames import lookup
from samegoal_sync.outside_text import cleaned_text
from samegoal_sync.qmlativ.raw_objects import RawObjects

#: What may be an address within a text: a field may hold two, or a name beside one.
_ADDRESS = re.compile(r"[^\s,;:<>()\[\]\"'/|]+@[^\s,;:<>()\[\]\"'/|]+")
_SPACED_AT = re.compile(r"\s*@\s*")
_QUOTED = re.compile("[\"']")
_BETWEEN = r"[\s().\-\u2010-\u2015/_]*"
#: A number of the +1 countries anywhere in a text, with what may stand before it.
_NORTH_AMERICAN = re.compile(
    rf"(?<!\d)(?:(?:\+|00|011)?{_BETWEEN}1{_BETWEEN})?"
    rf"([2-9]\d\d){_BETWEEN}([2-9]\d\d){_BETWEEN}(\d{{4}})(?!\d)"
)
#: A number without its area code, alone in its field.
_LOCAL = re.compile(rf"^{_BETWEEN}([2-9]\d\d){_BETWEEN}(\d{{4}})(?!\d)(?!{_BETWEEN}\d{{3}})")
_EXTENSION = re.compile(r"(?i)[ ,;]*(?:extension|extn|ext\.?|;ext=|x|#)[ .:=]*\d{1,8}\W*$")
_LONGEST, _SHORTEST = 10, 7
#: No field of a contact is so long.
_MOST = 1_000
#: Hosts of one mailbox: another name of the host -> the one it is compared by.
SAME_MAILBOX = {
    "googlemail.com": "gmail.com",
    "me.com": "icloud.com",
    "mac.com": "icloud.com",
    "pm.me": "proton.me",
    "protonmail.com": "proton.me",
}


def email_keys(text: str | None) -> frozenset[str]:
    """Every address in the text, also in spoilt spelling: small letters, without dots and
    plus-tags before the ``@``."""
    plain = _plain(text)
    found = {*_ADDRESS.findall(_QUOTED.sub("", _SPACED_AT.sub("@", plain)))}
    return frozenset(filter(None, map(_email_key, found | meant_addresses(plain))))


def phone_keys(text: str | None) -> frozenset[str]:
    """Every number in the text, without country code and extension; none for what is no
    person's number. A number without its area code is its seven digits."""
    plain = _plain(text)
    return frozenset().union(*map(_numbers, {plain} | meant_numbers(plain)))


def _numbers(plain: str) -> frozenset[str]:
    found = {"".join(match) for match in _NORTH_AMERICAN.findall(plain)}
    if not found and (local := _LOCAL.match(plain)):
        found = {"".join(local.groups())}
    if not found:
        digits = re.sub(r"\D", "", _EXTENSION.sub("", plain))[-_LONGEST:]
        found = {digits} if len(digits) >= _SHORTEST else set()
    return frozenset(number for number in found if len(set(number)) > 1)


def phone_keys_to_compare(text: str | None) -> frozenset[str]:
    """``phone_keys``, and each without its area code, for numbers kept without one."""
    keys = phone_keys(text)
    return keys | {key[-_SHORTEST:] for key in keys}


def contact_keys(raw: RawObjects, name_ids: Iterable[int]) -> dict[int, frozenset[str]]:
    """NameID -> keys of every e-mail and phone of theirs, of any rank and type, confidential too.

    Fillers are no one's: two who have none are not one person.
    """
    wanted = pl.col("NameID").is_in(list(name_ids))
    keys: dict[int, set[str]] = {}
    emails = lookup(raw, "Demographics/NameEmail").filter(wanted)
    found = [
        (person, key)
        for person, text in emails.select("NameID", "EmailAddress").iter_rows()
        for key in email_keys(text)
    ]
    # Key by key: beside a filler, a field may hold an address.
    listed = pl.DataFrame(found, {"person": pl.Int64, "key": pl.String}, orient="row")
    for person, key in listed.filter(~is_filler("key")).iter_rows():
        keys.setdefault(person, set()).add(key)
    phones = lookup(raw, "Demographics/NamePhone").filter(wanted)
    for person, text in phones.select("NameID", "PhoneNumber").iter_rows():
        keys.setdefault(person, set()).update(phone_keys(text))
    return {person: frozenset(found) for person, found in keys.items()}


def _plain(text: str | None) -> str:
    """Full-width letters and invisible signs are how copied text comes."""
    return unicodedata.normalize("NFKC", cleaned_text(text or "", _MOST))


def _email_key(address: str) -> str | None:
    local, _, host = address.casefold().partition("@")
    host = host.strip(".")
    local = local.split("+", 1)[0].replace(".", "")
    # What has no letter (``_@_``) is typed so that the field is filled.
    if not all(any(map(str.isalnum, half)) for half in (local, host)):
        return None
    return f"{local}@{SAME_MAILBOX.get(host, host)}"
