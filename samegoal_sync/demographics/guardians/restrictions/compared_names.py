"""Names of two records side by side: the same, perhaps a form of the other, or a part in common.

Offices write one person in many ways: without accents, in another alphabet, first and last name
swapped or in one field, a short form, a maiden name, a slip of the finger. Only for comparing;
what is published is as Qmlativ has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import product

from anyascii import anyascii
from nicknames import NickNamer

from samegoal_sync.demographics.guardians.restrictions.slips import is_slip

_NO_PART = frozenset(
    ["jr", "sr", "ii", "iii", "iv", "esq", "mr", "mrs", "ms", "miss", "mx", "dr", "rev", "nd", "rd",
     "mom", "mother", "dad", "father", "parent", "guardian", "stepmom", "stepdad", "papa", "mama",
     "duplicate", "dup", "dupe", "inactive", "restricted"]
)  # fmt: skip
#: Set before the name of a record that is out of use, so that it stands last in lists.
_OUT_OF_USE = re.compile(r"^(?:zz+|xx+)(?=[a-z]{2})")
#: Words that begin many last names and tell nobody from another.
_PARTICLES = frozenset(
    ["de", "la", "las", "los", "del", "da", "das", "do", "dos", "di", "du", "le", "van", "von",
     "der", "den", "ter", "ten", "zu", "el", "al", "bin", "ibn", "ben", "san", "st", "mc", "mac",
     "o", "y", "e"]
)  # fmt: skip
_QUOTES = re.compile("['`\u00b4\u02bb\u02bc\u2018\u2019]")
_WORD = re.compile(r"[a-z]+")
#: As German and Scandinavian names are written without their letters.
_SPELT_OUT = str.maketrans(
    {"\u00e4": "ae", "\u00f6": "oe", "\u00fc": "ue", "\u00f8": "oe", "\u00e5": "aa"}
)
#: A first name that begins another one and is so long may be its short form (Chris, Will).
_SHORT_FORM = 3
#: Words of so many letters are the same with one letter wrong; shorter ones are others' names.
_LONG_FIRST, _LONG_LAST = 4, 5
#: Spanish short forms; the list of English ones is the package's.
_SPANISH = {
    "pepe": "jose", "chepe": "jose", "chema": "jose", "pepa": "josefa", "paco": "francisco",
    "pancho": "francisco", "paquita": "francisca", "nacho": "ignacio", "memo": "guillermo",
    "lupe": "guadalupe", "lupita": "guadalupe", "chuy": "jesus", "lalo": "eduardo",
    "tono": "antonio", "quique": "enrique", "kike": "enrique", "concha": "concepcion",
    "chayo": "rosario", "charo": "rosario", "chela": "graciela", "meche": "mercedes",
    "neto": "ernesto", "poncho": "alfonso", "lola": "dolores", "licha": "alicia",
    "nando": "fernando", "beto": "roberto", "berto": "alberto", "tito": "ernesto",
}  # fmt: skip


@dataclass(frozen=True)
class PersonName:
    """The words of one way in which a record has its person's name."""

    first: tuple[str, ...]
    last: tuple[str, ...]
    middle: tuple[str, ...]


@dataclass(frozen=True)
class Likeness:
    """How far two records' names agree.

    Attributes:
        same: the same name, however it is written.
        close: one first name may be a form of the other, and a last name is the same.
        given: the same first name.
        form: one first name may be a form of the other.
        part: a first or a last name is the same.
        nameless: the last name is the same, and the first of the two has no first name.
    """

    same: bool
    close: bool
    given: bool
    form: bool
    part: bool
    nameless: bool


def written_names(first: str | None, last: str | None, middle: str | None) -> set[PersonName]:
    """A name in the ways to spell it in plain letters; none where there is no word."""
    spelt = {
        PersonName(*(_words(text or "", spell_out) for text in (first, last, middle)))
        for spell_out in (False, True)
    }
    return {name for name in spelt if name.first or name.last}


def compared_names(ones: Iterable[PersonName], others: Iterable[PersonName]) -> Likeness:
    """The most that any two of their names have in common."""
    same = close = given = form = part = nameless = False
    pairs = list(product(ones, [*others]))
    swapped = [
        way for one, other in pairs for way in ((_swapped(one), other), (one, _swapped(other)))
    ]
    for one, other in [*pairs, *swapped]:
        surname, first = _same_last(one.last, other.last), _same_first(one.first, other.first)
        formed = _is_form(one.first + one.middle, other.first + other.middle)
        last = surname or _is_initial(one.last, other.last)
        same |= (last and first) or _same_words(one, other)
        close |= last and formed
        part |= surname or first
    for one, other in pairs:
        given |= _same_first(one.first, other.first)
        nameless |= not one.first and _same_last(one.last, other.last)
        form |= _is_form(one.first, other.first)
    return Likeness(
        same, same or close, same or given, same or given or form, same or part, nameless
    )


def _swapped(name: PersonName) -> PersonName:
    """First and last name typed into each other's field."""
    return PersonName(name.last, name.first, name.middle)


def _same_first(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return bool(one and other) and (one[0] == other[0] or "".join(one) == "".join(other))


def _same_last(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """A word in common (``Vale-Marsh``), or all of them as one word, with a letter wrong."""
    ours, theirs = (set(words) - _PARTICLES or set(words) for words in (one, other))
    pairs = [*product(ours, theirs), ("".join(one), "".join(other))]
    return any(a == b != "" or is_slip(a, b, _LONG_LAST) for a, b in pairs)


def _is_initial(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one last name is the initial of the other."""
    short, long = sorted(("".join(one), "".join(other)), key=len)
    return len(short) == 1 and long.startswith(short)


def _same_words(one: PersonName, other: PersonName) -> bool:
    """The same words in other fields or another order, or written as one."""
    ours, theirs = one.first + one.last, other.first + other.last
    if sorted(ours) == sorted(theirs) or "".join(ours) == "".join(theirs):
        return True
    if all((one.first, one.last, other.first, other.last)):
        return False
    # A whole name in one field: ``Gil Vale`` as the last name.
    fewer, more = sorted((set(ours), set(theirs)), key=len)
    return len(fewer) > 1 and fewer <= more | {*one.middle, *other.middle}


def _is_form(ones: Iterable[str], others: Iterable[str]) -> bool:
    """Whether a first or middle name is an initial, a short form or a slip of one of the other's:
    ``R``, ``Rob``, ``Bob`` or ``Robret`` of Robert."""
    return any(_are_forms(one, other) for one, other in product(ones, others))


@cache
def _are_forms(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    if long.startswith(short) and (len(short) == 1 or len(short) >= _SHORT_FORM):
        return True
    # Maria and Mario are two people: a last letter makes another name.
    slip = one[-1] == other[-1] and is_slip(one, other, _LONG_FIRST)
    # Steven and Stephen are Steve.
    spelt = one[0] == other[0] and bool(_short_names(one) & _short_names(other))
    return slip or spelt or bool(_full_names(one) & _full_names(other))


def _full_names(name: str) -> frozenset[str]:
    """The name, and those of which it is a short form."""
    return frozenset({name, *_nicknames().canonicals_of(name), _SPANISH.get(name, name)})


def _short_names(name: str) -> frozenset[str]:
    return frozenset(_nicknames().nicknames_of(name))


@cache
def _nicknames() -> NickNamer:
    return NickNamer()


def _words(text: str, spell_out: bool) -> tuple[str, ...]:
    """Words without capitals, accents, signs, titles and generation suffixes."""
    folded = _QUOTES.sub("", text.casefold())
    plain = anyascii(folded.translate(_SPELT_OUT) if spell_out else folded).lower()
    words = tuple(_OUT_OF_USE.sub("", word) for word in _WORD.findall(_QUOTES.sub("", plain)))
    return tuple(word for word in words if word not in _NO_PART) or words
