"""E-mail addresses that are nobody's own: typed so that a required field is filled.

Staff mail documents to a guardian's e-mail, so an address that many have is withheld from all.
"""

from __future__ import annotations

import polars as pl

from samegoal_sync.demographics.joinable_frames import lookup
from samegoal_sync.demographics.memory_bounds import many_to_many
from samegoal_sync.qmlativ.raw_objects import RawObjects

_WORDS = (
    r"(?:no(?:ne|email|emailaddress|mail|address|reply|body|contact|thanks|nexistent"
    r"|t(?:given|available|applicable|provided|onfile|known)|neprovided|negiven|emailprovided"
    r"|thaveemail|name|access|computer|internet|phone|nemail|emai|emaill|hay|correo"
    r"|tiene(?:correo|e?mail)?)|sin(?:correo|e?mail)|ningun[ao]|desconocid[ao]|null|unknown|invalid|(?:test){1,2}(?:er|ing|email)?|temp|fake|dummy|placeholder"
    r"|anonymous|missing|blank|leftblank|pending|withheld|optout|changeme"
    r"|donotreply|donotemail|donotuse|deleted?|removed?|firstname(?:lastname)?|declined|refused|tbd|asdf|qwerty|username|yourname"
    r"|xxx*|aaa*|zzz*|0+|1+|9+|123(?:4(?:5(?:6(?:7(?:8(?:90?)?)?)?)?)?)?)"
)
#: Longer ones, wherever they stand before the ``@``.
_SENTENCES = (
    r"no(?:valid)?e?mail(?:address)?(?:on|pro|giv|avail|for)|(?:has|have|with)(?:no|out)e?mail"
    r"|(?:do(?:es)?n(?:o?t)|idont)(?:have|want|use)|(?:bad|fake|invalid|need|needs|update)e?mail"
    r"|^(?:mom|dad|mother|father|parent|guardian|student|family)no(?:ne|e?mail)"
)
#: What is a person's own, unless the host is called the same (``email@email.com``).
_TWICE = (
    r"^(?:e?mail|some(?:one|body)|private|spam|abc|asd|qwe|user|name|parent|guardian|mom|dad|me|you"
    r"|hello)$"
)
#: Fillers alone; with a number behind them names and initials.
_SHORT = r"^(?:no|noone|na|nil)$"
_LOCAL = rf"{_SHORT}|^{_WORDS}[0-9]*$|{_SENTENCES}"
#: Hosts whose addresses are numbers.
_NUMBERED = r"^(?:qq|163|126)\.com$"
_HOST = (
    r"^(?:no-?ne|no-?e?-?mail|noaddress|nonegiven|nowhere|nobody|noone|somewhere|domain|na|null|unknown|invalid"
    r"|test|fake|xxx*|aaa*|asdf)\.[a-z.]+$|\.(?:invalid|test|localhost)$"
)
#: An address of so few letters on both sides (``x@x.com``, ``a@b.com``) is typed in passing.
_TYPED_IN_PASSING = 2


def is_filler(column: str) -> pl.Expr:
    """Whether the address says of itself that it is none: ``none@none.com``, ``test@…``."""
    address = pl.col(column).str.strip_chars().str.to_lowercase()
    local = address.str.extract(r"^([^@+]*)").str.replace_all(r"[._-]", "")
    host = address.str.extract(r"@(.*)$")
    label = host.str.extract(r"^([^.]*)")
    short = local.str.len_chars() <= _TYPED_IN_PASSING
    itself = (local == label) & (short | local.str.contains(_TWICE))
    letters = (local.str.len_chars() == 1) & host.str.contains(r"^[^.]\.[a-z]+$")
    numbered = local.str.contains(r"^[0-9]{5,}$") & host.str.contains(_NUMBERED)
    said = (local.str.contains(_LOCAL) & ~numbered) | host.str.contains(_HOST)
    return (said | itself | letters).fill_null(False)


def shared_addresses(raw: RawObjects, limit: int) -> frozenset[str]:
    """Addresses (small letters) of at least ``limit`` guardians without a common student.

    Guardians who have a student in common, one by one along the chain, count as one: parents
    share an address, and so do the guardians of siblings.
    """
    listed = (
        lookup(raw, "Demographics/NameEmail")
        .select("NameID", address=pl.col("EmailAddress").str.strip_chars().str.to_lowercase())
        .drop_nulls()
        .filter(pl.col("address").str.contains("@", literal=True))
        .unique()
    )
    often = listed.group_by("address").len().filter(pl.col("len") >= limit)
    if often.is_empty():
        return frozenset()
    holders = listed.join(often, on="address", how="semi")
    pairs = many_to_many(
        lookup(raw, "Family/StudentGuardian")
        .select("StudentID", pl.col("NameIDGuardian").alias("NameID"))
        .drop_nulls(),
        holders,
        ["NameID"],
        ("Family/StudentGuardian", "Demographics/NameEmail"),
    )
    return frozenset(
        str(name)
        for (name,), rows in pairs.partition_by("address", as_dict=True).items()
        if _groups(rows.select("StudentID", "NameID").rows()) >= limit
    )


def _groups(pairs: list[tuple[int, int]]) -> int:
    """How many groups of people are tied by no student."""
    parent: dict[int, int] = {}

    def root(person: int) -> int:
        while parent.setdefault(person, person) != person:
            parent[person] = parent[parent[person]]
            person = parent[person]
        return person

    first_of: dict[int, int] = {}
    for student, person in pairs:
        parent[root(person)] = root(first_of.setdefault(student, person))
    return sum(root(person) == person for person in parent)
