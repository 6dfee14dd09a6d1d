"""What a person may have meant by an e-mail or phone whose spelling is spoilt.

A restricted guardian's field is compared with what others have, and a slip in it (``gil@@x.org``,
``gil(at)x.org``, two addresses joined by a dot, ``214-555-O100``) must not let their own value
pass for somebody else's. Readings are guesses in plain ASCII, for comparing only: rather one too
many, and each a whole address or number, so that strangers have none in common.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import pairwise, product
from urllib.parse import unquote

from anyascii import anyascii

_QUOTED = re.compile("[\"'`]")
#: ``(at)``, ``@@`` and blanks around the sign.
_AT = re.compile(r"\s*(?:[(\[{<]\s*(?:at|@)\s*[)\]}>]|@)[\s@]*")
#: The word, by itself, or in an address (``_at_``) that has no sign.
_WORD_AT, _INNER_AT = re.compile(r"\s+at\s+"), re.compile(r"[_-]at[_-](?!.*@)")
_DOT = re.compile(r"\s*(?:[(\[{<]\s*(?:dot|\.)\s*[)\]}>]|(?<=\s)dot(?=\s))\s*|\.{2,}")
_COMMA = re.compile(r",+")
#: Letters, digits and signs of addresses around at least one ``@``.
_RUN = re.compile(r"[\w.+%-]+(?:@[\w.+%-]+)+")
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}")
_SIGNS = "._+%-"
#: Where one address may end and the next begin; within a host a dot is none of them.
_JOINED, _BEHIND = re.compile(rf"[{_SIGNS}]+"), re.compile(r"[_+%-]+")
#: A host may also end without a sign behind it: ``x.orggil@y.org``.
_KNOWN_END = re.compile(r"\.(?:com|net|org|edu|gov)(?=\w)")
#: No half of an address is longer.
_LONGEST = 254

#: Digits typed as the letters that look like them, by themselves or among digits.
_LOOKALIKES = re.compile(r"(?<![A-Za-z])[\dOoIl|]+(?![A-Za-z])")
_AS_DIGITS = str.maketrans("OoIl|", "00111")
#: ``555 0100 (214)``
_AREA_LAST = re.compile(r"(?<!\d)([2-9]\d\d)[\s.\-/_]*(\d{4})[\s.,\-/_(]+([2-9]\d\d)(?!\d)")


def meant_addresses(plain: str) -> set[str]:
    """Every address that the text may hold, in small letters: ``gil.vale@gmail.com``.

    Args:
        plain: one line in NFKC.
    """
    text = html.unescape(unquote(plain, errors="ignore")).casefold()
    text = _QUOTED.sub("", anyascii(text).lower())
    text = _DOT.sub(".", _AT.sub("@", text))
    found = _addresses(_INNER_AT.sub("@", _WORD_AT.sub("@", text)), joined=True)
    # A comma stands between two addresses, or is a slip for a dot; a blank likewise, for nothing.
    # The word is none of an address then: "not at this time, thanks" is what many have.
    for reading in (_COMMA.sub(".", text), _COMMA.sub(".", "".join(text.split()))):
        found |= _addresses(reading, joined=False) if reading != text else set()
    return found


def meant_numbers(plain: str) -> set[str]:
    """The text in other readings: digits for letters, and its numbers with the area code first."""
    text = _LOOKALIKES.sub(lambda found: found[0].translate(_AS_DIGITS), anyascii(plain))
    turned = {area + office + line for office, line, area in _AREA_LAST.findall(text)}
    return {text, *turned}


def _addresses(text: str, joined: bool) -> set[str]:
    return {address for run in _RUN.findall(text) for address in _of_run(run, joined)}


def _of_run(run: str, joined: bool) -> Iterator[str]:
    """The addresses of ``gil@x.org``, ``_gil@x.org_`` or, if joined, ``una@y.org.gil@x.org``."""
    parts = [part if len(part) <= _LONGEST else "" for part in run.split("@")]
    for at, (before, behind) in enumerate(pairwise(parts), start=1):
        between = joined and at > 1
        names = {before, *(rest for _, rest in _cut(before, _JOINED) if between)}
        signs = _JOINED if joined and at < len(parts) - 1 else _BEHIND
        hosts = {behind.strip(_SIGNS), *(host for host, _ in _cut(behind, signs))}
        whole = [host for host in hosts if _HOST.fullmatch(host)]
        for name, host in product({name.strip(_SIGNS) for name in names} - {""}, whole):
            yield f"{name}@{host}"


def _cut(text: str, signs: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """What may be a host, and what follows it, wherever the text may be cut."""
    cuts = [found.span() for found in signs.finditer(text)]
    cuts += [(found.end(), found.end()) for found in _KNOWN_END.finditer(text)]
    return ((text[:end], text[begin:]) for end, begin in cuts if _HOST.fullmatch(text[:end]))
