"""What a person may have meant by an e-mail or phone whose spelling is spoilt.

A restricted guardian's field is compared with what others have, and a slip in it (``gil@@x.org``,
``gil(at)x.org``, ``gilx.org``, two addresses joined by a dot, ``214-555-O100``) must not let their
own value pass for somebody else's. Readings are guesses in plain ASCII, for comparing only: rather
one too many, and each a whole address or number, so that strangers have none in common.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import pairwise, product
from urllib.parse import unquote

from anyascii import anyascii

from samegoal_sync.demographics.guardians.restrictions.mail_hosts import (
    ENDINGS,
    WELL_KNOWN,
    meant_hosts,
)

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
_NO_WORD, _NO_LETTER = re.compile(r"[^\w.+%@-]+"), re.compile(r"^[\W_]*(?![^@]*@)|[\W_]+$")
_LONGEST_KNOWN = max(map(len, WELL_KNOWN)) + 1
#: A host alone (``x.org``) is no address; so many letters before the ending may be one.
_SHORTEST_WHOLE = 6

#: Digits typed as the letters that look like them, by themselves or among digits.
_LOOKALIKES = re.compile(r"(?<![A-Za-z])[\dOoIl|]+(?![A-Za-z])")
_AS_DIGITS = str.maketrans("OoIl|", "00111")
#: ``555 0100 (214)``
_AREA_LAST = re.compile(r"(?<!\d)([2-9]\d\d)[\s.\-/_]*(\d{4})[\s.,\-/_(]+([2-9]\d\d)(?!\d)")
#: ``214-555-0100/0101``
_SECOND_LINE = re.compile(
    r"(?<!\d)([2-9]\d\d)[\s.\-/_)]*([2-9]\d\d)[\s.\-/_]*\d{4}\s*(?:[/,;&|]|or|and|-)\s*(\d{4})(?!\d)"
)


def meant_addresses(plain: str) -> set[str]:
    """Every address that the text may hold, in small letters: ``gil.vale@gmail.com``.

    Args:
        plain: one line in NFKC.
    """
    text = _cleaned(plain)
    found = _addresses(_INNER_AT.sub("@", _WORD_AT.sub("@", text)), joined=True)
    # A comma stands between two addresses, or is a slip for a dot; a blank likewise, for nothing.
    # The word is none of an address then: "not at this time, thanks" is what many have.
    for reading in (_COMMA.sub(".", text), _COMMA.sub(".", "".join(text.split()))):
        found |= _addresses(reading, joined=False) if reading != text else set()
    return found


def addresses_without_sign(plain: str) -> set[str]:
    """What the words that end like a host, and have no ``@``, may be.

    Where the host is told, by a blank (``gil.vale x.org``) or because everybody knows it
    (``gil.valegmail.com``), the address; and the word as ``without_sign`` has it.

    Args:
        plain: one line in NFKC.
    """
    words = _NO_WORD.split(_INNER_AT.sub("@", _WORD_AT.sub("@", _cleaned(plain))))
    found: set[str] = set()
    for before, word in pairwise(["at", *(_NO_LETTER.sub("", word) for word in words)]):
        if not _HOST.fullmatch(word) or word.rpartition(".")[2] not in ENDINGS:
            continue
        if not _is_host(word):
            # Both: a host that nobody knows may end like one that everybody does (``acme.com``).
            found |= _of_known_host(word) | _of_unknown_host(word)
        if before not in ("", "at") and "@" not in before:
            found |= {f"{before}@{word}", *_of_known_host(before + word)}
    return found


def without_sign(address: str) -> str:
    """``gil.vale@x.org`` as a field has it that lacks the sign: ``@gilvalex.org``."""
    name, dot, ending = address.replace("@", "").rpartition(".")
    return f"@{name.replace('.', '')}{dot}{ending}"


def meant_numbers(plain: str) -> set[str]:
    """The text in other readings: digits for letters, its numbers with the area code first, and a
    second one of which only the end is written."""
    text = _LOOKALIKES.sub(lambda found: found[0].translate(_AS_DIGITS), anyascii(plain))
    turned = {area + office + line for office, line, area in _AREA_LAST.findall(text)}
    second = {area + office + line for area, office, line in _SECOND_LINE.findall(text)}
    return {text, *turned, *second}


def _cleaned(plain: str) -> str:
    text = html.unescape(unquote(plain, errors="ignore")).casefold()
    text = _QUOTED.sub("", anyascii(text).lower())
    return _DOT.sub(".", _AT.sub("@", text))


def _of_known_host(word: str) -> set[str]:
    """The word cut before a host that everybody knows, or else before a slip for one."""
    begin = max(1, len(word) - _LONGEST_KNOWN)
    halves = [(word[:at], word[at:]) for at in range(begin, len(word))]
    exact = [half for half in halves if half[1] in WELL_KNOWN][:1]
    names = exact or [half for half in halves if meant_hosts(half[1]) - {half[1]}]
    # Without Shift the sign is a 2.
    return {
        f"{plain}@{host}"
        for name, host in names
        for plain in {_NO_LETTER.sub("", name), _NO_LETTER.sub("", name.removesuffix("2"))} - {""}
    }


def _of_unknown_host(word: str) -> set[str]:
    if len(word.rpartition(".")[0]) < _SHORTEST_WHOLE:
        return set()
    signs = {at for at, letter in enumerate(word) if letter == "2"}
    return {without_sign(one) for one in (word, *(word[:at] + word[at + 1 :] for at in signs))}


def _is_host(word: str) -> bool:
    """Whether the word is a host that everybody knows, or a web page's, with nothing before it."""
    known = word in WELL_KNOWN or meant_hosts(word) - {word}
    return bool(known) or word.startswith("www.")


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
