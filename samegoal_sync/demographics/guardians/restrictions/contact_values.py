"""E-mail addresses and phones as keys, so that one value is found in all its spellings.

For comparing only: what is published is written elsewhere, as the person's own record has it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

import polars as pl

from samegoal_sync.demographics.guardians.restrictions.filler_emails import is_filler
from samegoal_sync.demographics.guardians.restrictions.mail_hosts import meant_hosts
from samegoal_sync.demographics.guardians.restrictions.spoilt_contacts import (
    addresses_without_sign,
    meant_addresses,
    meant_numbers,
    without_sign,
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


def email_keys(text: str | None) -> frozenset[str]:
    """Every address in the text, also in spoilt spelling: small letters, without dots and
    plus-tags before the ``@``, at every host that is meant. Of an address without its ``@`` at a
    host that nobody knows, ``without_sign``."""
    plain = _plain(text)
    found = {*_ADDRESS.findall(_QUOTED.sub("", _SPACED_AT.sub("@", plain)))}
    found |= meant_addresses(plain) | addresses_without_sign(plain)
    return frozenset().union(*map(_of_address, found))


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


def keys_to_compare(keys: Iterable[str]) -> frozenset[str]:
    """The keys, and what another field has that lacks a part of theirs: a number's area code, an
    address's ``@``. Keys of one field are compared with these of the other."""
    found = frozenset(keys)
    lacking = (without_sign(key) if "@" in key else key[-_SHORTEST:] for key in found)
    return found.union(lacking)


def contact_keys(raw: RawObjects, name_ids: Iterable[int]) -> dict[int, frozenset[str]]:
    """NameID -> keys of every e-mail and phone of theirs, of any rank and type, confidential too,
    in whichever of the fields for them they were typed.

    Fillers are no one's: two who have none are not one person.
    """
    wanted = pl.col("NameID").is_in(list(name_ids))
    emails = lookup(raw, "Demographics/NameEmail").filter(wanted)
    phones = lookup(raw, "Demographics/NamePhone").filter(wanted)
    typed = [(person, text, None) for person, text in emails.select(_OF_EMAIL).iter_rows()]
    typed += phones.select(_OF_PHONE).iter_rows()
    found = [
        (person, key)
        for person, text, extension in typed
        for key in email_keys(text) | email_keys(extension) | _numbers_in(text, extension)
    ]
    # Key by key: beside a filler, a field may hold an address.
    listed = pl.DataFrame(found, {"person": pl.Int64, "key": pl.String}, orient="row")
    keys: dict[int, set[str]] = {}
    for person, key in listed.filter(~is_filler("key")).iter_rows():
        keys.setdefault(person, set()).add(key)
    return {person: frozenset(theirs) for person, theirs in keys.items()}


_OF_EMAIL, _OF_PHONE = ("NameID", "EmailAddress"), ("NameID", "PhoneNumber", "Extension")


def _numbers_in(text: str | None, extension: str | None) -> frozenset[str]:
    """Numbers of a field, of which a part may stand in the one for extensions. The digits of an
    address are no number."""
    words = " ".join(word for word in (text or "").split() if "@" not in word)
    both = f"{words} {extension or ''}"
    return phone_keys(words) | phone_keys(both)


def _plain(text: str | None) -> str:
    """Full-width letters and invisible signs are how copied text comes."""
    return unicodedata.normalize("NFKC", cleaned_text(text or "", _MOST))


def _of_address(address: str) -> frozenset[str]:
    local, _, host = address.casefold().partition("@")
    if not local and "@" in address:
        return frozenset({address})
    host = host.strip(".")
    local = local.split("+", 1)[0].replace(".", "")
    # What has no letter (``_@_``) is typed so that the field is filled.
    if not all(any(map(str.isalnum, half)) for half in (local, host)):
        return frozenset()
    return frozenset(f"{local}@{meant}" for meant in meant_hosts(host))
